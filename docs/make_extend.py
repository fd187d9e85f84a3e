"""Extends ten textures of the shipped model and makes the pictures of docs/texture-extend.md anew.

python docs/make_extend.py [-o FOLDER]

Results that are in FOLDER already, as seed-0.png to seed-9.png, are not made again.
"""

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from jaxtex import images
from jaxtex.files import write_bytes
from jaxtex.texture import sphere
from jaxtex.texture.dcgan import TextureModel, load_model
from jaxtex.texture.dcgan.convs import transposed_conv

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "images" / "extend"
SEEDS = range(10)
CELL, SIZE = 320, 512
# Of those that are shown beside the generator on a larger field.
FEW = (0, 1, 5)


def extend(folder: Path) -> None:
    """Writes what is missing of the results."""
    folder.mkdir(exist_ok=True)
    for seed in SEEDS:
        if not (output := folder / f"seed-{seed}.png").exists():
            words = ("texture", "extend", f"seed:{seed}", "-o", output, "--size", SIZE)
            subprocess.run([sys.executable, ROOT / "cli.py", *map(str, words)], check=True)


def tiled(texture: np.ndarray, source: np.ndarray) -> np.ndarray:
    """A texture 3 by 3, reduced, with what it was made from in a corner as large as it is there."""
    large = np.tile(texture, (3, 3, 1))
    cell = images.resize(large, CELL, CELL)
    side = round(len(source) * 4 * CELL / len(large))
    cell[: side + 3, : side + 3] = 1
    cell[:side, :side] = images.resize(source, side, side)
    return cell


def field(model: TextureModel, seed: int) -> np.ndarray:
    """The generator on a larger field: latents near one another, their first maps blended."""
    rng = np.random.default_rng(seed)
    latent, cells, edge = sphere.seeded(seed, model.latent_size), SIZE // 16, 4
    half = cells // 2
    latents = latent + rng.normal(0, 0.5, (half, half, len(latent)))
    latents *= np.linalg.norm(latent) / np.linalg.norm(latents, axis=-1, keepdims=True)
    blocks = np.einsum("ijz,zabc->ijabc", latents, np.asarray(model.params.project))
    rise = np.sin(np.pi * (np.arange(4) + 0.5) / 4)
    window = np.outer(rise, rise)[..., None]
    total = np.zeros((cells, cells, blocks.shape[-1]))
    weight = np.zeros((cells, cells, 1))
    for row, column in np.ndindex(half, half):
        place = np.ix_(*((2 * start + np.arange(4)) % cells for start in (row, column)))
        total[place] += window * blocks[row, column]
        weight[place] += window**2
    x = jnp.pad(jnp.asarray(total / np.sqrt(weight)), ((edge, edge), (edge, edge), (0, 0)), "wrap")
    x = x[None].astype(jnp.float32)
    for stage, (kernel, bias) in enumerate(
        zip(model.params.kernels, model.params.biases, strict=True)
    ):
        x = x + bias
        if model.params.strengths and stage:
            # Grain: of any latent its fields are as good as white.
            strengths, side = model.params.strengths[stage - 1], cells << stage
            noise = rng.normal(size=(side, side, len(strengths))).astype(np.float32)
            around = (edge << stage, edge << stage)
            x = x + np.pad(noise, (around, around, (0, 0)), "wrap") @ strengths
        x = transposed_conv(jax.nn.relu(x), kernel)
    inner = slice(16 * edge, -16 * edge)
    return np.asarray(0.5 + 0.5 * jnp.tanh(x[0, inner, inner]))


def write(name: str, cells: list[np.ndarray], columns: int, quality: int) -> None:
    """Writes a sheet."""
    sheet = images.contact_sheet(cells, columns=columns, gap=4)
    data = io.BytesIO()
    Image.fromarray(np.rint(sheet * 255).astype(np.uint8)).save(data, "WEBP", quality=quality)
    PICTURES.mkdir(parents=True, exist_ok=True)
    write_bytes(PICTURES / f"{name}.webp", data.getvalue())


def main() -> None:
    """Makes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path)
    with tempfile.TemporaryDirectory() as temporary:
        folder = parser.parse_args().output or Path(temporary)
        extend(folder)
        found = [images.load_image(folder / f"seed-{seed}.png").rgb for seed in SEEDS]
    model = load_model()
    sources = model.generate(np.stack([sphere.seeded(seed, model.latent_size) for seed in SEEDS]))
    write("tiled", list(map(tiled, found, sources)), 5, 60)
    one = [found[seed][:CELL, :CELL] for seed in FEW]
    other = [field(model, seed)[:CELL, :CELL] for seed in FEW]
    write("field", [*one, *other], len(FEW), 50)


if __name__ == "__main__":
    main()
