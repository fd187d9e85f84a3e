"""Planned jobs of tiny images, and what came of them."""

import functools
from pathlib import Path

import numpy as np
import pytest
from logos import SHALLOW, bars

from jaxtex import images
from jaxtex.jobs.manifest import Manifest, Row
from jaxtex.jobs.plan import plan
from jaxtex.jobs.request import load_inputs
from jaxtex.style.run import load_network, run_jobs
from jaxtex.style.stylize import make_result

TINY = {"layer": SHALLOW["layers"], "content_layer": SHALLOW["content_layer"], "size": 64,
        "steps": 6, "finish_steps": 0, "scales": 1, "margin": 4, "canvas": "grey"}  # fmt: skip


@functools.cache
def shared_network():
    return load_network()


@pytest.fixture(scope="session")
def network():
    return shared_network()


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with two contents of one shape, one of another, and two styles."""
    images.save_image(tmp_path / "c1.png", bars())
    images.save_image(tmp_path / "c2.png", bars()[:, ::-1])
    images.save_image(tmp_path / "tall.png", bars(64, 48))
    for seed in (1, 2):
        style = np.random.default_rng(seed).permutation(bars(30, 50))
        images.save_image(tmp_path / f"s{seed}.png", style)
    return tmp_path


@pytest.fixture
def planned(folder):
    """Plans rows of columns, with tiny settings where they say nothing."""

    def planned(*rows):
        manifest = Manifest(name="rows", folder=folder)
        for line, row in enumerate(rows, 1):
            values = {**TINY, **row}
            if isinstance(values["style"], str):
                values["style"] = (values["style"],)
            manifest.rows.append(Row(line, values))
        jobs, bad = plan(manifest, folder / "out")
        assert bad == []
        return jobs

    return planned


@pytest.fixture
def alone(network):
    """The picture of a planned job when it is run by itself."""

    def alone(job):
        made = load_inputs(job.files).make_job(job.settings, job.style_weights)
        (outcome,) = run_jobs([made], network=network)
        assert outcome.status == "done"
        return make_result(made, outcome, made.original).image

    return alone
