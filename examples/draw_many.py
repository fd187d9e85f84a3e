"""Draw thousands of wordmarks and band logos of invented names: what MSG-Net is trained on.

    python examples/draw_many.py -o DIR [--contents 2000] [--styles 600] [--seed 0]

Picture k of a kind depends on the seed and k alone. Everything is drawn by the functions of
draw.py from the fonts in fonts/, with random letters, proportions, blades, roots and tears.
"""

import argparse
from pathlib import Path

import draw
import numpy as np
from PIL import Image, ImageDraw

HEIGHT = 144  # at least, so that squares of 128 pixels fit in
ONSETS = "b br c d dr f fl g gr h k l m n p qu r s st t th tr v w z"
VOWELS = "a e i o u ai ea ou ia"
CODAS = "- - l n r s th x nd rk lt m"
ENDINGS = {
    "content": "co ton ia ex wick mont well field line ora est",
    "style": "wyrm grim dth gorn hax thul morg vaskr rot kvlt thorn",
}
WORDMARK_FONTS = ("grotesk", "grotesk-medium", "geometric", "geometric", "script")


def name(rng, kind):
    """An invented name of one or two syllables and an ending."""
    syllable = (ONSETS, VOWELS, CODAS)
    parts = [str(rng.choice(p.split())) for _ in range(rng.integers(1, 3)) for p in syllable]
    return "".join(parts).replace("-", "")[:9] + str(rng.choice(ENDINGS[kind].split()))


def resized(picture, rng, widths):
    """A picture at a random width, with white above and below where it is low."""
    width = int(rng.integers(*widths))
    height = max(1, round(picture.height * width / picture.width))
    picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    canvas = Image.new("L", (width, max(height, HEIGHT)), 255)
    canvas.paste(picture, (0, (canvas.height - height) // 2))
    return canvas


def wordmark(rng):
    """A company's name in a plain font."""
    stem = str(rng.choice(WORDMARK_FONTS))
    text = name(rng, "content").capitalize()
    if stem != "script" and rng.integers(3) == 0:
        text = text.upper()
    return resized(draw.wordmark(stem, text), rng, (320, 640))


def blades(rng, low, high, down):
    """Random horns for `draw.horns`, whose tips lie `low` to `high` outwards."""
    found = []
    for _ in range(rng.integers(1, 4)):
        x0, y0 = rng.uniform(-0.3, 0), rng.uniform(-0.3, 0.5)
        x1, y1 = rng.uniform(low, high), y0 + down * rng.uniform(-0.2, 0.8)
        found.append((x0, y0, x1, y1, rng.uniform(0.22, 0.4), rng.uniform(-0.2, 0.2)))
    return tuple(found)


def flanked(rng, word):
    """A word between two tall letters with blades, as `draw.ironwyrm` and its like."""
    stem = str(rng.choice(("ragged", "thorned", "gothic")))
    word = word.capitalize() if stem == "gothic" else word.upper()
    widen = (rng.uniform(0.9, 1.25), rng.uniform(0.95, 1.15), rng.uniform(0.8, 1.1))
    fall = (rng.uniform(0.3, 0.6), rng.uniform(-0.3, 0.4))
    return draw.flanked(
        stem,
        word,
        (rng.uniform(1.2, 1.55), rng.uniform(0, 0.2)),
        widen,
        rng.uniform(0.02, 0.04),
        fall,
        rng.uniform(0.05, 0.25),
        blades(rng, 0.4, 1.0, -1),
        blades(rng, 0.2, 0.9, 1),
    )


def rooted(rng, word):
    """A word overgrown with thorns and roots, as `draw.xathtax` is."""
    stem = str(rng.choice(("thorned", "ragged", "gothic")))
    cap = draw.CAP
    sizes = [round(cap * rng.uniform(0.95, 1.3)) for _ in word]
    glyphs = [draw.glyph(stem, c, s) for c, s in zip(word.upper(), sizes, strict=True)]
    glyphs = [draw.thicken(g, max(1, cap // 24)) for g in glyphs]
    ink, places = draw.set_word(glyphs, [-size for size in sizes], 6)
    image = draw.as_image(ink)
    pen = ImageDraw.Draw(image)
    draw.thorns(pen, ink, rng, int(rng.integers(60, 160)), cap / 8)
    for g, (x0, y0), size in zip(glyphs, places, sizes, strict=True):
        for share, way in ((0.725, 1), (0.275, -1)):
            for x, width in draw.strokes(g, round(share * g.shape[0]), cap // 20):
                for spot in rng.uniform(-0.35, 0.35, rng.integers(1, 4)):
                    angle = way * np.pi / 2 + rng.normal(0, 0.4)
                    start = (x0 + x + spot * width, y0 + share * g.shape[0])
                    length = size * rng.uniform(0.3, 0.8)
                    draw.root(pen, rng, *start, angle, cap / 9, length, depth=1)
    return draw.framed(np.asarray(image) > 127)


def torn(rng, word):
    """Heavy arched letters, torn below, slashed and eroded, as `draw.gormawl` is."""
    cap = draw.CAP
    stem = str(rng.choice(("grotesk", "geometric", "ragged")))
    widen = rng.uniform(0.75, 1.0)
    glyphs = [draw.thicken(draw.glyph(stem, c, cap, widen), cap // 40) for c in word.upper()]
    ink, places = draw.set_word(glyphs, len(word) * [0], 6)
    image = draw.as_image(ink)
    pen = ImageDraw.Draw(image)
    base = places[0][1] + 1.5 * cap
    for a, b in draw.runs(ink[round(base - 0.06 * cap)]):
        for x in rng.uniform(a, b, max(int(b - a) // max(cap // 16, 1), 2)):
            tip = (x + rng.normal(0, cap / 40), base + cap * rng.uniform(0.1, 0.5))
            draw.blade(pen, (x, base - 0.12 * cap), tip, cap / 9, rng.normal(0, 0.03), blunt=True)
    for _ in range(rng.integers(8, 30)):
        start = np.array([rng.uniform(places[0][0], places[-1][0] + cap), base - cap])
        start[1] += cap * rng.uniform(-0.1, 0.8)
        cut = cap * rng.uniform(0.3, 0.8) * np.array([0.45, 0.9])
        draw.blade(pen, start, start + cut, cap * rng.uniform(0.03, 0.07), fill=0)
    bend = rng.uniform(0.1, 0.4, 2)
    ink = draw.arch(
        np.asarray(image) > 127, lambda u: 1.3 - bend[0] * u**2, lambda u: 0.95 + bend[1] * u**2
    )
    ink = np.pad(draw.crop(ink), cap // 6)
    return draw.framed(draw.roughen(ink, rng, max(4, cap // 24), cap / 80))


def band_logo(rng):
    """A band's name in one of three manners."""
    manner = (flanked, rooted, torn)[rng.choice(3, p=(0.5, 0.25, 0.25))]
    return resized(manner(rng, name(rng, "style")[:10]), rng, (360, 560))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--contents", type=int, default=2000, help="default: 2000")
    parser.add_argument("--styles", type=int, default=600, help="default: 600")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    # A third of the examples' size: the pictures here end up smaller.
    draw.CAP, draw.WIDTH = 200, 640
    kinds = (("content", wordmark, arguments.contents), ("style", band_logo, arguments.styles))
    for number, (kind, drawing, count) in enumerate(kinds):
        folder = arguments.out / kind
        folder.mkdir(parents=True, exist_ok=True)
        for k in range(count):
            picture = drawing(np.random.default_rng((arguments.seed, number, k)))
            picture.save(folder / f"{k:05d}.png")


if __name__ == "__main__":
    main()
