"""Are the steps of similarity even, and are those of a plain walk through the latent space?

Between random pairs of textures n more are put: at even distances on the line between the latents,
and by `jaxtex.texture.interpolate` with even steps of MSSIM to the first texture, or to the
neighbour. The table has the share of textures whose MSSIM to the first one is inside its interval
(half of half an even step about its target), the largest step of MSSIM to the first one as a
multiple of the even one, and the largest step between neighbours, 1 − MSSIM of the two, as a
multiple of the mean one. Pairs whose MSSIM to the first falls all along the path are told apart.
"""

import time
from pathlib import Path
from typing import Any

import _table


def main() -> None:
    """Prints one row for each way and kind of pair."""
    parser = _table.parser(__doc__)
    parser.add_argument("--pairs", type=_table.count, default=20)
    parser.add_argument("-n", type=_table.count, default=8, help="textures between two")
    parser.add_argument("--path", choices=["linear", "circle"], default="linear")
    parser.add_argument("--radius", type=float, help="of the sphere that ends are drawn from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path, help="other than the shipped one")
    arguments = parser.parse_args()
    report = _table.Report(as_json=arguments.json)

    import jax
    import numpy as np

    from jaxtex.runtime import configure
    from jaxtex.texture import sphere
    from jaxtex.texture.dcgan import load_model
    from jaxtex.texture.search.interpolate import interpolate

    configure()
    model = load_model(arguments.model)
    size = model.latent_size
    radius = arguments.radius or sphere.default_radius(size)
    origin, axis = np.zeros(size, np.float32), sphere.axis(1, size)
    key = jax.random.key(arguments.seed)
    ends = sphere.sample(key, origin, radius, axis, 0.0, 2 * arguments.pairs)

    found: list[tuple[bool, str, dict[str, float]]] = []
    seconds = []
    for number, (start, end) in enumerate(ends.reshape(-1, 2, size)):
        pair = model.render, model.params, start, end, arguments.n
        began = time.perf_counter()
        even = interpolate(*pair, path=arguments.path)
        seconds.append(time.perf_counter() - began)
        alike = interpolate(*pair, path=arguments.path, even="neighbours")
        t = np.linspace(0, 1, arguments.n + 2, dtype=np.float32)[1:-1, None]
        ways = {
            "plain walk": model.generate((1 - t) * start + t * end),
            "even to the first": even.textures,
            "even to neighbours": alike.textures,
        }
        found += [(even.monotone, way, _measure(it, even)) for way, it in ways.items()]
        _table.progress(f"pair {number + 1} of {arguments.pairs}")

    rows = []
    kinds = [("all", (True, False)), ("falling", (True,)), ("turning", (False,))]
    both = len({falls for falls, _, _ in found}) == 2
    for kind, allowed in kinds if both else kinds[:1]:
        for way in ways:
            chosen = [values for falls, name, values in found if falls in allowed and name == way]
            columns = {name: [values[name] for values in chosen] for name in chosen[0]}
            cells = [f"{way}, {kind} ({len(chosen)} pairs)", f"{np.mean(columns['inside']):.1%}"]
            for name in ("step", "neighbours"):
                cells += [f"{np.median(columns[name]):.2f}", f"{np.max(columns[name]):.2f}"]
            rows.append(cells)
    report.table(
        [
            f"n = {arguments.n}, {arguments.path} path, radius {radius:.3g}",
            "inside",
            "largest step, median",
            "largest step, max",
            "largest between neighbours, median",
            "largest between neighbours, max",
        ],
        rows,
    )
    if len(seconds) > 1:
        later = np.median(seconds[1:])
        report.note(
            f"Even to the first: pair 1 in {seconds[0]:.1f} s, the others in {later:.2f} s."
        )
    report.close()


def _measure(textures: Any, even: Any) -> dict[str, float]:
    """What the table has of one interpolation, measured on its textures alone."""
    import numpy as np

    from jaxtex.texture.similarity.ssim import mssim

    line = np.concatenate([even.ends[:1], textures, even.ends[1:]])
    levels = np.asarray(mssim(line, line[:1]))
    step = (1 - levels[-1]) / (len(textures) + 1)
    neighbours = 1 - np.asarray(mssim(line[1:], line[:-1]))
    return {
        "inside": float(np.mean(np.abs(levels[1:-1] - even.target) <= even.half_width)),
        "step": float(np.abs(np.diff(levels)).max() / step),
        "neighbours": float(neighbours.max() / neighbours.mean()),
    }


if __name__ == "__main__":
    _table.run(main)
