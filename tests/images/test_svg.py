"""SVG input: what is drawn, and what of an untrusted file is refused."""

import base64
import gzip
import importlib.util
import io
import re
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from jaxtex import images
from jaxtex.errors import ImageError
from jaxtex.images import svg

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
SQUARE = '<rect x="10" y="5" width="20" height="10" fill="#ff8000"/>'


def drawing(body: str = SQUARE, size: str = 'viewBox="0 0 40 20"', prolog: str = "") -> str:
    return f"{prolog}{OPEN} {size}>{body}</svg>"


@pytest.fixture
def load(tmp_path):
    def load(text: str | bytes, **options):
        path = tmp_path / "logo.svg"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return images.load_image(path, **options)

    return load


def embedded(kind: str) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (255, 128, 0)).save(buffer, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def test_a_drawing_becomes_pixels_with_its_transparency_as_alpha(load):
    found = load(drawing(), svg_size=80)
    assert found.rgb.shape == (40, 80, 3)
    alpha = np.zeros((40, 80), np.float32)
    alpha[10:30, 20:60] = 1
    np.testing.assert_array_equal(found.alpha, alpha)
    np.testing.assert_allclose(found.rgb[20, 40], [1, 128 / 255, 0], atol=1e-6)
    np.testing.assert_array_equal(found.rgb[0, 0], [1, 1, 1])


def test_a_drawing_is_composited_on_the_background(load):
    found = load(drawing('<path d="M0 0h40v20z" fill-opacity="0.5"/>'), background="#0000ff")
    np.testing.assert_allclose(found.rgb[100, 1800], [0, 0, 0.5], atol=0.01)
    np.testing.assert_array_equal(found.rgb[-1, 0], [0, 0, 1])


def test_an_opaque_drawing_has_no_alpha(load):
    assert load(drawing('<rect width="40" height="20"/>' + SQUARE), svg_size=40).alpha is None


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ('viewBox="0 0 40 20"', (1024, 2048)),
        ('width="20" height="40"', (2048, 1024)),
        ('width="20mm" height="5mm"', (512, 2048)),
        ('width="100%" height="100%" viewBox="0 0 40 20"', (1024, 2048)),
        ('viewBox="0,0,4e6,4e6"', (2048, 2048)),
        ('viewBox="0 0 1e-2 1e-2"', (2048, 2048)),
    ],
)
def test_the_longer_side_has_2048_pixels_whatever_the_units(load, size, shape):
    found = load(drawing('<rect width="100%" height="50%"/>', size))
    assert found.rgb.shape == (*shape, 3)
    assert found.alpha[0, 0] == 1
    assert found.alpha[-1, 0] == 0


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ('viewBox="0 0 10 2.4"', (96, 400)),
        ('viewBox="0 0 1.2 0.4"', (133, 400)),
        ('width="1.2" height="0.4" viewBox="0 0 1.2 0.4"', (133, 400)),
        ('width="1.2in" height="0.4in"', (133, 400)),
        ('width="0.3" height="1.2"', (400, 100)),
        ('width="7" viewBox="-3 5 10 2.4"', (96, 400)),
        ('height="2e-3" viewBox="0 0 10 2.4"', (96, 400)),
        ('viewBox="0 0 1e-5 2e-5"', (400, 200)),
        ("viewBox = '0 0 1e5 33333.3'\n", (133, 400)),
    ],
)
def test_a_small_or_fractional_size_keeps_its_shape_and_nothing_is_cut(load, size, shape):
    edges = "".join(
        f'<rect x="{x}" y="{y}" width="1%" height="1%" transform="scale(1)"/>'
        for x, y in (("0", "0"), ("99%", "99%"))
    )
    stretched = 'viewBox="0 0 1 1" preserveAspectRatio="none"'
    body = f'<svg {stretched} width="100%" height="100%">{edges}</svg>'
    if "-3 5" in size:
        body = f'<svg {stretched} x="-3" y="5" width="10" height="2.4">{edges}</svg>'
    found = load(drawing(body, size), svg_size=400)
    assert found.rgb.shape == (*shape, 3)
    assert found.alpha[0, 0] > 0.2
    assert found.alpha[-1, -1] > 0.2
    assert found.alpha[0, -1] == 0


def test_a_drawing_s_own_way_of_fitting_is_kept(load):
    body = '<rect width="20" height="20"/>'
    found = load(drawing(body, 'width="40" height="20" viewBox="0 0 20 20"'), svg_size=40)
    np.testing.assert_array_equal(found.alpha[10, [5, 15, 25, 35]], [0, 1, 1, 0])
    stretched = drawing(
        body, 'preserveAspectRatio="none" width="40" height="20" viewBox="0 0 20 20"'
    )
    assert load(stretched, svg_size=40).alpha is None


BLUE = (0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    "body",
    [
        '<rect width="40" height="20" style="fill:var(--x,#00f)"/>',
        '<rect width="40" height="20" fill="var( --x , #00f )"/>',
        '<style>*{fill:var(--ink)} svg{--ink:blue}</style><rect width="40" height="20"/>',
        '<g style="--a:var(--b);--b:rgb(0,0,255)"><rect width="40" height="20" '
        'style="fill:var(--a)"/></g>',
        '<rect width="40" height="20" style="fill:var(--x,var(--y,rgb(0,0,255)))"/>',
    ],
)
def test_variables_of_css_have_their_values(load, body):
    found = load(drawing(body), svg_size=40)
    np.testing.assert_allclose(found.rgb[10, 20], BLUE, atol=0.01)


@pytest.mark.parametrize(
    "root",
    ['style="background:#00f"', "style='color:red; background-color : blue'",
     'style="background:var(--x,#00f)"'],
)  # fmt: skip
def test_the_background_of_the_drawing_is_painted(load, root):
    found = load(drawing(size=f'viewBox="-9 3 40 20" {root}'), svg_size=40)
    np.testing.assert_allclose(found.rgb[0, 0], BLUE, atol=0.01)
    assert found.alpha is None


def test_a_background_in_a_style_sheet_is_painted_and_none_is_none(load):
    found = load(drawing(f"<style>rect{{}} svg {{ background: blue }}</style>{SQUARE}"))
    np.testing.assert_allclose(found.rgb[0, 0], BLUE, atol=0.01)
    assert load(drawing(size='viewBox="0 0 40 20" style="background:none"')).alpha[0, 0] == 0


def test_a_compressed_drawing_is_read(load, tmp_path):
    plain = drawing().encode()
    found = load(gzip.compress(plain), svg_size=80)
    np.testing.assert_array_equal(found.rgb, load(plain, svg_size=80).rgb)
    (tmp_path / "logo.svgz").write_bytes(gzip.compress(plain))
    assert [path.name for path in images.find_images([tmp_path])] == ["logo.svg", "logo.svgz"]


@pytest.mark.parametrize(
    "body",
    [
        '<text display="none">Hi</text>',
        '<g style="fill:red; display: none"><text>Hi</text></g>',
        '<defs><text id="t">Hi</text></defs>',
        '<defs><g id="a"><text>Hi</text></g><path id="b"/></defs><use xlink:href="#b"/>',
        '<symbol id="s"><text>Hi</text></symbol>',
    ],
)
def test_text_that_is_not_seen_is_no_obstacle(load, body):
    assert load(drawing(body + SQUARE), svg_size=40).alpha.max() == 1


def test_a_size_beyond_8192_is_drawn_with_8192(load):
    found = load(drawing(size='viewBox="0 0 2000 20"'), svg_size=100_000)
    assert found.rgb.shape == (82, 8192, 3)


@pytest.mark.parametrize(
    ("prolog", "encoding"),
    [
        ("", "utf-8"),
        ("", "utf-8-sig"),
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "utf-8-sig"),
        ('<?xml version="1.0" encoding="UTF-16"?>\n', "utf-16"),
        ('<?xml version="1.0" encoding="iso-8859-1"?>\n<!-- Ä -->', "latin-1"),
        ('<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd">', "utf-8"),
        ('<!DOCTYPE svg [<!ENTITY tone "#ff8000">]>', "ascii"),
    ],
)
def test_encodings_and_prologues_of_real_editors_are_read(load, prolog, encoding):
    body = SQUARE.replace("#ff8000", "&tone;") if "ENTITY" in prolog else SQUARE
    found = load(drawing(body, prolog=prolog).encode(encoding), svg_size=40)
    np.testing.assert_allclose(found.rgb[10, 20], [1, 128 / 255, 0], atol=1e-6)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_embedded_pixels_are_drawn(load, kind):
    body = f'<image xlink:href="{embedded(kind)}" x="10" width="20" height="20"/>'
    found = load(drawing(body), svg_size=40)
    np.testing.assert_allclose(found.rgb[10, 20], [1, 128 / 255, 0], atol=0.02)


def test_links_metadata_and_empty_text_are_no_obstacle(load):
    body = (
        '<metadata><r:type xmlns:r="http://rdf" href="http://purl.org/StillImage"/></metadata>'
        f'<a xlink:href="https://example.com">{SQUARE}</a><text> \n</text><use href="#none"/>'
    )
    assert load(drawing(body), svg_size=40).alpha.max() == 1


# Bad drawings

BOMB = "<!DOCTYPE svg [<!ENTITY a 'aaaaaaaaaa'>{}]>".format(
    "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
)
OUTSIDE = '<!DOCTYPE svg [<!ENTITY x SYSTEM "/etc/passwd">]>'
NESTED = "<g>" * 100_000 + SQUARE + "</g>" * 100_000
BILLION = '<g id="a0"><rect width="1" height="1"/></g>' + "".join(
    f'<g id="a{i + 1}">{f"<use xlink:href={chr(34)}#a{i}{chr(34)}/>" * 10}</g>' for i in range(12)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<svg/>", "has no size; give its first element a viewBox"),
        (drawing(size=""), "has no size"),
        (drawing(size='width="40"'), "has no size"),
        (drawing(size='width="100%" height="100%"'), "has no size"),
        (drawing(size='viewBox="0 0 40 0"'), "has no size"),
        (drawing(size='viewBox="0 0 40"'), "has no size"),
        (drawing(size='width="40" height="0"'), "cannot be drawn"),
        (drawing()[:-6], "is damaged or cut short"),
        (drawing()[:60], "is damaged or cut short"),
        (drawing("<g></h>"), "is damaged or cut short"),
        (drawing(f"<title>{'Ä'}</title>").encode("latin-1"), "is not text in utf-8"),
        ('<?xml version="1.0" encoding="klingon"?>' + drawing(), "is not text in klingon"),
        ("<html><svg></svg></html>", "is XML, but not SVG: its first element is 'html'"),
        (drawing(""), "is fully transparent"),
        (drawing('<text y="9">Hi</text>'), "has text, which needs fonts; turn it into paths"),
        (drawing('<text y="9"><tspan>Hi</tspan></text>'), "has text"),
        (drawing('<defs><text id="t">Hi</text></defs><use xlink:href="#t"/>'), "has text"),
        (drawing('<mask id="m"><text>Hi</text></mask><g mask="url(#m)"/>'), "has text"),
        (drawing('<path style="fill:var(--x)"/>'), "variable --x, which it does not define"),
        (drawing('<g style="--x:red"/><path style="--x:blue;fill:var(--x)"/>'), "several values"),
        (drawing('<g style="--x:var(--x)"/><path style="fill:var(--x)"/>'), "without end"),
        (
            drawing(size='viewBox="0 0 4 2" style="background:url(a.png)"'),
            "no colour; draw it",
        ),
        (gzip.compress(drawing().encode() + b" " * 2**25, mtime=0), "is larger than 32 MiB"),
        (gzip.compress(drawing().encode(), mtime=0)[:50], "is damaged or cut short"),
        (drawing("<title>&i;</title>", prolog=BOMB), "is damaged or cut short"),
        (drawing("<title>&d;</title>", prolog=BOMB), "entity reference loop"),
        (
            drawing(
                "<title>&x;</title>", prolog='<!DOCTYPE svg [<!ENTITY x SYSTEM "/etc/passwd">]>'
            ),
            "unknown entity",
        ),
        (drawing(NESTED), "has elements in elements, more than 250 deep"),
        (drawing(BILLION), "nodes limit"),
        (drawing() + " " * 2**25, "is larger than 32 MiB"),
    ],
)
def test_a_bad_drawing_is_refused_in_one_line(load, text, message):
    with pytest.raises(ImageError, match=rf"logo\.svg: .*{re.escape(message)}") as error:
        load(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "body",
    [
        '<image href="{}"/>',
        '<image xlink:href="file://{}"/>',
        '<image href="https://example.com/logo.png"/>',
        '<image href="data:image/svg+xml;base64,PHN2Zy8+"/>',
        '<image href="data:text/plain;base64,PHN2Zy8+"/>',
        '<filter id="f"><feImage href="{}"/></filter>',
        '<use href="{}#part"/>',
    ],
)
def test_what_lies_outside_the_drawing_is_refused(load, tmp_path, body):
    Image.new("RGB", (9, 9)).save(tmp_path / "other.png")
    with pytest.raises(ImageError, match="what it shows must be part of it"):
        load(drawing(SQUARE + body.format(tmp_path / "other.png")))


@pytest.mark.skipif(sys.platform == "win32", reason="needs the limits of POSIX")
def test_the_process_that_draws_can_open_no_file_and_no_connection(tmp_path):
    script = f"""
import socket, sys
sys.path.insert(0, {str(svg._PROGRAM.parent)!r})
import _resvg
_resvg._limit(2**31)
for attempt in (lambda: open({str(svg._PROGRAM)!r}), socket.socket):
    try:
        attempt()
    except OSError as error:
        print(error.strerror)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["Too many open files"] * 2, done.stderr


def test_a_drawing_that_takes_too_long_is_stopped(load, monkeypatch):
    monkeypatch.setattr(svg, "SECONDS", 1.0)
    endless = '<filter id="f"><feTurbulence baseFrequency="1" numOctaves="100000000"/></filter>'
    began = time.monotonic()
    with pytest.raises(ImageError, match="takes more than 1 s to draw"):
        load(drawing(endless + SQUARE.replace("/>", ' filter="url(#f)"/>')))
    assert time.monotonic() - began < 20


def test_a_crash_of_the_process_that_draws_is_an_error_of_the_file(load, monkeypatch, tmp_path):
    program = tmp_path / "crash.py"
    program.write_text("import os; os.abort()")
    monkeypatch.setattr(svg, "_PROGRAM", program)
    with pytest.raises(ImageError, match="too much memory or time"):
        load(drawing())
    program.write_text("import no_such_module")
    with pytest.raises(ImageError, match=r"cannot be drawn \(ModuleNotFoundError: .*no_such"):
        load(drawing())


def test_without_the_extra_it_says_what_to_install(load, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "resvg_py" else find_spec(name)
    )
    with pytest.raises(ImageError, match=r"logo\.svg: is an SVG drawing; install jaxtex\[svg\]"):
        load(drawing())


def test_other_text_is_not_taken_for_a_drawing():
    assert not svg.is_svg(b"\x89PNG <svg")
    assert not svg.is_svg(b"a story of <svg")
    assert not svg.is_svg(b"<html></html>")
    assert svg.is_svg(b"\xef\xbb\xbf \n<!-- made by hand --><svg")
