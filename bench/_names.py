"""Invented names, plain and in the manner of bands, with which pixel is of which letter known."""

import importlib
import sys
from pathlib import Path
from typing import Any

import _table
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

# Heights of a capital in pixels.
_PLAIN, _BAND = 72, 64
_BAND_FONTS = ("ragged", "thorned", "gothic", "grotesk")
_PLAIN_FONTS = ("grotesk", "grotesk-medium", "geometric", "script")

Drawn = tuple[np.ndarray, list[np.ndarray]]
"""How much ink covers each pixel, and the mask of each letter without its ornaments."""


def names(count: int, further: list[Path]) -> dict[str, list[Drawn]]:
    """`count` names, half of them plain and half in the manner of bands, by fonts.

    Plain names are set in the fonts of the examples and in `further` ones. Exits with code 2 where
    there are no examples: an installed wheel has none.
    """
    if not (_table.EXAMPLES / "draw_many.py").is_file():
        print("examples/ is missing: run this in a clone of the repository", file=sys.stderr)
        raise SystemExit(2)
    sys.path.insert(0, str(_table.EXAMPLES))
    draw, draw_many = importlib.import_module("draw"), importlib.import_module("draw_many")
    draw.CAP = _BAND
    folder = _table.EXAMPLES / "fonts"
    plain = [*(folder / f"{stem}.woff2" for stem in _PLAIN_FONTS), *further]
    drawn: dict[str, list[Drawn]] = {}
    for number in range(count):
        rng = np.random.default_rng((19, number))
        if number % 2:
            stem = _BAND_FONTS[number // 2 % len(_BAND_FONTS)]
            made = band_name(draw, draw_many, rng, stem)
            drawn.setdefault(f"band, {stem}", []).append(made)
        else:
            path = plain[number // 2 % len(plain)]
            text = draw_many.name(rng, "content").capitalize()
            if path.stem != "script" and rng.integers(3) == 0:
                text = text.upper()
            drawn.setdefault(f"plain, {path.stem}", []).append(plain_name(path, text))
    return drawn


def plain_name(path: Path, text: str) -> Drawn:
    """A name set in a font, kerned."""
    face = ImageFont.truetype(path, round(_PLAIN / 0.7))
    size = (round(face.getlength(text)) + 4 * _PLAIN, 4 * _PLAIN)
    place = (2 * _PLAIN, 2 * _PLAIN)

    def drawn(letters: str, left: float) -> np.ndarray:
        image = Image.new("L", size)
        ImageDraw.Draw(image).text((place[0] + left, place[1]), letters, 255, face, anchor="ls")
        return np.asarray(image)

    lefts = [
        face.getlength(text[: i + 1]) - face.getlength(letter) for i, letter in enumerate(text)
    ]
    letters = [drawn(letter, left) > 127 for letter, left in zip(text, lefts, strict=True)]
    return drawn(text, 0).astype(np.float32) / 255, letters


def band_name(draw: Any, draw_many: Any, rng: np.random.Generator, stem: str) -> Drawn:
    """A name between two tall letters, with blades, horns and thorns; perhaps on an arch."""
    word = draw_many.name(rng, "style")[:10]
    word = word.capitalize() if stem == "gothic" else word.upper()
    cap, tall = draw.CAP, rng.uniform(1.2, 1.6)
    sizes = [round(tall * cap), *[cap] * (len(word) - 2), round(tall * cap)]
    glyphs = [draw.glyph(stem, c, size) for c, size in zip(word, sizes, strict=True)]
    glyphs = [draw.thicken(g, max(1, round(rng.uniform(0, 0.04) * cap))) for g in glyphs]
    top = round(((tall - 1) / 2 + rng.uniform(0, 0.2)) * cap)
    gap = int(rng.integers(2, 6))
    ink, places = draw.set_word(glyphs, [-top, *[0] * (len(word) - 2), -top], gap)
    image = draw.as_image(ink)
    pen = ImageDraw.Draw(image)
    left, right = places[0][0], places[-1][0] + glyphs[-1].shape[1]
    fall, lean = rng.uniform(0.2, 0.6) * cap, rng.uniform(0, 0.2) * cap
    for g, place in zip(glyphs, places, strict=True):
        draw.draw_out(
            pen,
            g,
            place,
            0.73,
            lambda x: fall,
            lambda x: lean * (2 * (x - left) / (right - left) - 1),
        )
    if rng.random() < 0.6:
        head = places[0][1] + tall * cap / 2
        draw.horns(pen, left, right, head, draw_many.blades(rng, 0.4, 1.0, -1))
        draw.horns(pen, left, right, head + tall * cap, draw_many.blades(rng, 0.2, 0.9, 1))
    if rng.random() < 0.4:
        draw.thorns(pen, ink, rng, int(rng.integers(30, 90)), cap / 9)
    layers = [np.asarray(image) > 127]
    for g, (x, y) in zip(glyphs, places, strict=True):
        layers.append(np.zeros(ink.shape, bool))
        layers[-1][y : y + g.shape[0], x : x + g.shape[1]] = g
    if rng.random() < 0.4:
        bend = rng.uniform(0.1, 0.4, 2)
        columns = np.flatnonzero(layers[0].any(0))
        u = np.interp(np.arange(ink.shape[1]), [columns[0], columns[-1]], [-1, 1])
        y = np.arange(ink.shape[0])[:, None] - ink.shape[0] / 2
        stretch = np.where(y < 0, 1.2 - bend[0] * u**2, 0.95 + bend[1] * u**2)
        rows = np.clip(np.rint(y / stretch + ink.shape[0] / 2).astype(int), 0, ink.shape[0] - 1)
        layers = [layer[rows, np.arange(ink.shape[1])] for layer in layers]
    if rng.random() < 0.3:
        near = ndimage.binary_dilation(layers[0], iterations=3)
        layers[0] = draw.roughen(layers[0], rng, 4, 1.0) & near
    return layers[0].astype(np.float32), layers[1:]
