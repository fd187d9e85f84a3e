"""What a designer does on the page of a stylisation, for the tests of `jaxtex ui`."""

import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
from browser import ROOT
from PIL import Image, ImageDraw

RESULT, FINISH = {"size": "96"}, {"finish_steps": "4"}


def logo() -> bytes:
    """A small black mark on white: a ring and a bar."""
    image = Image.new("RGB", (240, 80), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((10, 10, 70, 70), outline="black", width=16)
    for left in (90, 140, 190):
        draw.rectangle((left, 12, left + 20, 68), fill="black")
    return _png(image)


def band() -> bytes:
    """Spikes on white: lettering of a kind."""
    image = Image.new("RGB", (160, 96), "white")
    draw = ImageDraw.Draw(image)
    for x in range(8, 150, 24):
        draw.polygon([(x, 90), (x + 9, 6), (x + 18, 90)], fill="black")
    return _png(image)


def noise() -> bytes:
    """Something to look at that is neither."""
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    return _png(Image.fromarray(pixels))


def _png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def file(name: str, data: bytes) -> dict:
    """As Playwright chooses a file."""
    return {"name": name, "mimeType": "image/png", "buffer": data}


def bring(page, server, *, previews=False, steps=24) -> str:
    """Opens a new page, sets options, brings a logo and a style; returns the run's name.

    Without `previews` it is of a preset that has no strengths to be compared.
    """
    page.goto(f"{server.address}/")
    options = {"The result": RESULT, "The run": {"steps": str(steps), **FINISH}}
    look = {} if previews else {"The look": {"preset": "reference"}}
    for group, values in (options | look).items():
        page.locator("summary", has_text=group).click()
        for field, value in values.items():
            page.locator(f"input[name={field}]").fill(value)
            page.locator(f"input[name={field}]").press("Tab")
        page.locator("summary", has_text=f"{group}{len(values)} set").wait_for()
    for role, name, data in (("content", "mark.png", logo()), ("style", "spikes.png", band())):
        page.set_input_files(f"jx-drop[data-role={role}] input", [file(name, data)])
        page.locator("figcaption", has_text=name).wait_for()
    page.wait_for_url(re.compile("/stylise/"))
    return page.url.rpartition("/")[2]


def run(page) -> None:
    """Begins the run."""
    page.get_by_role("button", name="Stylise", exact=True).click()


def wait_for_step(page, least: int) -> None:
    """Waits until the page says a step of `least` or more."""
    page.wait_for_function(
        """least => {
          const said = document.querySelector('.progress p[role=status]')?.textContent ?? "";
          return Number((said.match(/Step (\\d+) of/) ?? [])[1] ?? -1) >= least;
        }""",
        arg=least,
    )


def wait_for_result(page) -> None:
    """Waits for the end of the run."""
    page.get_by_text(re.compile(r"pixels, \d+ steps in")).wait_for()


def command(page) -> list[str]:
    """The words of the command that the page shows."""
    page.locator("summary", has_text="As a command").wait_for()
    return shlex.split(page.locator("#command-line").text_content())


def call(words: list[str], folder: Path) -> None:
    """Runs a command of the page's in a folder."""
    assert words[0] == "jaxtex"
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *words[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
