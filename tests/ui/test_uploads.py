"""Files that come in: bad ones are refused in a sentence and not kept; masks, pastes, drops."""

import base64
import http.client
import io
import json
import re
import zlib
from urllib.parse import quote

import numpy as np
import pytest
from designer import band, file, logo
from kept_runs import keep
from PIL import Image

from jaxtex.ui.runs.asked import command_line
from jaxtex.ui.runs.run import Runs

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

RUN = "20260101-000000-00000"


def put(server, data, name, *, role="content", run=RUN + "0"):
    """Status and sentence of an upload."""
    host, port = server.address.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=120)
    try:
        connection.request("PUT", f"/api/runs/{run}/{role}?name={quote(name)}", body=data)
        answer = connection.getresponse()
        said = answer.read()
        is_json = answer.getheader("content-type") == "application/json"
        return answer.status, json.loads(said) if is_json else said
    finally:
        connection.close()


def bomb() -> bytes:
    """A PNG that says it has 100,000 pixels a side."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        ending = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + ending

    size = (100_000).to_bytes(4, "big")
    header = chunk(b"IHDR", size + size + bytes((8, 0, 0, 0, 0)))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def flat() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (64, 64), "#336699").save(data, "PNG")
    return data.getvalue()


BAD = {
    "empty.png": (b"", "the file is empty"),
    "note.txt": (b"not an image at all", "note.txt: "),
    "short.png": (logo()[:200], "damaged or cut short"),
    "bomb.png": (bomb(), "has more than the"),
    "flat.png": (flat(), "has a single colour"),
    "outside.svg": (
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" '
        b'width="64" height="64"><image x:href="file:///etc/passwd" width="9" height="9"/></svg>',
        "outside.svg: ",
    ),
    "page.html": (b"<html><script>alert(1)</script></html>", "page.html: "),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("role", ["content", "style"])
def test_a_bad_file_is_refused_in_a_sentence_and_not_kept(server, name, role):
    data, said = BAD[name]
    status, answer = put(server, data, name, role=role)
    assert status == 422
    assert answer["refused"].startswith(f"{name}: ")
    assert said in answer["refused"]
    assert str(server.folder) not in answer["refused"]
    assert not (server.folder / "runs" / f"{RUN}0").exists()


def test_a_name_that_is_markup_is_shown_as_it_is(server, page):
    page.goto(f"{server.address}/")
    name = "<img src=x onerror=alert(1)>.png"
    page.set_input_files("jx-drop[data-role=content] input", [file(name, b"nothing")])
    page.locator("p.said.refused", has_text="cannot").or_(
        page.locator("p.said.refused", has_text="image")
    ).first.wait_for()
    assert page.locator("img[src=x]").count() == 0


def test_a_refusal_is_shown_where_the_file_was_brought(server, page):
    page.goto(f"{server.address}/")
    page.set_input_files("jx-drop[data-role=style] input", [file("flat.png", flat())])
    said = page.locator("jx-drop[data-role=style] .said")
    said.filter(has_text="flat.png: the image has a single colour").wait_for()
    assert page.locator("jx-drop[data-role=content] .said").is_hidden()


def test_a_seventh_style_is_refused(server):
    for _ in range(6):
        assert put(server, band(), "band.png", role="style", run=f"{RUN}7")[0] == 200
    status, answer = put(server, band(), "band.png", role="style", run=f"{RUN}7")
    assert status == 422
    assert "6 styles already" in answer["refused"]


@pytest.mark.parametrize("role", ["result", "output", "..%2f..%2fx"])
def test_what_is_no_part_of_a_run_is_not_taken(server, role):
    assert put(server, logo(), "a.png", role=role)[0] in (404, 405)


def test_a_drawing_is_never_sent_back_as_one(server):
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="32">'
        b'<path d="M8 8h20v16H8z"/><path d="M36 8h20v16H36z"/></svg>'
    )
    run = f"{RUN}8"
    status, answer = put(server, drawing, "mark.svg", run=run)
    assert (status, answer) == (200, {"taken": True})
    host = server.address.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        connection.request("GET", f"/files/{run}/inputs/mark.svg")
        answer = connection.getresponse()
        assert answer.status == 404
        answer.read()
        connection.request("GET", f"/files/{run}/shown/mark_svg-image.png")
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    assert "sandbox" in answer.getheader("content-security-policy")
    with Image.open(io.BytesIO(data)) as image:
        assert np.asarray(image).shape[:2] == (320, 640)


def test_pasted_and_dropped_files_are_taken(server, page):
    page.goto(f"{server.address}/")
    page.locator("jx-drop").first.wait_for()
    send = """({ type, data, selector }) => {
      const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
      const files = new DataTransfer();
      files.items.add(new File([bytes], `${type}ed.png`, { type: "image/png" }));
      const event = type === "paste"
        ? new ClipboardEvent("paste", { clipboardData: files, bubbles: true })
        : new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true });
      document.querySelector(selector).dispatchEvent(event);
    }"""

    data = base64.b64encode(logo()).decode()
    page.evaluate(send, {"type": "paste", "data": data, "selector": "body"})
    page.locator("figcaption", has_text="pasteed.png").wait_for()
    selector = "jx-drop[data-role=style]"
    page.evaluate(send, {"type": "drop", "data": data, "selector": selector})
    page.locator("figcaption", has_text="droped.png").wait_for()


def test_a_style_may_be_said_to_be_a_texture_and_back(server, page):
    page.goto(f"{server.address}/")
    page.set_input_files("jx-drop[data-role=style] input", [file("band.png", band())])
    page.locator("summary", has_text="Not right?").click()
    page.locator(".wrong select").select_option("texture")
    page.get_by_text("Taken for a texture").wait_for()
    page.locator("summary", has_text="Not right?").click()
    page.locator(".wrong select").select_option("auto")
    page.get_by_text("Taken for lettering on a plain ground").wait_for()


def test_a_mask_is_painted_by_hand_and_forgotten(server, page):
    page.goto(f"{server.address}/")
    page.set_input_files("jx-drop[data-role=style] input", [file("band.png", band())])
    page.locator("summary", has_text="Not right?").click()
    before = page.locator(".pair .ink img").get_attribute("src")
    page.get_by_role("button", name="Paint the mask").click()
    page.get_by_role("button", name="Clear").click()
    box = page.locator("dialog canvas").bounding_box()
    x, y = box["x"] + box["width"] / 3, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] / 3, y, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Use this mask").click()
    page.get_by_text("A mask by hand says what is lettering.").wait_for()
    run = server.folder / "runs" / page.url.rpartition("/")[2]
    masks = list((run / "inputs").glob("mask*.png"))
    with Image.open(masks[0]) as image:
        white = np.asarray(image.convert("L")) > 128
    # A stroke through the middle third, as wide as the brush.
    assert 0.01 < white.mean() < 0.4
    assert white[48, 60:100].all()
    assert page.locator(".pair .ink img").get_attribute("src") != before
    page.get_by_role("button", name="Forget the mask").click()
    page.get_by_text("A mask by hand says").wait_for(state="hidden")
    assert not list((run / "inputs").glob("mask*.png"))


def test_a_mask_is_painted_by_keys(server, page):
    page.goto(f"{server.address}/")
    page.set_input_files("jx-drop[data-role=style] input", [file("band.png", band())])
    page.locator("summary", has_text="Not right?").click()
    page.get_by_role("button", name="Paint the mask").focus()
    page.keyboard.press("Enter")
    canvas = page.get_by_role("application", name="White is lettering")
    expect(canvas).to_be_focused()
    page.get_by_role("button", name="Clear").click()
    canvas.focus()
    for key in ("]", "]", "["):
        page.keyboard.press(key)
    page.keyboard.press("ArrowUp")
    where = page.locator("dialog .where")
    expect(where).to_have_text(re.compile(r"50 % across, [1-4]\d % down, brush 24: no lettering"))
    page.keyboard.press("Space")
    expect(where).to_have_text(re.compile("brush 24: lettering"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(where).to_have_text(re.compile("brush 24: no lettering"))
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.get_by_role("button", name="Use this mask").click()
    page.get_by_text("A mask by hand says what is lettering.").wait_for()
    run = server.folder / "runs" / page.url.rpartition("/")[2]
    (mask,) = (run / "inputs").glob("mask*.png")
    with Image.open(mask) as image:
        white = np.asarray(image.convert("L")) > 128
    # A dot above the middle, and a line to the right below it.
    height, width = white.shape
    assert white[: height // 2, width // 2].any()
    assert white[height // 2 :, width // 2 + width // 20 :].any()
    assert not white[:, : width // 4].any()


def test_a_run_that_was_begun_keeps_its_images(server):
    run = keep(server.folder)
    status, answer = put(server, logo(), "other.png", run=run.id)
    assert status == 422
    assert answer["refused"].startswith("other.png: this run was begun")
    assert run.request["content"] == "mark.png"


def test_a_mask_and_a_start_image_are_part_of_the_command(server, page):
    page.goto(f"{server.address}/")
    page.locator("summary", has_text="A mask, a picture to start from").click()
    for role in ("mask", "init"):
        page.set_input_files(f"jx-drop[data-role={role}] input", [file(f"{role}.png", band())])
        page.locator("figcaption", has_text=f"{role}.png").wait_for()
    run = Runs(server.folder / "runs").find(page.url.rpartition("/")[2])
    run.ask(content="a.png", styles=["b.png"])
    words = command_line(run).split()
    assert words[-4:] == ["--mask", "mask.png", "--init", "init.png"]
