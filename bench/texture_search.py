"""What do clusters and searches of textures gain by their descriptors, and by other ways to search?

Clusters: random textures are grouped by k-means on vectors that describe them. The table has the
mean MSSIM of two textures of a cluster and of two clusters, the silhouette by a distance that no
descriptor uses (sliced Wasserstein, of patches of Laplacian pyramids: 1 well apart, 0 no clusters,
below 0 wrong ones), and the seconds it takes.

Rounds: a simulated person has a hidden target, sees nine textures a round, picks the nearest by
that distance (one time in five the second nearest) and goes on; where all 50 of a round are seen,
the pick is the nearest of these. The tables have the share of random textures that are nearer to
the target than the best pick so far, in per cent: median (quartiles).
"""

import argparse
import time
from functools import partial
from typing import Any

import _table
import numpy as np

REFERENCES = (1, 2, 5, 10, 20, 50)
_SETS = 3
_KNOWN = 2000
_AFTER = (1, 2, 4, 8, 16)
_KINDS = {"model": "texture of the model", "paper": "rendered paper"}


def random_textures(model: Any, seed: int, count: int) -> np.ndarray:
    """Textures all over the default sphere, with 8 bits, in [0, 1]."""
    import jax

    from jaxtex.texture import sphere

    size = model.latent_size
    origin, axis = np.zeros(size, np.float32), sphere.axis(1, size)
    radius = sphere.default_radius(size)
    points = sphere.sample(jax.random.key(seed), origin, radius, axis, 0.0, count)
    return np.rint(model.generate(points).clip(0, 1) * 255).astype(np.float32) / 255


def descriptors(base: np.ndarray) -> dict[str, Any]:
    """By name; the Gram matrices are scaled by the base textures."""
    import _descriptors

    from jaxtex.style import load_network

    found: dict[str, Any] = {
        f"SSIM to {count}": _descriptors.ssim(count) for count in (*REFERENCES, len(base))
    }
    for count in (10, 50):
        found[f"MS-SSIM to {count}"] = _descriptors.ms_ssim(count)
        found[f"CW-SSIM to {count}"] = _descriptors.cw_ssim(count)
    found["Gram matrices"] = _descriptors.gram(base[:64], load_network())
    return found


def clusters(model: Any, count: int, seed: int, report: _table.Report) -> None:
    """One row for each descriptor, the mean of three sets of textures."""
    import _searchers
    from scipy.spatial.distance import cdist

    from jaxtex.texture.similarity.cluster import cluster_vectors
    from jaxtex.texture.similarity.ssim import ssim_vectors

    rows: dict[str, list[list[float]]] = {}
    for number in range(_SETS):
        textures = random_textures(model, seed + number, count)
        similar = np.asarray(ssim_vectors(textures, textures))
        measure = _searchers.Measure(textures)
        vectors = measure.vectors(textures)
        apart = cdist(vectors, vectors, "cityblock")
        if number == 0:
            found = descriptors(textures)
            for describe in found.values():  # so that no time has a compilation in it
                describe(textures)
        for name, describe in found.items():
            began = time.perf_counter()
            described = describe(textures)
            labels = cluster_vectors(described, _searchers.CLUSTERS, seed).labels
            seconds = time.perf_counter() - began
            rows.setdefault(name, []).append([*quality(similar, apart, labels), seconds])
        ceiling = cluster_vectors(vectors, _searchers.CLUSTERS, seed).labels
        rows.setdefault("the distance itself", []).append([*quality(similar, apart, ceiling), 0.0])
        chance = np.random.default_rng(seed).integers(_searchers.CLUSTERS, size=count)
        rows.setdefault("at random", []).append([*quality(similar, apart, chance), 0.0])
        _table.progress(f"clusters, set {number + 1} of {_SETS}")
    cells = []
    for name, values in rows.items():
        within, between, silhouette, seconds = np.mean(values, 0)
        means = [f"{within:.3f}", f"{between:.3f}", f"{within - between:.3f}", f"{silhouette:.3f}"]
        cells.append([name, *means, f"{seconds:.2f}" if seconds else "–"])
    header = ["vectors", "MSSIM within", "between", "difference", "silhouette", "seconds"]
    report.table(header, cells)
    report.note(
        f"{count} textures, {_searchers.CLUSTERS} clusters, means of {_SETS} sets, seed {seed}"
    )


def quality(similar: np.ndarray, apart: np.ndarray, labels: np.ndarray) -> list[float]:
    """Mean MSSIM of pairs of one cluster and of two, and the silhouette."""
    from sklearn.metrics import silhouette_score

    same = labels[:, None] == labels
    others = ~np.eye(len(labels), dtype=bool)
    score = silhouette_score(apart * others, labels, metric="precomputed")
    return [float(similar[same & others].mean()), float(similar[~same].mean()), float(score)]


def ways(model: Any, base: np.ndarray) -> dict[str, Any]:
    """What begins a search, by name."""
    import _searchers

    by = descriptors(base)
    every, ten = by[f"SSIM to {len(base)}"], by["SSIM to 10"]
    gram, wavelet = by["Gram matrices"], by["CW-SSIM to 10"]
    rising = (50.0, 100.0, 200.0, 400.0)
    slow = tuple(100.0 * 2 ** (step / 3) for step in range(13))
    known = [
        _searchers.Way("SSIM to all, κ 100 (paper)", every),
        _searchers.Way("SSIM to 10, κ 100", ten),
        _searchers.Way("Gram, κ 100", gram),
        _searchers.Way("CW-SSIM to 10, κ 100", wavelet),
        _searchers.Way("no clusters, κ 100", None),
        _searchers.Way("SSIM to 10, κ 50 to 400", ten, rising),
        _searchers.Way("SSIM to 10, κ 100, from the best", ten, from_best=True),
        _searchers.Way("SSIM to 10, κ 50 to 400, from the best", ten, rising, from_best=True),
        _searchers.Way("SSIM to 10, κ 100 to 1600, from the best", ten, slow, from_best=True),
        _searchers.Way("no clusters, κ 50 to 400, from the best", None, rising, from_best=True),
        _searchers.Way("no clusters, κ 100 to 1600, from the best", None, slow, from_best=True),
        _searchers.Way("random", None, (0.0,)),
        _searchers.Way("all 50 seen, κ 100", shown=50),
        _searchers.Way("all 50 seen, κ 50 to 400, from the best", None, rising, True, 50),
        _searchers.Way("all 50 seen, random", None, (0.0,), shown=50),
    ]
    found: dict[str, Any] = {way.name: way.start for way in known}
    found["PCA directions"] = partial(_searchers.Components, _searchers.principal(model))
    return found


def targets(kind: str, model: Any, seed: int, count: int) -> np.ndarray:
    """Textures of the prior's latents, or rendered papers, which the model has not."""
    if kind == "paper":
        from dcgan_quality import rendered

        return rendered("washi", seed, count, model.size)[0]
    latents = np.random.default_rng(seed).normal(size=(count, model.latent_size))
    return np.asarray(model.generate(latents.astype(np.float32)))


def searches(
    model: Any, options: argparse.Namespace, kinds: tuple[str, ...], report: _table.Report
) -> None:
    """A table for each kind of target."""
    count, rounds, seed = options.targets, options.rounds, options.seed
    import _searchers

    base = random_textures(model, seed + 1000, _KNOWN)
    measure = _searchers.Measure(base)
    vectors = measure.vectors(base)
    begun = {
        name: start
        for name, start in ways(model, base).items()
        if any(word in name for word in options.ways)
    }
    after = sorted({min(number, rounds) for number in _AFTER})
    for kind in kinds:
        hidden = targets(kind, model, seed, count)
        known = [_searchers.distances(vectors, target) for target in measure.vectors(hidden)]
        rows = []
        for name, start in begun.items():
            shares = []
            for number, target in enumerate(hidden):
                rng = np.random.default_rng((seed, number))
                person = _searchers.Person(measure, target, rng)
                best = _searchers.search(start, model, person, seed + number, rounds)
                shares.append([_searchers.percentile(known[number], each) for each in best])
            rows.append([name, *(_quartiles(shares, number) for number in after)])
            _table.progress(f"{kind}: {' | '.join(rows[-1])}")
        report.table([f"target: a {_KINDS[kind]}", *(f"round {number}" for number in after)], rows)
    report.note(
        f"{count} targets of each kind, {_searchers.SHOWN} textures shown a round, "
        f"{_KNOWN} random textures known, seed {seed}"
    )


def _quartiles(shares: list[list[float]], number: int) -> str:
    low, middle, high = np.percentile([each[number - 1] for each in shares], (25, 50, 75))
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--model", help="a name, file or folder; default: the one of washi")
    arguments.add_argument(
        "--count", type=_table.count, default=256, help="textures to cluster; default: 256"
    )
    arguments.add_argument(
        "--targets", type=_table.count, default=12, help="of each kind; default: 12"
    )
    arguments.add_argument("--rounds", type=_table.count, default=16, help="default: 16")
    arguments.add_argument("--seed", type=_table.count, default=1, help="default: 1")
    arguments.add_argument("--only", choices=["clusters", "rounds"], help="default: both")
    arguments.add_argument(
        "--ways", nargs="+", default=[""], help="to search, by parts of their names; default: all"
    )
    arguments.add_argument("--kind", choices=_KINDS, help="of targets; default: all")
    options = arguments.parse_args()
    if options.count < 16:
        arguments.error("--count: at least 16")
    from jaxtex.runtime import configure
    from jaxtex.texture.dcgan import load_model

    configure()
    report = _table.Report(as_json=options.json)
    model = load_model(options.model)
    report.note(f"{model.path.name}, digest {model.digest[:12]}…")
    if options.only != "rounds":
        clusters(model, options.count, options.seed, report)
    if options.only != "clusters":
        kinds = (options.kind,) if options.kind else tuple(_KINDS)
        searches(model, options, kinds, report)
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
