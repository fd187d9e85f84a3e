"""A search that a program drives: towards the texture that is most like a picture.

python search_by_program.py PICTURE OUT

In each round the texture with the highest MSSIM to the picture is picked; the next round is drawn
closer about it. Any function of a texture can take the place of that likeness.
"""

import sys
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

import jaxtex


def likeness(round_: UInt8[np.ndarray, "m s s 3"], target: Path) -> list[float]:
    """The MSSIM of each texture to the picture."""
    size = round_.shape[1]
    found = jaxtex.textures.similarity(list(round_), references=target, size=size)
    return found.vectors[:, 0].tolist()


def main(target: Path, output: Path, rounds: int = 4, count: int = 50) -> list[float]:
    search = jaxtex.textures.Search(output, count=count, clusters=min(8, count - 1))
    best = []
    for number in range(rounds):
        found = likeness(search.round.textures, target)
        best.append(max(found))
        search.pick(search.round.labels[found.index(max(found))])
        print(f"round {number}: MSSIM {best[-1]:.3f}, picked {search.picks[-1]}")
        if number + 1 < rounds:
            search.step(closer=number > 0)
    search.export()
    return best


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
