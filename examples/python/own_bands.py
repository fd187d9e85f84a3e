"""MSG-Net on one's own bands: trained from the network that ships, then applied in one pass.

python own_bands.py LOGOS BANDS OUT

A few thousand steps are hours on a GPU, days on a CPU; a Ctrl-C loses nothing.
"""

import sys
from pathlib import Path
from typing import Any

import jaxtex


def main(logos: Path, bands: Path, output: Path, **options: Any) -> jaxtex.msgnet.Applied:
    output.mkdir(exist_ok=True)
    front = jaxtex.Front(say=print, show=lambda status: print(status.text, end="\r"))
    trained = jaxtex.msgnet.train(logos, bands, output / "net", resume=True, front=front, **options)
    band = sorted(bands.iterdir())[0]
    size = trained.settings["size"]
    return jaxtex.msgnet.apply(logos, band, output / "logos", model=trained.folder, size=size)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]), steps=4000, size=256)
