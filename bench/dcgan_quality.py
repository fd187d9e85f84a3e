"""How near are a texture model's textures to ones of its family that it was not trained on?

Samples are compared with squares of rendered papers (or pieces of cloth, wood or marble) of another
seed than the training set's:

- MSSIM of pairs: a collapsed model has more alike pairs than the rendered ones.
- Spread of mean colours, and the energy in the finest checkerboard.
- Grain: the amplitude of grey in the two finest octaves, in that of the rendered ones.
- Fréchet: between normal distributions fitted to VGG16 conv4_3 features, averaged over each image;
  no training sees that layer.
- Patches: sliced Wasserstein distance of 7×7 patches of a Laplacian pyramid's levels (Karras et al.
  2018), in grey levels, finest first; it knows nothing of VGG16.
- Kinds: the share of textures whose nearest rendered ones are of each kind, over the share of
  others that are told so; 1 is right.

What others of the family reach is what a perfect model would.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import _table
import numpy as np

_BATCH = 64
_PAIRED = 256
_LEVELS = 3
_PATCH, _PATCHES, _SLICES = 7, 8, 64
_NEAREST = 9


def rendered(family: str, seed: int, count: int, size: int) -> tuple[np.ndarray, list[str]]:
    """Squares of `count` rendered textures of a family, and the kind of each."""
    from jaxtex.texture.rendered import FAMILIES
    from jaxtex.training import cut_square

    chosen = FAMILIES[family]
    squares = np.empty((count, size, size, 3), np.float32)
    rng = np.random.default_rng(seed)
    for first in range(0, count, 50):
        numbers = range(first, min(first + 50, count))
        for number, sheet in zip(numbers, chosen.render(seed, numbers, 2 * size), strict=True):
            squares[number] = cut_square(rng, sheet, size)
        _table.progress(f"{family} {numbers.stop}/{count}")
    return squares, [chosen.kind_of(seed, number) for number in range(count)]


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


def grain(images: np.ndarray) -> list[float]:
    """The mean amplitude of grey in the two finest octaves, coarser first, in grey levels."""
    size = images.shape[1]
    grey = images.mean(3)
    window = np.hanning(size)[:, None] * np.hanning(size)
    window /= np.sqrt(np.square(window).sum())
    power = np.square(abs(np.fft.fft2((grey - grey.mean((1, 2), keepdims=True)) * window)))
    frequency = np.fft.fftfreq(size)
    radius = np.hypot(frequency[:, None], frequency)
    octaves = [(radius >= low) & (radius < 2 * low) for low in (1 / 8, 1 / 4)]
    return [float(np.sqrt(power[:, band].sum(1)).mean() / size * 255) for band in octaves]


def pyramid(images: np.ndarray) -> list[np.ndarray]:
    """A Laplacian pyramid, finest level first, and what is coarser than all levels last."""
    from scipy import ndimage

    levels = []
    for _ in range(_LEVELS):
        low = ndimage.gaussian_filter(images, (0, 1, 1, 0), mode="reflect")
        levels.append(images - low)
        images = low[:, ::2, ::2]
    return [*levels, images]


def patches(level: np.ndarray) -> np.ndarray:
    """Some patches of each image of a level: [8·n, 147]."""
    rng = np.random.default_rng(0)
    height, width = (side - _PATCH + 1 for side in level.shape[1:3])
    corners = zip(
        np.repeat(np.arange(len(level)), _PATCHES),
        rng.integers(height, size=_PATCHES * len(level)),
        rng.integers(width, size=_PATCHES * len(level)),
        strict=True,
    )
    return np.stack([level[n, y : y + _PATCH, x : x + _PATCH].ravel() for n, y, x in corners])


def sliced(images: np.ndarray, others: np.ndarray) -> list[float]:
    """Sliced Wasserstein distances of patches by level, in grey levels."""
    directions = np.random.default_rng(1).normal(size=(3 * _PATCH**2, _SLICES))
    directions /= np.linalg.norm(directions, axis=0)
    distances = []
    for level, other in zip(pyramid(images)[:-1], pyramid(others)[:-1], strict=True):
        along = [np.sort(patches(each) @ directions, 0) for each in (level, other)]
        distances.append(float(abs(along[0] - along[1]).mean() * 255))
    return distances


def kinds(found: np.ndarray, held: np.ndarray, names: list[str]) -> Counter[str]:
    """How many images' nearest held ones are of each kind, by features in units of theirs."""
    from sklearn.neighbors import KNeighborsClassifier

    mean, spread = held.mean(0), held.std(0)
    nearest = KNeighborsClassifier(_NEAREST).fit((held - mean) / spread, names)
    return Counter(nearest.predict((found - mean) / spread).tolist())


def measure(model: Any, family: str, count: int, seed: int, report: _table.Report) -> None:
    """Two tables."""
    held, names = rendered(family, seed, 2 * count, model.size)
    latents = np.random.default_rng(seed).normal(size=(count, model.latent_size))
    samples = model.generate(latents.astype(np.float32))
    _table.progress("features")
    other = f"other {family}"
    sets = {"model": samples, family: held[:count], other: held[count:]}
    found = {name: features(images) for name, images in sets.items()}
    fine = grain(sets[family])
    rows = []
    for name, images in sets.items():
        mean, high = pairs(images)
        spread = images.mean((1, 2)).std(0).mean() * 255
        cells = [f"{mean:.3f}", f"{high:.3f}", f"{spread:.1f}", f"{checkerboard(images):.2f}"]
        cells.append(", ".join(f"{a / b:.2f}" for a, b in zip(grain(images), fine, strict=True)))
        if name == family:
            cells += ["–", "–"]
        else:
            cells.append(f"{frechet(found[name], found[family]) / 1e6:.2f}")
            cells.append(", ".join(f"{each:.2f}" for each in sliced(images, sets[family])))
        rows.append([name, *cells])
    header = ["images", "MSSIM of pairs", "99 % below", "spread of colour", "checkerboard"]
    report.table([*header, "grain", "Fréchet / 10⁶", "patches"], rows)
    told = {name: kinds(found[name], found[family], names[:count]) for name in sets}
    shares = [
        f"{told['model'][kind] / max(1, told[other][kind]):.2f}" for kind in sorted(set(names))
    ]
    report.table(["kind", *sorted(set(names))], [["share", *shares]])
    report.note(
        f"{count} images each, {model.size}², seed {seed}; MSSIM of the pairs of {_PAIRED}; "
        "colour, checkerboard and patches in grey levels; conv4_3 before the ReLU, of input in "
        "grey levels"
    )


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--model", type=Path, help="name, file or folder; default: washi")
    arguments.add_argument("--count", type=_table.count, default=2048, help="default: 2048")
    arguments.add_argument("--seed", type=int, default=1, help="of both; default: 1")
    arguments.add_argument("--family", help="default: the one that its file tells of")
    options = arguments.parse_args()
    if options.count < 2:
        arguments.error("--count: at least 2")
    from jaxtex.texture.dcgan import load_model
    from jaxtex.texture.rendered import FAMILIES

    if options.family not in (None, *FAMILIES):
        arguments.error(f"--family: {options.family!r} is none of {', '.join(FAMILIES)}")
    report = _table.Report(as_json=options.json)
    model = load_model(options.model)
    told = model.metadata.get("source", "").split()
    family = options.family or next((name for name in FAMILIES if name in told), "washi")
    report.note(f"{model.path.name}, digest {model.digest[:12]}…")
    measure(model, family, options.count, options.seed, report)
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
