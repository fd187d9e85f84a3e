"""Draw the example logos: plain wordmarks in content/, band logos in style/.

    python examples/draw.py [-o DIR]

Every picture is drawn from the fonts in fonts/ and comes out the same each time. All names
are invented. Drawing needs Pillow, NumPy and SciPy; `--build-fonts DIR`, which subsets the
fonts anew from unpacked @fontsource packages, needs fontTools (see SOURCES.md).
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

HERE = Path(__file__).resolve().parent
WIDTH = 1024  # of every picture, in pixels
MARGIN = 0.05  # on each side, as a share of the ink's width
CAP = 640  # height of a capital on the drawing canvas, over four times its final size

FONTS = {  # file here: package, weight, name in the subset
    "grotesk": ("inter", 800, "Jaxtex Sample Grotesk"),
    "grotesk-light": ("inter", 300, "Jaxtex Sample Grotesk Light"),
    "script": ("great-vibes", 400, "Jaxtex Sample Script"),
    "ragged": ("metal-mania", 400, "Jaxtex Sample Ragged"),
    "thorned": ("new-rocker", 400, "Jaxtex Sample Thorned"),
    "gothic": ("grenze-gotisch", 900, "Jaxtex Sample Gothic"),
    "pirate": ("pirata-one", 400, "Jaxtex Sample Broken"),
}


def build_fonts(packages, out=HERE / "fonts"):
    """Subset the letters of each font from @fontsource packages, under a name of its own."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    letters = range(ord("A"), ord("z") + 1)
    for stem, (package, weight, name) in FONTS.items():
        source = Path(packages) / package
        font = TTFont(source / "files" / f"{package}-latin-{weight}-normal.woff2")
        options = subset.Options(hinting=False, name_IDs=[0, 13, 14], layout_features=["kern"])
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=[ord(" "), ord("&"), *letters])
        subsetter.subset(font)
        for name_id, text in ((1, name), (2, "Regular"), (4, name), (6, name.replace(" ", ""))):
            font["name"].setName(text, name_id, 3, 1, 0x409)
        font.flavor = "woff2"
        font.recalcTimestamp = False
        font.save(out / f"{stem}.woff2")
        (out / f"{package}-OFL.txt").write_bytes((source / "LICENSE").read_bytes())


def font(stem, size=CAP):
    return ImageFont.truetype(HERE / "fonts" / f"{stem}.woff2", size)


def crop(ink):
    """The rows and columns of a mask between the first and the last with ink in them."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def glyph(stem, letter, height=CAP, widen=1.0):
    """One letter's mask: `height` from the baseline to the top of a capital, half that spare.

    The spare rows above and below make the baseline of every glyph lie at 1.5 heights.
    """
    face = font(stem, 1200)
    _, top, _, bottom = face.getbbox("H")
    image = Image.new("L", (3600, 2 * (bottom - top)))
    ImageDraw.Draw(image).text((1000, (bottom - top) // 2 - top), letter, 255, face)
    image = image.crop((*image.getbbox()[:1], 0, *image.getbbox()[2:3], image.height))
    width = round(image.width * height / (bottom - top) * widen)
    return np.asarray(image.resize((width, round(2 * height)), Image.Resampling.LANCZOS)) > 127


def thicken(ink, by):
    """A mask with `by` pixels more ink all round, its corners kept pointed."""
    return ndimage.binary_dilation(np.pad(ink, ((0, 0), (by, by))), iterations=by)


def set_word(glyphs, tops, gap):
    """Set masks side by side, `gap` between the nearest rows of neighbours.

    Returns a roomy square-margined mask and each letter's left edge and top in it.
    """
    pad = round(1.4 * CAP)
    height = max(t + g.shape[0] for g, t in zip(glyphs, tops, strict=True)) - min(tops)
    canvas = np.zeros((height + 2 * pad, sum(g.shape[1] for g in glyphs) + 2 * pad), bool)
    edge = np.full(canvas.shape[0], -np.inf)  # right-most ink of every row so far
    places = []
    for ink, top in zip(glyphs, tops, strict=True):
        y = pad + top - min(tops)
        left = np.where(ink.any(1), ink.argmax(1), np.inf)
        near = ndimage.maximum_filter1d(edge, gap)[y : y + ink.shape[0]]
        x = pad if not places else round(np.max(near - left)) + gap
        canvas[y : y + ink.shape[0], x : x + ink.shape[1]] |= ink
        right = x + ink.shape[1] - 1 - ink[:, ::-1].argmax(1)
        rows = slice(y, y + ink.shape[0])
        edge[rows] = np.maximum(edge[rows], np.where(ink.any(1), right, -np.inf))
        places.append((x, y))
    return canvas, places


def blade(draw, root, tip, width, bend=0.0, blunt=False):
    """A pointed blade from `root`, `width` across, to `tip`, bowed to one side by `bend`.

    Its root is pointed too unless it is `blunt`.
    """
    (x0, y0), (x1, y1) = root, tip
    t = np.linspace(0, 1, 40)
    cx, cy = (x0 + x1) / 2 - bend * (y1 - y0), (y0 + y1) / 2 + bend * (x1 - x0)
    x = (1 - t) ** 2 * x0 + 2 * t * (1 - t) * cx + t**2 * x1
    y = (1 - t) ** 2 * y0 + 2 * t * (1 - t) * cy + t**2 * y1
    dx, dy = np.gradient(x), np.gradient(y)
    half = width / 2 * (1 - t) ** 1.15 * (1 if blunt else 1.2 * np.minimum(1, 6 * t))
    half /= np.maximum(np.hypot(dx, dy), 1e-9)
    side = np.stack([x - dy * half, y + dx * half], 1), np.stack([x + dy * half, y - dx * half], 1)
    draw.polygon([tuple(p) for p in np.concatenate([side[0], side[1][::-1]])], fill=255)


def runs(row):
    """Starts and ends of the inked stretches of a row."""
    steps = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
    return steps.reshape(-1, 2)


def roughen(ink, rng, grain, depth):
    """Eat into and pile onto a mask's edge: noise `grain` pixels wide moves it by `depth`."""
    distance = ndimage.distance_transform_edt(ink) - ndimage.distance_transform_edt(~ink)
    noise = ndimage.gaussian_filter(rng.standard_normal(ink.shape), grain)
    return distance + depth * noise / noise.std() > 0


def as_image(ink):
    return Image.fromarray(np.where(ink, 255, 0).astype(np.uint8))


def framed(ink):
    """A mask, tightly framed, as black on white at the final width."""
    ink = crop(ink)
    margin = round(MARGIN * ink.shape[1])
    picture = Image.fromarray(np.where(np.pad(ink, margin), 0, 255).astype(np.uint8))
    height = round(picture.height * WIDTH / picture.width)
    return picture.resize((WIDTH, height), Image.Resampling.LANCZOS)


def wordmark(stem, text):
    """A plain wordmark."""
    face = font(stem)
    box = face.getbbox(text)
    image = Image.new("L", (box[2] - box[0] + 400, box[3] - box[1] + 400))
    ImageDraw.Draw(image).text((200 - box[0], 200 - box[1]), text, 255, face)
    return framed(np.asarray(image) > 127)


def strokes(ink, row):
    """Middle and width of every stroke that crosses a row."""
    return [((a + b) / 2, b - a) for a, b in runs(ink[row]) if b - a > CAP // 30]


def draw_out(draw, glyph, place, row, length, lean):
    """Draw out every stroke that crosses a glyph's row: down where `length` is positive.

    Both are functions of x on the canvas, `lean` how far the tip is off to the side.
    """
    back = np.sign(length(place[0])) * CAP * 0.02
    for x, width in strokes(glyph, row):
        x, y = place[0] + x, place[1] + row - back
        blade(draw, (x, y), (x + lean(x), y + length(x)), width * 1.02, 0, blunt=True)


def ironwyrm():
    """Tall outer letters whose legs run out into blades, small capitals between them."""
    big, small = round(1.5 * CAP), CAP
    glyphs = [glyph("ragged", letter, small, 1.1) for letter in "RONWYR"]
    glyphs = [glyph("ragged", "I", big, 1.25), *glyphs, glyph("ragged", "M", big, 0.8)]
    glyphs = [thicken(g, CAP // 40) for g in glyphs]
    top = (big - small) // 2 + round(0.14 * CAP)  # the tall letters stand a little higher
    ink, places = set_word(glyphs, [-top] + 6 * [0] + [-top], 14)
    (x0, _), x1 = places[0], places[-1][0] + glyphs[-1].shape[1]
    head, foot = places[0][1] + big // 2, places[0][1] + big * 3 // 2
    middle, reach = (x0 + x1) / 2, (x1 - x0) / 2
    image = as_image(ink)
    draw = ImageDraw.Draw(image)

    def length(x):
        return CAP * (0.28 + 0.35 * abs((x - middle) / reach) ** 2)

    def lean(x):
        return 0.2 * CAP * ((x - middle) / reach)

    for g, place in zip(glyphs, places, strict=True):
        draw_out(draw, g, place, int(g.shape[0] * 0.75 * 0.985), length, lean)
    for way in (-1, 1):
        edge = middle + way * reach

        def at(x, y, edge=edge, way=way):
            return edge + way * x * CAP, y

        blade(draw, at(-0.2, foot - 0.6 * CAP), at(0.3, foot + 0.85 * CAP), 0.42 * CAP, -0.1 * way)
        blade(draw, at(-0.3, head + 0.3 * CAP), at(0.6, head - 0.3 * CAP), 0.3 * CAP, 0.14 * way)
        blade(draw, at(-0.3, foot - 0.45 * CAP), at(0.6, foot + 0.1 * CAP), 0.3 * CAP, 0.14 * way)
    return framed(np.asarray(image) > 127)


CONTENT = {"northgate": lambda: wordmark("grotesk", "Northgate")}
STYLE = {"ironwyrm": ironwyrm}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=HERE, help="folder to write to")
    parser.add_argument("--build-fonts", type=Path, metavar="DIR", help="see SOURCES.md")
    arguments = parser.parse_args()
    if arguments.build_fonts:
        build_fonts(arguments.build_fonts)
    for kind, drawings in (("content", CONTENT), ("style", STYLE)):
        (arguments.out / kind).mkdir(parents=True, exist_ok=True)
        for name, drawing in drawings.items():
            drawing().save(arguments.out / kind / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
