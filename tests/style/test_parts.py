"""No part of a logo vanishes, whatever its ink: each is readable in the result."""

import numpy as np
import pytest
from logos import SHALLOW, STYLE, picture
from PIL import Image, ImageDraw, ImageFont

from jaxtex.style import SharedTargets, load_network, make_job, resolve_settings, run_jobs
from jaxtex.style.metrics import Lettering

HEIGHT, WIDTH, ROW = 240, 384, 80
WORDS = ("NORDLICHT", "Harbour", "Mountain Gear", "ALDER", "Quillmark", "vesper", "TIMBER Co")


def logo(rng):
    """Two or three words below each other, each of one ink on white, and how many."""
    count = int(rng.integers(2, 4))
    page = Image.new("RGB", (WIDTH, ROW * count), "white")
    draw = ImageDraw.Draw(page)
    for index in range(count):
        # Of any lightness that one can see on white, of any hue.
        color = tuple(int(level) for level in rng.integers(0, 220, 3))
        font = ImageFont.load_default(size=int(rng.integers(34, 60)))
        draw.text(
            (WIDTH / 2, ROW * (index + 0.5)), str(rng.choice(WORDS)), fill=color, font=font,
            anchor="mm",
        )  # fmt: skip
    return np.asarray(page, np.float32) / 255, count


def readabilities(seeds, **options):
    logos = [logo(np.random.default_rng(seed)) for seed in seeds]
    settings = resolve_settings("steel", 0.5, size=WIDTH, **options)
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
@pytest.mark.parametrize("first", range(0, 200, 4))
def test_each_part_of_200_logos_is_readable(first):
    assert min(readabilities(range(first, first + 4))) >= 0.8
