"""A texture atlas for a game or a layout: one picture, and where each texture lies in it.

python texture_atlas.py OUT.png

Textures are drawn and put into groups of those that are alike; a row of the atlas is a group, the
most typical first. OUT.json has each texture's place and its point in the latent space, from which
`jaxtex.textures.extend` and `interpolate` go on.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import jaxtex


def main(output: Path, count: int = 64, rows: int = 8, seed: int = 0) -> None:
    sample = jaxtex.textures.sample(count, seed=seed)
    found = jaxtex.textures.cluster(sample.textures, rows, seed=seed)
    groups = [np.flatnonzero(found.labels == label) for label in range(len(found.representatives))]
    size = sample.textures.shape[1]
    atlas = np.ones((len(groups) * size, max(map(len, groups)) * size, 3), np.float32)
    places = []
    for row, members in enumerate(groups):
        first = found.representatives[row]
        for column, index in enumerate([first, *members[members != first]]):
            y, x = row * size, column * size
            atlas[y : y + size, x : x + size] = sample.textures[index]
            point = sample.points[index].tolist()
            places.append({"x": x, "y": y, "size": size, "group": row, "point": point})
    Image.fromarray(np.rint(atlas * 255).astype(np.uint8)).save(output)
    output.with_suffix(".json").write_text(json.dumps(places), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
