"""Draw the example logos: plain wordmarks in content/, band logos in style/.

    python examples/draw.py [-o DIR]

Every picture is drawn from the fonts in fonts/ and comes out the same each time. All names
are invented. Drawing needs Pillow, NumPy and SciPy; `--build-fonts DIR`, which subsets the
fonts anew from unpacked @fontsource packages, needs fontTools (see SOURCES.md).
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps
from scipy import ndimage

HERE = Path(__file__).resolve().parent
WIDTH = 1024  # of every picture, in pixels
MARGIN = 0.05  # on each side, as a share of the ink's width
CAP = 640  # height of a capital on the drawing canvas, over four times its final size

FONTS = {  # file here: package, weight, name in the subset
    "grotesk": ("inter", 800, "Jaxtex Sample Grotesk"),
    "grotesk-medium": ("inter", 500, "Jaxtex Sample Grotesk Medium"),
    "geometric": ("montserrat", 700, "Jaxtex Sample Geometric"),
    "script": ("great-vibes", 400, "Jaxtex Sample Script"),
    "ragged": ("metal-mania", 400, "Jaxtex Sample Ragged"),
    "thorned": ("new-rocker", 400, "Jaxtex Sample Thorned"),
    "gothic": ("pirata-one", 400, "Jaxtex Sample Gothic"),
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
    ground = ~np.pad(ink, ((0, 0), (by, by)))
    return ndimage.distance_transform_cdt(ground, "taxicab") <= by


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


def blade(draw, root, tip, width, bend=0.0, blunt=False, fill=255):
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
    draw.polygon([tuple(p) for p in np.concatenate([side[0], side[1][::-1]])], fill=fill)


def runs(row):
    """Starts and ends of the inked stretches of a row."""
    steps = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
    return steps.reshape(-1, 2)


def roughen(ink, rng, grain, depth):
    """Eat into and pile onto a mask's edge: noise `grain` pixels wide moves it by `depth`."""
    soft = ndimage.gaussian_filter(ink.astype(np.float32), depth)
    coarse = (ink.shape[0] // grain + 1, ink.shape[1] // grain + 1)
    noise = np.kron(rng.standard_normal(coarse).astype(np.float32), np.ones((grain, grain), "f"))
    noise = ndimage.gaussian_filter(noise[: ink.shape[0], : ink.shape[1]], grain / 2)
    return soft > 0.5 + 0.2 * noise / noise.std()


def arch(ink, top, bottom):
    """Stretch each column from the canvas's middle row by `top` above, `bottom` below it.

    Both are functions of the place across the ink, from -1 to 1.
    """
    columns = np.flatnonzero(ink.any(0))
    u = np.interp(np.arange(ink.shape[1]), [columns[0], columns[-1]], [-1, 1])
    y = np.arange(ink.shape[0])[:, None] - ink.shape[0] / 2
    rows = np.rint(y / np.where(y < 0, top(u), bottom(u)) + ink.shape[0] / 2).astype(int)
    return ink[np.clip(rows, 0, ink.shape[0] - 1), np.arange(ink.shape[1])]


def root(draw, rng, x, y, angle, width, length, depth=2):
    """A root that winds off from a point at an angle, thins out and forks."""
    steps = max(int(length / 6), 8)
    turn = rng.normal(0, 0.02)
    fork = set(rng.integers(steps // 6, max(steps * 3 // 4, 2), 3)) if depth else set()
    for k in range(steps):
        r = width / 2 * (1 - k / steps) ** 0.9 + 1
        draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
        if k in fork:
            way = rng.choice((-1, 1)) * rng.uniform(0.5, 0.9)
            rest = length * (1 - k / steps) * rng.uniform(0.5, 0.8)
            root(draw, rng, x, y, angle + way, 1.5 * r, rest, depth - 1)
        turn = 0.93 * turn + rng.normal(0, 0.012)
        angle += turn
        x, y = x + 6 * np.cos(angle), y + 6 * np.sin(angle)


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


def strokes(ink, row, least=CAP // 14):
    """Middle and width of every stroke that crosses a row."""
    return [((a + b) / 2, b - a) for a, b in runs(ink[row]) if b - a > least]


def draw_out(draw, glyph, place, share, length, lean):
    """Draw out every stroke that crosses a row, given as its share of a glyph's height.

    Both are functions of x on the canvas: how far down the tip is and how far to the side.
    """
    row = round(share * glyph.shape[0])
    for x, width in strokes(glyph, row):
        if width < 0.5 * CAP:  # not the bar of a T or the foot of an L
            x, y = place[0] + x, place[1] + row - np.sign(length(x)) * CAP * 0.02
            blade(draw, (x, y), (x + lean(x), y + length(x)), width * 1.02, blunt=True)


def horns(draw, left, right, y, blades):
    """Mirrored pairs of blades on the edges of a word.

    A blade is its root's and its tip's place, outwards of the edge and below `y`, its width
    and its bend, in heights of a capital.
    """
    for edge, way in ((left, -1), (right, 1)):
        for x0, y0, x1, y1, width, bend in blades:
            start = (edge + way * x0 * CAP, y + y0 * CAP)
            tip = (edge + way * x1 * CAP, y + y1 * CAP)
            blade(draw, start, tip, width * CAP, way * bend)


def flanked(stem, word, big, widen, bolder, fall, lean, upper, lower, mirrored=False):
    """A word between two tall letters, its strokes drawn out, with horns on its flanks.

    big: the tall letters' height, in capitals, and how far they stand above the others.
    widen: stretch of the first letter, the inner ones and the last one, which is the first
    one seen in a mirror if `mirrored`. bolder: added all round. fall, lean: how far the feet
    are drawn out in the middle, how much more at the edges, and how far sideways there.
    upper, lower: horns at the tall letters' tops and feet. Lengths are in capitals.
    """
    tall, rise = big
    first, last = (glyph(stem, word[k], round(tall * CAP), widen[k]) for k in (0, -1))
    glyphs = [first, *(glyph(stem, c, CAP, widen[1]) for c in word[1:-1])]
    glyphs.append(first[:, ::-1] if mirrored else last)
    glyphs = [thicken(g, round(bolder * CAP)) for g in glyphs]
    top = round(((tall - 1) / 2 + rise) * CAP)
    ink, places = set_word(glyphs, [-top, *(0 for _ in word[2:]), -top], 12)
    inset = glyphs[0].shape[1] / 2 if mirrored else 0  # a T's horns grow from its middle
    left, right = places[0][0], places[-1][0] + glyphs[-1].shape[1]

    def across(x):  # -1 at the left edge, 1 at the right one
        return 2 * (x - left) / (right - left) - 1

    def down(x):
        return CAP * (fall[0] + fall[1] * across(x) ** 2)

    def aside(x):
        return CAP * lean * across(x)

    image = as_image(ink)
    draw = ImageDraw.Draw(image)
    skip = 1 if mirrored else 0
    for g, place in list(zip(glyphs, places, strict=True))[skip : len(word) - skip]:
        draw_out(draw, g, place, 0.74 if stem == "ragged" else 0.72, down, aside)
        if stem == "thorned":
            draw_out(draw, g, place, 0.275, lambda x: -0.3 * CAP, aside)
    head = places[0][1] + tall * CAP / 2
    horns(draw, left + inset, right - inset, head, upper)
    horns(draw, left + inset, right - inset, head + tall * CAP, lower)
    return framed(np.asarray(image) > 127)


def ironwyrm():
    """Tall outer letters whose legs run out into blades, small capitals between them."""
    upper = ((-0.3, 0.3, 0.55, -0.35, 0.3, 0.14), (-0.3, 0.7, 0.4, 0.25, 0.22, 0.14))
    lower = ((-0.2, -1, 0.3, 0.95, 0.44, -0.14), (-0.3, -0.7, 0.6, 0.3, 0.36, 0.1))
    widen = (1.25, 1.1, 0.8)
    return flanked("ragged", "IRONWYRM", (1.5, 0.14), widen, 0.025, (0.42, 0.4), 0.2, upper, lower)


def torvhaxt():
    """Two tall anchors hold a word whose feet and heads are drawn out into thorns."""
    upper = (
        (0, 0.15, 1.05, -0.35, 0.34, 0.14),
        (0, 0.2, 0.9, 0.3, 0.26, 0.14),
        (-0.3, 0.2, -0.8, -0.3, 0.3, -0.14),
    )
    lower = (
        (0, -0.5, 0.05, 0.55, 0.34, 0),
        (-0.1, -0.25, 0.95, -0.5, 0.34, -0.3),
        (-0.1, -0.4, 0.75, -0.85, 0.26, -0.3),
        (0.1, -0.25, -0.75, 0.15, 0.3, -0.14),
    )
    widen = (0.95, 1.05, 0.95)
    return flanked(
        "thorned", "TORVHAXT", (1.5, 0.1), widen, 0.034, (0.6, -0.25), 0.2, upper, lower, True
    )


def thorns(draw, ink, rng, count, length):
    """Small thorns on a mask's edge, square to it."""
    soft = ndimage.gaussian_filter(ink.astype(np.float32), CAP / 60)
    ys, xs = np.nonzero(ink & ~ndimage.binary_erosion(ink))
    for k in rng.choice(len(xs), count, replace=False):
        y, x = ys[k], xs[k]
        slope = np.array([soft[y, x - 1] - soft[y, x + 1], soft[y - 1, x] - soft[y + 1, x]])
        dx, dy = slope / max(np.hypot(*slope), 1e-9)
        n = length * rng.uniform(0.5, 1.2)
        side = rng.uniform(-0.5, 0.5)
        tip = (x + n * (dx - side * dy), y + n * (dy + side * dx))
        blade(draw, (x - 9 * dx, y - 9 * dy), tip, n * 0.6, 0.1, blunt=True)


def xathtax():
    """A word that reads both ways, mirrored about its middle and overgrown with roots."""
    rng = np.random.default_rng(13)
    sizes = [round(k * CAP) for k in (1.5, 1.12, 1.06, 1)]
    glyphs = [glyph("thorned", c, size) for c, size in zip("XATH", sizes, strict=True)]
    glyphs = [thicken(g, CAP // 22) for g in glyphs]
    ink, places = set_word(glyphs, [-size for size in sizes], 16)
    image = as_image(ink)
    draw = ImageDraw.Draw(image)
    centre, middle = ink.shape[0] / 2, places[-1][0] + glyphs[-1].shape[1] // 2
    thorns(draw, ink, rng, 170, CAP / 9)
    for g, (x0, y0), size in zip(glyphs, places, sizes, strict=True):
        for share, way in ((0.725, 1), (0.275, -1)):
            for x, width in strokes(g, round(share * g.shape[0]), CAP // 30):
                count = 4 if width > 0.5 * CAP else 2
                for spot in np.linspace(-0.35, 0.35, count):
                    far = (middle - x0 - x) / middle
                    angle = way * np.pi / 2 + way * (0.9 * far + spot + rng.normal(0, 0.15))
                    length = size * rng.uniform(0.35, 0.6) * (0.7 + far)
                    start = (x0 + x + spot * width, y0 + share * g.shape[0])
                    root(draw, rng, *start, angle, CAP / 8, length)
    for y in np.linspace(-0.48, 0.46, 8) * sizes[0]:
        g, (x0, y0) = glyphs[0], places[0]
        x = x0 + int(g[round(centre + y - y0)].argmax())
        root(draw, rng, x + 20, centre + y, np.pi - 1.3 * y / sizes[0], CAP / 8, CAP * 0.6)
    half = np.asarray(image)[:, :middle] > 127
    return framed(np.hstack([half, half[:, ::-1]]))


def gormawl():
    """Heavy, arched block letters, torn to shreds below and slashed across."""
    rng = np.random.default_rng(5)
    glyphs = [thicken(glyph("grotesk", c, CAP, 0.85), CAP // 40) for c in "GORMAWL"]
    ink, places = set_word(glyphs, 7 * [0], 10)
    image = as_image(ink)
    draw = ImageDraw.Draw(image)
    base = places[0][1] + 1.5 * CAP
    for a, b in runs(ink[round(base - 0.06 * CAP)]):
        for x in rng.uniform(a, b, max((b - a) // 40, 2)):
            fall = CAP * rng.uniform(0.1, 0.45)
            root_at = (np.clip(x, a + 20, b - 20), base - 0.12 * CAP)
            blade(
                draw,
                root_at,
                (x + rng.normal(0, 15), base + fall),
                CAP / 9,
                rng.normal(0, 0.03),
                blunt=True,
            )
    for _ in range(26):
        x, y = rng.uniform(places[0][0] - 0.3 * CAP, places[-1][0] + CAP), rng.uniform(-0.2, 0.8)
        start = np.array([x, places[0][1] + CAP * (0.5 + y)])
        cut = CAP * rng.uniform(0.3, 0.8) * np.array([0.45, 0.9])
        blade(draw, start, start + cut, CAP * rng.uniform(0.03, 0.07), fill=0)
    ink = arch(np.asarray(image) > 127, lambda u: 1.35 - 0.4 * u**2, lambda u: 0.95 + 0.35 * u**2)
    ink = np.pad(crop(ink), CAP // 6)
    near = ndimage.gaussian_filter(ink.astype(np.float32), CAP / 16) > 0.02
    ink = roughen(roughen(ink, rng, 40, 9), rng, 12, 5)
    return framed(ink & near)


def nachtwyrd():
    """Blackletter between two tall letters with drawn-out feet and horns."""
    upper = ((-0.3, 0.25, 0.6, -0.12, 0.3, 0.2), (-0.2, 0.75, 0.4, 0.45, 0.22, 0.2))
    lower = ((-0.2, -0.3, 0.6, 0.3, 0.3, -0.2), (-0.2, -0.5, 0.4, -0.2, 0.22, -0.2))
    widen = (1.1, 1.1, 1.1)
    return flanked(
        "gothic", "Nachtwyrd", (1.45, 0.2), widen, 0.022, (0.55, -0.15), 0.12, upper, lower
    )


def symbol():
    """A mark without letters: three bars rise to a peak inside a broken ring."""
    image = Image.new("L", (4400, 4400))
    draw = ImageDraw.Draw(image)
    draw.ellipse((200, 200, 4200, 4200), fill=255)
    draw.ellipse((680, 680, 3720, 3720), fill=0)
    draw.polygon([(2200, 2000), (0, 4400), (4400, 4400)], fill=0)
    for x, top in ((1530, 2250), (2200, 1250), (2870, 2250)):
        tip = [(x - 230, top + 230), (x, top), (x + 230, top + 230)]
        draw.polygon([*tip, (x + 230, 3720), (x - 230, 3720)], fill=255)
    return framed(np.asarray(image) > 127)


def coloured():
    """A leaf in orange on two corners in navy, and a word in navy, on nothing."""
    navy, orange = (22, 40, 92, 255), (240, 110, 32, 255)
    face = font("grotesk", 900)
    image = Image.new("RGBA", (int(face.getlength("Ostrevel")) + 1400, 1300))
    draw = ImageDraw.Draw(image)
    draw.text((1180, 1000), "Ostrevel", navy, face, anchor="ls")
    circles = []
    for box in ((-360, 340, 960, 1660), (300, -320, 1620, 1000)):
        circles.append(Image.new("L", image.size))
        ImageDraw.Draw(circles[-1]).ellipse(box, fill=255)
    square = (300, 340, 960, 1000)
    for colour, part in ((navy, ImageChops.lighter), (orange, ImageChops.darker)):
        image.paste(colour, square, part(*circles).crop(square))
    cut = image.getbbox()
    margin = round(MARGIN * (cut[2] - cut[0]))
    image = image.crop((cut[0] - margin, cut[1] - margin, cut[2] + margin, cut[3] + margin))
    height = round(image.height * WIDTH / image.width)
    return image.resize((WIDTH, height), Image.Resampling.LANCZOS)


def white_on_transparent():
    """A plain wordmark in white, on nothing."""
    black = wordmark("geometric", "Tarnwick")
    white = Image.new("LA", black.size, 255)
    white.putalpha(ImageOps.invert(black))
    return white


CONTENT = {
    "northgate": lambda: wordmark("grotesk", "Northgate"),
    "brelvanto": lambda: wordmark("geometric", "BRELVANTO"),
    "ellerwick": lambda: wordmark("grotesk-medium", "Ellerwick Harbour Partners"),
    "script": lambda: wordmark("script", "Vaudrelle"),
    "symbol": symbol,
    "white-on-black": lambda: ImageOps.invert(wordmark("geometric", "Quillomar")),
    "white-on-transparent": white_on_transparent,
    "coloured": coloured,
}
STYLE = {f.__name__: f for f in (ironwyrm, torvhaxt, xathtax, gormawl, nachtwyrd)}


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
