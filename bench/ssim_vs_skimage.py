"""How long does the MSSIM of a pair of textures take, ours against scikit-image and PyTorch?

SSIM vectors of noise textures, float32 on the CPU with all cores, every rival in turn within one
process: jaxtex; a loop over scikit-image's `structural_similarity`; pytorch-msssim, all references
of a texture as one batch, in both memory formats; and PyTorch with what jaxtex does, means and
variances once an image and one blur a pair. Then jaxtex alone on many
textures with a few references: the time, the memory beyond the images, and k-means.
"""

import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import _table

C1, C2 = 0.01**2, 0.03**2


class Torch:
    """SSIM vectors by depthwise convolutions; images are [n, c, h, w] tensors."""

    def __init__(self, textures: Any, references: Any) -> None:
        import torch

        self.textures, self.references = (
            torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
            for images in (textures, references)
        )
        offsets = torch.arange(-5.0, 6.0)
        taps = torch.exp(-0.5 * (offsets / 1.5) ** 2)
        channels = self.textures.shape[1]
        self.kernel = (taps / taps.sum()).repeat(channels, 1, 1, 1)

    def blur(self, images: Any) -> Any:
        from torch.nn.functional import conv2d

        down = conv2d(images, self.kernel.transpose(2, 3), groups=len(self.kernel))
        return conv2d(down, self.kernel, groups=len(self.kernel))

    def package(self, channels_last: bool) -> Any:
        """By pytorch-msssim: five blurs a pair, everything anew for every pair."""
        import torch
        from pytorch_msssim import SSIM

        layout = torch.channels_last if channels_last else torch.contiguous_format
        textures, references = (
            images.contiguous(memory_format=layout) for images in (self.textures, self.references)
        )
        compare = SSIM(data_range=1.0, size_average=False, channel=references.shape[1])
        return torch.stack([compare(each.expand_as(references), references) for each in textures])

    def one_blur(self) -> Any:
        """Means and variances once an image."""
        import torch

        means, squares = self.blur(self.references), self.blur(self.references**2)
        powers = means**2
        variances = squares - powers
        rows = []
        for texture in self.textures[:, None]:
            mean = self.blur(texture)
            power = mean**2
            variance = self.blur(texture**2) - power
            both = mean * means
            covariance = self.blur(texture * self.references) - both
            structure = (2 * covariance + C2) / (variance + variances + C2)
            rows.append(((2 * both + C1) / (power + powers + C1) * structure).mean((1, 2, 3)))
        return torch.stack(rows)


def scikit_image(textures: Any, references: Any) -> Any:
    """MSSIM of every pair, one after the other."""
    import numpy as np
    from skimage.metrics import structural_similarity

    def of_pair(a: Any, b: Any) -> float:
        return structural_similarity(
            a,
            b,
            data_range=1.0,
            win_size=11,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=-1,
        )

    return np.array([[of_pair(a, b) for b in references] for a in textures])


def compare(options: Any, report: _table.Report) -> bool:
    """The table of all rivals; False where their numbers differ."""
    import numpy as np
    import torch

    from jaxtex.texture.similarity.ssim import ssim_vectors

    side, rng = options.size, np.random.default_rng(0)
    textures, references = (
        rng.random((count, side, side, 3), np.float32)
        for count in (options.textures, options.references)
    )
    # So long that a loop over all pairs would not be worth the wait.
    some = textures[:2]
    theirs = Torch(textures, references)
    rivals: dict[str, tuple[Callable[[], Any], int]] = {
        "jaxtex": (lambda: np.asarray(ssim_vectors(textures, references)), len(textures)),
        "scikit-image, loop": (lambda: scikit_image(some, references), len(some)),
        "pytorch-msssim": (lambda: theirs.package(False), len(textures)),
        "pytorch-msssim, channels last": (lambda: theirs.package(True), len(textures)),
        "PyTorch, one blur a pair": (lambda: theirs.one_blur(), len(textures)),
    }
    title = f"{len(textures)} × {len(references)} pairs, {side}×{side} RGB"
    _table.progress(f"{title}: warming up")
    with torch.inference_mode():
        found = {name: np.asarray(run(), np.float64) for name, (run, _) in rivals.items()}
        truth = scikit_image(some.astype(np.float64), references.astype(np.float64))
        errors = {name: np.abs(each[: len(some)] - truth).max() for name, each in found.items()}
        _table.progress(f"{title}: {options.rounds} rounds")
        turns = {name: run for name, (run, _) in rivals.items()}
        seconds = _table.in_turn(turns, options.rounds)
    each = {
        name: [value / (rivals[name][1] * len(references)) for value in values]
        for name, values in seconds.items()
    }
    cells = {name: f"{error:.0e}" for name, error in errors.items()}
    report.compare(title, each, unit="ms a pair", digits=4, columns={"error": cells})
    report.note("error: the largest difference from scikit-image in float64.")
    return max(errors.values()) < 1e-5


def scale(options: Any, report: _table.Report) -> None:
    """The table of many textures with a few references."""
    import numpy as np

    from jaxtex.texture.similarity.cluster import cluster_vectors
    from jaxtex.texture.similarity.ssim import ssim_vectors

    side, rng = options.size, np.random.default_rng(1)
    some = rng.random((1000, side, side, 3), np.float32)
    references = some[: options.few]
    cluster_vectors(rng.random((100, options.few)), 8, 0)
    rows = []
    for count in options.counts:
        title = f"{count:,} × {len(references)} pairs"
        _table.progress(f"{title}, {4 * some[0].size * count / 2**30:.1f} GiB of images")
        textures = np.empty((count, *some.shape[1:]), np.float32)
        for start in range(0, count, len(some)):
            textures[start : start + len(some)] = some[: count - start]
        before, seconds = peak_bytes(), []
        for _ in range(2):
            began = time.perf_counter()
            vectors = np.asarray(ssim_vectors(textures, references))
            seconds.append(time.perf_counter() - began)
        beyond = peak_bytes() - before
        began = time.perf_counter()
        cluster_vectors(vectors, 8, 0)
        means = time.perf_counter() - began
        cells = [f"{value:.2f}" for value in seconds]
        cells += [f"{seconds[1] / vectors.size * 1e3:.4f}", f"{beyond / 2**20:.0f}"]
        rows.append([title, *cells, f"{means:.2f}"])
        del textures
    header = ["first, s", "again, s", "ms a pair", "MiB beyond the images", "k-means, s"]
    report.table([f"jaxtex, {side}×{side} RGB", *header], rows)
    report.note("The first run compiles; k-means makes 8 clusters.")


def peak_bytes() -> int:
    """The most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> int:
    arguments = _table.parser(__doc__)
    for name, default, what in (
        ("textures", 100, "of the comparison"),
        ("references", 50, "of the comparison"),
        ("few", 8, "references of the large sets"),
        ("size", 64, "side of a texture in pixels"),
        ("rounds", 7, "of the comparison"),
    ):
        arguments.add_argument(
            f"--{name}", type=_table.count, default=default, help=f"{what}; default: {default}"
        )
    arguments.add_argument(
        "--counts",
        nargs="*",
        type=_table.count,
        default=[10_000, 100_000],
        help="textures of the large sets, or none; default: 10000 100000, which take 4.6 GiB",
    )
    options = arguments.parse_args()
    if options.size < 11:
        arguments.error("--size: at least 11, SSIM's window")

    _table.cpu_only()
    _table.require_torch()
    versions = []
    for package in ("scikit-image", "pytorch-msssim"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            print(f"{package} is missing: pip install 'jaxtex[bench]'", file=sys.stderr)
            return 2
    report = _table.Report(as_json=options.json)
    report.note(", ".join(versions))
    # First, while the peak of memory is its own.
    if options.counts:
        scale(options, report)
    same = compare(options, report)
    if not same:
        report.note("The numbers are not the same: no comparison.")
    report.close()
    return 0 if same else 1


if __name__ == "__main__":
    _table.run(main)
