"""Pages of HTML that hold their pictures themselves and ask for nothing from elsewhere."""

import base64
import html
import io

import numpy as np
from jaxtyping import Float32
from PIL import Image

from jaxtex.images.arrays import fit, resize
from jaxtex.images.transparency import on_checkerboard

SIDE = 512
"""The longer side, in pixels, of the pictures on a page, at most."""


def document(title: str, body: str) -> str:
    """A whole page; `body` is HTML, `title` is text."""
    return _PAGE.format(title=html.escape(title), style=_STYLE, body=body)


def webp(picture: Float32[np.ndarray, "_ _ _"], side: int = SIDE) -> str:
    """A picture in [0, 1] as the source of an `img`, no larger than `side`.

    What is transparent in one with straight alpha is a checkerboard.
    """
    picture = on_checkerboard(picture)
    height, width = picture.shape[:2]
    if max(height, width) > side:
        height, width = fit(height, width, side)
        picture = resize(picture, height, width)
    written = io.BytesIO()
    pixels = Image.fromarray(np.rint(picture * 255).astype(np.uint8))
    pixels.save(written, "WEBP", quality=90, method=4)
    return data_url("image/webp", written.getvalue())


def data_url(kind: str, content: bytes) -> str:
    """Bytes of a media type as a URL."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fbfbf9; --line: #d8d6d0;
  --soft: #6b6862; --mark: #b3541e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --paper: #191817; --line: #3d3a36;
  --soft: #a09b93; --mark: #f0a060; } }
body { margin: 2rem auto; max-width: 78rem; padding: 0 1rem; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .25rem; }
p { max-width: 46rem; } figure { margin: 0; }
figcaption { font-size: .8rem; color: var(--soft); }
img { max-width: 100%; height: auto; background: #fff; border: 1px solid var(--line); }
.plot { padding: .5rem; }
.pair { display: flex; flex-wrap: wrap; gap: 1rem; } .pair img { max-height: 9rem; width: auto; }
.wide { overflow-x: auto; } table { border-collapse: collapse; }
.grid { table-layout: fixed; width: 100%; min-width: 40rem; }
.grid td { padding: .4rem; vertical-align: top; } .grid tr > :first-child { width: 7rem; }
.grid th { padding: .4rem; font-weight: 600; font-size: .85rem; text-align: left;
  white-space: nowrap; }
.grid figure, .grid td img { width: 100%; } .best img { outline: 2px solid var(--mark); }
.star, .note { color: var(--mark); }
.figures { font-size: .8rem; font-variant-numeric: tabular-nums; }
.figures th, .figures td { padding: .15rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); } .figures th[scope=row] { text-align: left; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1rem; }
.gallery img { width: 100%; } figcaption { overflow-wrap: anywhere; }
.reasons th, .reasons td { padding: .2rem .8rem .2rem 0; text-align: left; font-size: .85rem; }
.settings { columns: 16rem; font-size: .85rem; color: var(--soft); padding-left: 1rem; }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""
