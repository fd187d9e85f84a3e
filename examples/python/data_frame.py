"""Results in a data frame: which strength keeps a logo readable? Needs pandas.

python data_frame.py LOGO BAND OUT

Jobs are the rows of a frame, and so are their scores.
"""

import sys
from pathlib import Path
from typing import Any

import pandas as pd

import jaxtex


def main(
    logo: Path,
    band: Path,
    output: Path,
    strengths: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0),
    **settings: Any,
) -> pd.DataFrame:
    names = [f"{strength:.2f}.png" for strength in strengths]
    jobs = pd.DataFrame({"output": names, "strength": strengths})
    rows = jobs.assign(content=str(logo), style=str(band)).to_dict("records")
    done = jaxtex.batch(rows, output=output, settings=settings, score=False, resume=True)
    found = pd.DataFrame(done.rows)[["output", "status", "seconds"]]
    scores = jaxtex.score_batch(done.images, logo, band)
    figures = pd.DataFrame([score.to_dict() for score in scores])
    figures["output"] = [path.name for path in done.images]
    frame = jobs.merge(found, on="output").merge(figures, on="output")
    print(frame[["strength", "readability", "artefacts", "style", "seconds"]])
    return frame


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]), size=384)
