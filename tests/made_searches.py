"""Searches made without a model, for pages that only look at them and pick."""

from pathlib import Path

import numpy as np

from jaxtex.texture import search
from jaxtex.texture.search import session
from jaxtex.ui.runs.searches import Searches

SMALL = {"count": 12, "clusters": 3}


def stripes(latents):
    """Stripes whose direction, width and colour are the latent's first coordinates."""
    y, x = np.mgrid[0:24, 0:24] / 24
    a, b, c, d = np.asarray(latents)[:, :4, None, None].swapaxes(0, 1)
    wave = np.sin(8 * a * x + 8 * b * y + 4 * c)
    red, blue = 0.5 + 0.4 * wave, 0.5 + 0.4 * np.tanh(d) * wave
    return np.stack([red, (red + blue) / 2, blue], -1).astype(np.float32)


def begin(folder: Path):
    """A search in a folder that belongs to no model there is."""
    history = search.new(100, seed=1)
    return session.create(folder, session.ModelId("ab" * 32, 100, None), history, stripes, **SMALL)


def make_search(folder: Path) -> Path:
    """A search of a server's folder that went two ways, with a texture in the tray."""
    searches = Searches(folder / "textures")
    found = step(begin(searches.folder / "made").pick(["0b1"]))
    step(found.back(0).pick(["0c1", "0a1"])).pick(["2a1"])
    searches.keep(searches.all()[0], "0a1")
    return found.folder


def step(found):
    """The search one step on, from its picks."""
    points = found.points(found.state.picks)
    return found.go_on(search.step(found.history, points), stripes)
