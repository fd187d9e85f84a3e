"""A hundred logos, each in the style of a hundred bands.

python logos_and_bands.py LOGOS BANDS OUT

Ten thousand jobs in batches that share compiled programs; run it again after a crash or a Ctrl-C,
and only what is missing is done.
"""

import sys
from pathlib import Path
from typing import Any

import jaxtex


def main(logos: Path, bands: Path, output: Path, **settings: Any) -> jaxtex.Batch:
    front = jaxtex.Front(say=print, show=lambda status: print(status.text, end="\r"))
    done = jaxtex.batch(
        contents=logos, styles=bands, output=output, settings=settings, resume=True, front=front
    )
    print(f"{len(done.images)} pictures; {output / 'summary.html'} shows them")
    return done


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]), size=384, strength=0.6)
