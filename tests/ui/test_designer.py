"""A designer's way through the page of a stylisation, on the real server with the real models."""

import re
import time

import pytest
from browser import serving
from designer import band, bring, call, command, logo, run, wait_for_result, wait_for_step
from PIL import Image

from jaxtex.training import has_checkpoint


@pytest.fixture
def inputs(tmp_path):
    """A folder with the images, as a person who calls the command has them."""
    (tmp_path / "mark.png").write_bytes(logo())
    (tmp_path / "spikes.png").write_bytes(band())
    return tmp_path


def download(page, name, folder):
    """What a button or link of this name saves."""
    with page.expect_download() as waiting:
        page.locator(".downloads").get_by_text(name, exact=True).click()
    target = folder / f"saved-{waiting.value.suggested_filename}"
    waiting.value.save_as(target)
    return target


def test_from_two_files_to_the_same_bytes_as_the_command(server, page, inputs):
    bring(page, server, previews=True)
    # The strip comes by itself; the fourth is taken over.
    page.get_by_text("Previews of few pixels").wait_for()
    page.wait_for_function(
        """() => [...document.querySelectorAll(".card img")].slice(0, 5)
          .filter(each => each.naturalWidth === 160).length === 5"""
    )
    page.locator(".card", has_text="0.75").click()
    page.locator(".card[aria-pressed=true]", has_text="0.75").wait_for()

    run(page)
    wait_for_step(page, 4)
    page.get_by_role("button", name="Stop").click()
    page.get_by_text(re.compile(r"Stopped at step \d+ of 28")).wait_for()
    stopped = download(page, "PNG", inputs).read_bytes()
    page.get_by_role("button", name="Go on").click()
    wait_for_result(page)

    page.locator("input.slider").fill("40")
    clipped = page.locator("img.before").evaluate("image => image.style.clipPath")
    assert clipped == "inset(0px 60% 0px 0px)"
    page.get_by_role("group", name="Zoom").get_by_text("4×").click()
    page.locator("jx-compare[data-zoom='4']").wait_for()
    page.get_by_role("group", name="Ground").get_by_text("chequered").click()
    page.locator("jx-compare img.after[src*=transparent]").wait_for()
    page.locator(".gauge", has_text="Readability").wait_for()

    words = command(page)
    options = ["--size", "96", "--steps", "24", "--finish-steps", "4", "--strength", "0.75"]
    assert words == ["jaxtex", "stylize", "mark.png", "spikes.png", "-o", "out.png", *options]
    call([*words, "--svg", "out.svg", "--animate", "out.gif"], inputs)
    for name, suffix in (("PNG", "png"), ("SVG", "svg"), ("GIF", "gif")):
        saved = download(page, name, inputs).read_bytes()
        assert saved == (inputs / f"out.{suffix}").read_bytes(), name
    assert stopped != (inputs / "out.png").read_bytes()

    words[words.index("out.png")] = "clear.png"
    call([*words, "--background", "transparent"], inputs)
    saved = download(page, "Transparent PNG", inputs)
    assert saved.read_bytes() == (inputs / "clear.png").read_bytes()
    with Image.open(saved) as image:
        assert image.mode == "RGBA"

    (inputs / "preset.toml").write_text(page.locator("#command-preset").text_content())
    words = ["jaxtex", "stylize", "mark.png", "spikes.png", "-o", "again.png"]
    call([*words, "--preset", "preset.toml"], inputs)
    assert (inputs / "again.png").read_bytes() == (inputs / "out.png").read_bytes()


def test_a_reload_in_mid_run_loses_nothing(server, page):
    bring(page, server)
    run(page)
    wait_for_step(page, 2)
    page.reload()
    page.locator("jx-compare img.after[src*=frames]").wait_for()
    wait_for_result(page)


def test_a_run_in_another_tab_is_seen_in_this_one(server, context):
    one, other = context.new_page(), context.new_page()
    id = bring(one, server)
    other.goto(f"{server.address}/stylise/{id}")
    run(one)
    wait_for_step(other, 1)
    other.get_by_role("button", name="Stop").click()
    one.get_by_text(re.compile("Stopped at step")).wait_for()


def test_a_run_that_waits_says_its_place_and_leaves_the_queue(server, context):
    one, other = context.new_page(), context.new_page()
    bring(one, server)
    bring(other, server)
    run(one)
    wait_for_step(one, 0)
    run(other)
    other.get_by_text("Waits for the device: place 1.").wait_for()
    other.get_by_role("button", name="Leave the queue").click()
    other.get_by_role("button", name="Stylise", exact=True).wait_for()
    wait_for_result(one)


def test_what_was_begun_is_started_from_again(server, page):
    id = bring(page, server)
    run(page)
    wait_for_result(page)
    page.get_by_role("button", name="Start from this one").click()
    page.get_by_role("button", name="Stylise", exact=True).wait_for()
    assert id not in page.url
    assert page.locator("input[name=size]").input_value() == "96"


def test_a_killed_server_goes_on_to_the_same_bytes(tmp_path, inputs, browser_for):
    folder = tmp_path / "kept"
    with serving(folder) as first, browser_for(first) as page:
        # So many that it is not done before its first checkpoint.
        id = bring(page, first, steps=300)
        run(page)
        wait_for_step(page, 6)
        wait_for_checkpoint(folder / "runs" / id)
        first.end(9)
    with serving(folder) as second, browser_for(second) as page:
        page.goto(f"{second.address}/gallery")
        page.locator(".piece", has_text="can go on").get_by_role("link").click()
        page.get_by_text("The server ended while this ran.").wait_for()
        page.get_by_role("button", name="Go on").click()
        wait_for_result(page)
        words = command(page)
        call(words, inputs)
        saved = download(page, "PNG", inputs).read_bytes()
        assert saved == (inputs / "out.png").read_bytes()


def wait_for_checkpoint(run):
    """Waits until there is one that a run can go on from."""
    for _ in range(600):
        if has_checkpoint(run / "checkpoint"):
            return
        time.sleep(0.1)
    raise AssertionError("no checkpoint")


def test_what_the_images_do_not_allow_is_said_and_can_be_put_right(server, page):
    bring(page, server)
    size = page.locator("input[name=size]")
    size.fill("9")
    size.press("Tab")
    run(page)
    said = page.locator(".progress .refused", has_text="mark.png: 9×3 pixels")
    said.filter(has_text="too small").wait_for()
    # The form may have been made anew, folded.
    page.locator("details.group", has=size).evaluate("each => (each.open = true)")
    size.fill("96")
    size.press("Tab")
    run(page)
    wait_for_step(page, 0)
    page.get_by_role("button", name="Stop").click()
    page.get_by_text(re.compile("Stopped at step")).wait_for()


@pytest.mark.slow
def test_presets_are_compared_and_one_is_taken_over(server, page):
    bring(page, server, previews=True)
    page.locator("summary", has_text="Compare presets").click()
    for name in ("steel", "network-of-steel", "reference", "gatys"):
        page.locator(f".card img[src*='presets/{name}.png']").wait_for()
    page.locator(".presets").get_by_text("Previews of few pixels").wait_for()
    page.locator(".card", has_text="gatys").click()
    page.locator(".card[aria-pressed=true]", has_text="gatys").wait_for()
    page.get_by_text("has no such knob; steel has").wait_for()
