"""How far do the losses of ten Adam steps drift from PyTorch's, on grained and on flat logos?

`--optimizer adam --normalization paper --features conv` from the content image, the same weights
and images: the largest relative difference over the steps, of each term, from an independent
PyTorch implementation in float64. PyTorch in float32 is held against it too: what it differs by is
the rounding's share, since flat logos are full of ties that pooling must break and of features
that are equal but for the last bits.
"""

import _ours
import _table

TERMS = ("total", "content", "style", "tv")
STEPS = 10


def make_ours(kind: str, width: int, network: object) -> _ours.Ours:
    """Network of Steel's layers on the README's logos, flat or with a grain of two grey levels."""
    import numpy as np

    from jaxtex import images
    from jaxtex.style import PRESETS, make_job

    pair = []
    for seed, name in enumerate(("content/northgate.png", "style/ironwyrm.png")):
        image = images.load_image(_table.EXAMPLES / name).rgb
        image = images.resize(image, *images.fit(*image.shape[:2], width))
        if kind == "grained":
            grain = np.random.default_rng(seed).normal(0, 2 / 255, image.shape)
            image = np.clip(image + grain, 0, 1).astype(np.float32)
        pair.append(image)
    settings = PRESETS["network-of-steel"].with_options(steps=STEPS)
    return _ours.Ours(make_job(settings, pair[0], [pair[1]]), network)


def torch_history(ours: _ours.Ours, dtype: str) -> dict[str, list[float]]:
    """Every term of the initial image and after each step of torch.optim.Adam."""
    import torch
    from _torch import Objective, image_of, spec_of

    from jaxtex.weights import load_vgg16

    weights = load_vgg16()
    kind = getattr(torch, dtype)
    compute = Objective(spec_of(ours), weights.params, weights.mean, dtype=kind)
    image = image_of(ours.initial.point).to(kind).requires_grad_()
    optimiser = torch.optim.Adam([image], lr=1.0)
    found: dict[str, list[float]] = {term: [] for term in TERMS}
    for _ in range(STEPS + 1):
        optimiser.zero_grad()
        terms = compute.terms(image)
        total = sum(terms.values())
        total.backward()
        for name, value in {**terms, "total": total}.items():
            found[name].append(float(value))
        optimiser.step()
    return found


def our_history(ours: _ours.Ours) -> dict[str, list[float]]:
    """The same of jaxtex, weighted as PyTorch's."""
    _, losses = ours.advance(ours.start(), STEPS + 1)
    weights = {"content": ours.coefficients.content, "tv": ours.coefficients.tv}
    found = {}
    for term in TERMS:
        weight = float(weights[term][0]) if term in weights else 1.0
        found[term] = [weight * float(value) for value in getattr(losses, term)]
    return found


def drift(found: dict[str, list[float]], reference: dict[str, list[float]]) -> list[str]:
    """The largest relative difference of each term over the steps, where the term is not 0."""
    cells = []
    for term in TERMS:
        pairs = zip(found[term], reference[term], strict=True)
        cells.append(f"{max(abs(a / b - 1) for a, b in pairs if b):.1e}")
    return cells


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--width", type=_table.count, default=256, help="default: 256")
    options = arguments.parse_args()
    _table.cpu_only()
    _table.require_torch()
    from jaxtex.style import load_network

    report = _table.Report(as_json=options.json)
    network, rows = load_network(), []
    for kind in ("grained", "flat"):
        _table.progress(f"{kind}: {STEPS} steps of jaxtex, PyTorch float32 and float64")
        ours = make_ours(kind, options.width, network)
        reference = torch_history(ours, "float64")
        rows.append([f"{kind}, jaxtex", *drift(our_history(ours), reference)])
        single = drift(torch_history(ours, "float32"), reference)
        rows.append([f"{kind}, PyTorch float32", *single])
    report.table([f"largest difference in {STEPS} steps, {options.width} wide", *TERMS], rows)
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
