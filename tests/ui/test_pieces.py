"""Larger pieces of textures: asked for on the page, grown by the worker, kept in their folder."""

import io

import numpy as np
import pytest
from made_searches import make_search
from PIL import Image

from jaxtex.images import load_image, read_metadata
from jaxtex.texture.extend import seam_ratio
from jaxtex.ui.runs.searches import Searches

WAIT = 240_000


@pytest.fixture
def searches(tmp_path):
    make_search(tmp_path)
    return Searches(tmp_path / "textures")


def test_a_piece_has_a_copy_of_its_texture_and_is_found_again(searches):
    (kept,) = searches.kept()
    piece = searches.new_piece(kept, {"size": 512, "seamless": "x"})
    kept_bytes = kept.path.read_bytes()
    kept.path.unlink()
    assert piece.end(0).read_bytes() == kept_bytes
    assert piece.asked["name"] == kept.id
    assert searches.all_pieces() == [piece] == [searches.find_piece(piece.id)]
    assert piece.result.name == "x-512.png"
    piece.remove()
    assert searches.all_pieces() == []


@pytest.mark.parametrize("id", ["piece-0000000g", "strip-00000000", "../tray", "piece-00000000"])
def test_what_is_no_piece_is_not_found(searches, id):
    assert searches.find_piece(id) is None


@pytest.mark.parametrize("name", ["piece.json", "end-0.png", "../end-0.png", "x-512.jpg"])
def test_nothing_but_results_is_handed_out(searches, name):
    piece = searches.new_piece(searches.kept()[0], {"size": 512, "seamless": "x"})
    assert piece.file(name) is None
    piece.result.write_bytes(b"")
    assert piece.file("x-512.png") == piece.result


@pytest.mark.browser
def test_a_texture_of_the_tray_is_made_larger(server, page):
    make_search(server.folder)
    page.goto(f"{server.address}/textures/made")
    page.locator("jx-tray .cell").click()
    page.get_by_role("button", name="Make larger").click()
    piece = page.locator("#pieces article")
    piece.get_by_role("button", name="Stop").click()
    piece.get_by_role("button", name="Go on").wait_for(timeout=WAIT)
    # Another way to repeat begins at once; a smaller size than the page offers takes seconds.
    (made,) = Searches(server.folder / "textures").all_pieces()
    made.ask(size=64, seamless="y")
    page.reload()
    piece.get_by_role("button", name="Go on").click()
    piece.locator(".laid").wait_for(timeout=WAIT)
    with page.expect_download() as caught:
        piece.get_by_role("link", name="Save as PNG").click()
    data = caught.value.path().read_bytes()
    assert data == made.result.read_bytes()
    assert not made.checkpoint.exists()
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert picture.shape == (64, 64, 3)
    about = read_metadata(made.result)
    assert (about["command"], about["seamless"]) == ("texture extend", "y")
    ratio = seam_ratio(load_image(made.result).rgb)
    assert 0.9 < ratio.y < 1.1
    piece.get_by_role("button", name="Take away").click()
    piece.wait_for(state="detached")
    assert not made.folder.exists()
