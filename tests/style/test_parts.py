"""No part of a logo vanishes, whatever its ink: each is readable in the result."""

import numpy as np
import pytest
from logos import SHALLOW, STYLE, picture
from PIL import Image, ImageDraw, ImageFont

from jaxtex.style import SharedTargets, load_network, make_job, resolve_settings, run_jobs
from jaxtex.style.metrics import Lettering

WIDTH, ROW = 192, 40
# A fifth of the default's steps: with all of them it takes five times as long, and a part's
# readability is 0.01 to 0.04 less.
FEW = {"steps": 30, "finish_steps": 6}
WORDS = ("NORDLICHT", "Harbour", "Mountain Gear", "ALDER", "Quillmark", "vesper", "TIMBER Co")


def logo(seed):
    """Two or three words below each other, each of one ink on white, and how many."""
    rng = np.random.default_rng(seed)
    count = 2 + seed % 2
    page = Image.new("RGB", (WIDTH, ROW * count), "white")
    draw = ImageDraw.Draw(page)
    for index in range(count):
        # Of any lightness that one can see on white, of any hue.
        color = tuple(int(level) for level in rng.integers(0, 220, 3))
        font = ImageFont.load_default(size=int(rng.integers(17, 30)))
        draw.text(
            (WIDTH / 2, ROW * (index + 0.5)), str(rng.choice(WORDS)), fill=color, font=font,
            anchor="mm",
        )  # fmt: skip
    return np.asarray(page, np.float32) / 255, count


def readabilities(seeds, **options):
    logos = [logo(seed) for seed in seeds]
    settings = resolve_settings("steel", 0.5, size=WIDTH, margin=8, **options)
    jobs = [make_job(settings, content, [picture(STYLE)]) for content, _ in logos]
    assert {job.canvas for job in jobs} == {"ink"}
    found = []
    shared = SharedTargets(load_network())
    for job, outcome, (content, count) in zip(
        jobs, run_jobs(jobs, shared=shared), logos, strict=True
    ):
        result = job.picture(outcome.levels)
        for index in range(count):
            row = np.s_[ROW * index : ROW * (index + 1)]
            found.append(Lettering(content[row]).readability(result[row]).readability)
    return found


def test_each_part_of_a_few_logos_is_readable():
    # So few steps that a part could only vanish by being none.
    found = readabilities(range(2), **SHALLOW, steps=4, finish_steps=2, scales=1)
    assert min(found) >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize("first", range(50))
def test_each_part_of_200_logos_is_readable(first):
    # Four of one shape, which run as one batch.
    assert min(readabilities(range(first, 200, 50), **FEW)) >= 0.8
