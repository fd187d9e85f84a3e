"""Makes the pictures of what the models of cloth, wood and marble draw, for docs/texture.md, anew.

python docs/make_families.py [NAME …]

In each, textures of seeds 0 to 23, and below them as many rendered ones as fit a row.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image

from jaxtex import images
from jaxtex.files import write_bytes
from jaxtex.texture import sphere
from jaxtex.texture.dcgan import load_model
from jaxtex.texture.dcgan.shipped import USUAL, shipped_models
from jaxtex.texture.rendered import FAMILIES
from jaxtex.training import cut_square

PICTURES = Path(__file__).resolve().parent / "images" / "families"
COLUMNS, ROWS, GAP = 8, 3, 2
# That of no training and no measurement.
UNSEEN = 2


def picture(name: str) -> np.ndarray:
    """Textures of a model above rendered ones of its family."""
    model, family = load_model(name), FAMILIES[name]
    seeds = range(COLUMNS * ROWS)
    drawn = model.generate(np.stack([sphere.seeded(seed, model.latent_size) for seed in seeds]))
    rng = np.random.default_rng(0)
    sheets = family.render(UNSEEN, range(COLUMNS), 2 * model.size)
    rendered = [cut_square(rng, sheet, model.size) for sheet in sheets]
    parts = [
        images.contact_sheet(list(each), columns=COLUMNS, gap=GAP) for each in (drawn, rendered)
    ]
    between = np.ones((4 * GAP, parts[0].shape[1], 3), np.float32)
    return np.concatenate([parts[0], between, parts[1]])


def main() -> None:
    """Makes the pictures."""
    names = [name for name in shipped_models() if name in FAMILIES and name != USUAL]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: {', '.join(names)}")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in parser.parse_args().names or names:
        file = io.BytesIO()
        made = Image.fromarray(np.rint(picture(name) * 255).astype(np.uint8))
        made.save(file, "WEBP", quality=72, method=6)
        write_bytes(PICTURES / f"{name}.webp", file.getvalue())


if __name__ == "__main__":
    main()
