"""Has the texture model collapsed, and how near are its textures to its training set?

Samples of a model are compared with squares of rendered papers: the mean MSSIM of pairs (a
collapsed model has more alike pairs than the papers), the spread of mean colours, the energy in
the finest checkerboard, and the Fréchet distance between normal distributions fitted to VGG16
conv4_3 features, averaged over each image. The papers are of another seed than the training set;
the distance between two halves of them is what a perfect model would reach.
"""

from pathlib import Path
from typing import Any

import _table
import numpy as np

_BATCH = 64
_PAIRED = 256


def papers(seed: int, count: int, size: int) -> np.ndarray:
    """Squares of `count` papers, cut, turned and flipped as for training."""
    from jaxtex.texture.washi import render
    from jaxtex.training import Dataset

    pool = []
    for first in range(0, count, 50):
        numbers = range(first, min(first + 50, count))
        pool += list((render(seed, numbers, 2 * size) * 255 + 0.5).astype(np.uint8))
        _table.progress(f"paper {numbers.stop}/{count}")
    return Dataset(pool, size, seed).batch(0, count) / np.float32(255)


def features(images: np.ndarray) -> np.ndarray:
    """conv4_3, averaged over the image: [n, 512] in double precision."""
    import jax

    from jaxtex.style import load_network

    network = load_network()
    convs = network.prepare(["conv4_3"], *images.shape[1:])
    from jaxtex.vgg import extract

    mean = jax.jit(lambda convs, x: extract(convs, x, ("conv4_3",))["conv4_3"].mean((1, 2)))
    found = [
        np.asarray(mean(convs, images[first : first + _BATCH] * 255), np.float64)
        for first in range(0, len(images), _BATCH)
    ]
    return np.concatenate(found)


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """The squared distance of normal distributions: |μ − ν|² + tr(A + B − 2·(AB)^½)."""
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # The eigenvalues of AB are those of A^½·B·A^½, real and at least 0 but for rounding.
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    inner = np.linalg.eigvalsh(root @ second @ root).clip(0)
    apart = np.square(a.mean(0) - b.mean(0)).sum()
    return float(apart + np.trace(first) + np.trace(second) - 2 * np.sqrt(inner).sum())


def pairs(images: np.ndarray) -> tuple[float, float]:
    """Mean and 99th percentile of the MSSIM of all pairs of the first images."""
    from jaxtex.texture.similarity.ssim import ssim_vectors

    some = images[:_PAIRED]
    similarity = np.asarray(ssim_vectors(some, some))[~np.eye(len(some), dtype=bool)]
    return float(similarity.mean()), float(np.percentile(similarity, 99))


def checkerboard(images: np.ndarray) -> float:
    """The rms of what alternates from pixel to pixel in both directions, in grey levels."""
    blocks = (
        images[:, ::2, ::2] - images[:, 1::2, ::2] - images[:, ::2, 1::2] + images[:, 1::2, 1::2]
    )
    return float(np.sqrt(np.square(blocks / 4).mean()) * 255)


def measure(model: Any, count: int, seed: int, report: _table.Report) -> None:
    """One table."""
    held = papers(seed, 2 * count, model.size)
    latents = np.random.default_rng(seed).normal(size=(count, model.latent_size))
    samples = model.generate(latents.astype(np.float32))
    _table.progress("features")
    sets = {"model": samples, "papers": held[:count], "other papers": held[count:]}
    found = {name: features(images) for name, images in sets.items()}
    rows = []
    for name, images in sets.items():
        mean, high = pairs(images)
        spread = images.mean((1, 2)).std(0).mean() * 255
        distance = "–" if name == "papers" else f"{frechet(found[name], found['papers']):.0f}"
        cells = [f"{mean:.3f}", f"{high:.3f}", f"{spread:.1f}", f"{checkerboard(images):.2f}"]
        rows.append([name, *cells, distance])
    header = ["images", "MSSIM of pairs", "99 % below", "spread of colour", "checkerboard"]
    report.table([*header, "Fréchet to papers"], rows)
    report.note(
        f"{count} images each, {model.size}², seed {seed}; MSSIM of the pairs of {_PAIRED}; colour "
        "and checkerboard in grey levels; conv4_3 before the ReLU, input in grey levels"
    )


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--model", type=Path, help="default: the shipped one")
    arguments.add_argument("--count", type=_table.count, default=2048, help="default: 2048")
    arguments.add_argument("--seed", type=int, default=1, help="of papers and latents; default: 1")
    options = arguments.parse_args()
    if options.count < 2:
        arguments.error("--count: at least 2")
    from jaxtex.texture.dcgan import load_model

    report = _table.Report(as_json=options.json)
    model = load_model(options.model)
    report.note(f"{model.path.name}, digest {model.digest[:12]}…")
    measure(model, options.count, options.seed, report)
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
