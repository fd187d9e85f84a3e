"""A program as a user writes it: it passes mypy and pyright in their strict modes."""

from pathlib import Path

import numpy as np

import jaxtex


def stylise(logo: Path, band: Path) -> np.ndarray:
    """One result, from files and from arrays."""
    front = jaxtex.Front(say=print, show=lambda status: print(status.text))
    result = jaxtex.stylize(logo, band, strength=0.5, output="out.png", front=front)
    arrays = jaxtex.stylize_batch([np.zeros((40, 60, 3), np.uint8), logo], band)
    score = jaxtex.score(arrays[0], content=logo, style=band)
    print(score.readability.readability, result.history.total[-1], result.settings.strength)
    image: np.ndarray = result.image
    return image


def search(folder: Path) -> list[Path]:
    """A search, some textures and what lies between two."""
    found = jaxtex.textures.Search(folder, seed=1)
    labels = found.round.labels
    found.pick(*labels[:2]).step(kappa=100).none().undo()
    sample = jaxtex.textures.sample(8, angle=40)
    strip = jaxtex.textures.interpolate("seed:1", sample.textures[0], count=4)
    print(strip.rows[0], jaxtex.textures.cluster(sample.textures, 2).labels)
    return found.export()


def many(output: Path) -> list[dict[str, object]]:
    """Batches, a sweep and a tuning."""
    try:
        done = jaxtex.batch([{"content": "a.png", "style": "b.png"}], output=output)
    except jaxtex.JaxtexError as error:
        print(error)
        return []
    jaxtex.sweep("a.png", "b.png", output / "sweep", table=[9])
    tuned = jaxtex.tune("a.png", "b.png", output / "tuned")
    jaxtex.msgnet.apply(["a.png", "b.png"], "c.png", output)
    jaxtex.stylize("a.png", "b.png", preset=tuned.preset)
    return [dict(row) for row in done.rows]
