"""What do figures 1 to 5 of the texture paper (Satoh) look like with the model that jaxtex ships?

Writes into a folder: 1 samples of the model; 2 the von Mises-Fisher distribution on the sphere in
three dimensions and its angles in the model's; 3 a search of two iterations and one more at another
radius, representatives in blue, picks in orange; 4 textures by their SSIM vectors with 1, 2, 4
and 50 references, and the clusters of each; 5 an interpolation. The table has how alike textures
are within the clusters of figure 4: mean MSSIM of two members, next to that of any two textures.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from jaxtex.texture.dcgan import TextureModel

REFERENCES = (1, 2, 4, 50)
CLUSTERS = 8


def main() -> None:
    """Draws all figures, and prints the table of figure 4."""
    parser = _table.parser(__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the figures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path, help="other than the shipped one")
    parser.add_argument("--overwrite", action="store_true", help="into a folder with files")
    arguments = parser.parse_args()

    from jaxtex.files import check_folder, make_folder
    from jaxtex.texture.search import plots

    if not plots.available():
        print("matplotlib is missing: pip install 'jaxtex[plots]'", file=sys.stderr)
        raise SystemExit(2)
    check_folder(arguments.output, overwrite=arguments.overwrite)
    report = _table.Report(as_json=arguments.json)

    from jaxtex.runtime import configure
    from jaxtex.texture.dcgan import load_model

    configure()
    model = load_model(arguments.model)
    folder = make_folder(arguments.output)
    for number, draw in enumerate((_samples, _von_mises_fisher, _search, _vectors, _between), 1):
        _table.progress(f"figure {number}")
        draw(folder, model, arguments.seed, report)
    report.note(f"The figures are in {folder}.")
    report.close()


def _points(model: "TextureModel", seed: int, count: int) -> Any:
    """Points all over the default sphere."""
    import jax
    import numpy as np

    from jaxtex.texture import sphere

    size = model.latent_size
    origin, axis = np.zeros(size, np.float32), sphere.axis(1, size)
    radius = sphere.default_radius(size)
    return sphere.sample(jax.random.key(seed), origin, radius, axis, 0.0, count)


def _samples(folder: Path, model: "TextureModel", seed: int, report: _table.Report) -> None:
    from jaxtex import images

    textures = model.generate(_points(model, seed, 100))
    sheet = images.contact_sheet(list(textures), columns=10, gap=2)
    images.save_image(folder / "figure-1.png", sheet)


def _von_mises_fisher(
    folder: Path, model: "TextureModel", seed: int, report: _table.Report
) -> None:
    import jax
    import numpy as np
    from matplotlib.figure import Figure

    from jaxtex.texture import sphere, vmf

    key = jax.random.key(seed)
    figure = Figure(figsize=(13, 8), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1))
    north = np.array([0, 1, 0], np.float32)
    for index, kappa in enumerate((0.0, 10.0, 100.0)):
        panel: Any = above.add_subplot(1, 3, index + 1, projection="3d")
        x, y, z = np.asarray(vmf.sample(key, north, kappa, (500,))).T
        panel.scatter(x, z, y, s=3)
        panel.quiver(0, 0, 0, 0, 0, 1.4, color="tab:red")
        panel.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1), box_aspect=(1, 1, 1))
        panel.set_title(f"n = 3, κ = {kappa:g}")
    size = model.latent_size
    axis = sphere.axis(1, size)
    panel = below.subplots()
    for kappa in (0.0, 50.0, 200.0, 1000.0):
        cosine = np.asarray(vmf.sample(key, axis, kappa, (20_000,)))[:, 1]
        angles = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
        panel.hist(angles, bins=np.arange(0, 121, 1), alpha=0.6, label=f"κ = {kappa:g}")
    panel.set(xlabel="angle to the mean direction, degrees", ylabel="of 20,000 samples")
    panel.set_title(f"n = {size}")
    panel.legend()
    _save(figure, folder / "figure-2.png")


def _search(folder: Path, model: "TextureModel", seed: int, report: _table.Report) -> None:
    from jaxtex.texture import search
    from jaxtex.texture.search import moves, session

    with tempfile.TemporaryDirectory() as temporary:
        model_id = session.ModelId(model.digest, model.latent_size, None)
        searching = session.create(
            temporary,
            model_id,
            search.new(model.latent_size, seed=seed),
            model.generate,
            count=50,
            clusters=CLUSTERS,
        )
        # A person would look; the figure takes the representative of the second cluster.
        for radius in (None, 10.2):
            searching = searching.pick([f"{searching.state.iteration}b1"])
            picked = searching.points(searching.state.picks)
            history = search.step(searching.history, picked, radius=radius)
            searching = searching.go_on(history, model.generate)
        for state in moves.rounds(searching.history):
            source = Path(temporary) / f"round-{state.iteration:02d}.png"
            shutil.copyfile(source, folder / f"figure-3-iteration-{state.iteration}.png")


def _vectors(folder: Path, model: "TextureModel", seed: int, report: _table.Report) -> None:
    import jax
    import numpy as np
    from matplotlib.figure import Figure

    from jaxtex import images
    from jaxtex.texture.similarity.cluster import cluster_vectors, likeness
    from jaxtex.texture.similarity.ssim import ssim_vectors

    textures = model.generate(_points(model, seed, 50))
    vectors = np.asarray(ssim_vectors(textures, textures))
    figure = Figure(figsize=(11, 10), layout="constrained")
    rows = []
    for panel, count in zip(figure.subplots(2, 2).ravel(), REFERENCES, strict=True):
        known = vectors[:, :count]
        groups = cluster_vectors(known, CLUSTERS, seed)
        alike = likeness(jax.random.key(seed), textures, groups.labels)
        rows.append([str(count), f"{alike.within:.3f}", f"{alike.overall:.3f}"])
        across, up, names = _plane(known)
        panel.scatter(across, up, c=groups.labels, cmap="tab10", vmin=0, vmax=10)
        chosen = groups.representatives
        panel.scatter(across[chosen], up[chosen], s=120, facecolors="none", edgecolors="tab:blue")
        panel.set(xlabel=names[0], ylabel=names[1])
        what = "reference" if count == 1 else "references"
        panel.set_title(f"{count} {what}: mean MSSIM in a cluster {alike.within:.3f}")
        order = np.lexsort((np.arange(50), groups.labels))
        sheet = images.contact_sheet(
            [textures[index] for index in order],
            columns=10,
            labels=["abcdefgh"[groups.labels[index]] for index in order],
            edges=["#1f5fd0" if index in chosen else None for index in order],
        )
        images.save_image(folder / f"figure-4-references-{count:02d}.png", sheet)
    _save(figure, folder / "figure-4.png")
    report.table(["references", "MSSIM within clusters", "of any two textures"], rows)


def _plane(vectors: Any) -> tuple[Any, Any, tuple[str, str]]:
    """Where to draw SSIM vectors: by one or two MSSIMs, or by their two principal components."""
    import numpy as np

    if vectors.shape[1] == 1:
        return vectors[:, 0], np.arange(len(vectors)), ("MSSIM to texture 1", "texture")
    if vectors.shape[1] == 2:
        return vectors[:, 0], vectors[:, 1], ("MSSIM to texture 1", "MSSIM to texture 2")
    centred = vectors - vectors.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    first, second = (left[:, :2] * singular[:2]).T
    return first, second, ("first principal component", "second principal component")


def _between(folder: Path, model: "TextureModel", seed: int, report: _table.Report) -> None:
    from jaxtex import images
    from jaxtex.texture.search import plots
    from jaxtex.texture.search.interpolate import interpolate

    start, end = _points(model, seed, 2)
    found = interpolate(model.render, model.params, start, end, 8)
    strip = [found.ends[0], *found.textures, found.ends[1]]
    sheet = images.contact_sheet(strip, columns=len(strip), gap=2)
    images.save_image(folder / "figure-5-textures.png", sheet)
    _save(plots.interpolation_figure([found]), folder / "figure-5.png")


def _save(figure: "Figure", path: Path) -> None:
    figure.savefig(path, dpi=110, format="png")


if __name__ == "__main__":
    _table.run(main)
