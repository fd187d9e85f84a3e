"""Planned jobs of tiny images, and what came of them."""

import functools
from pathlib import Path

import pytest
from tiny_jobs import TINY, make_images

from jaxtex.jobs.engines.local import LocalEngine
from jaxtex.jobs.kinds.plan import plan
from jaxtex.jobs.manifests.manifest import Manifest, Row
from jaxtex.jobs.requests.inputs import load_inputs
from jaxtex.style import load_network, make_result, run_jobs


@functools.cache
def shared_network():
    return load_network()


@pytest.fixture(scope="session")
def network():
    return shared_network()


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with the images of `make_images`."""
    make_images(tmp_path)
    return tmp_path


@pytest.fixture
def planned(folder):
    """Plans rows of columns; stylisations have tiny settings where they say nothing."""

    def planned(*rows):
        manifest = Manifest(name="rows", folder=folder)
        for line, row in enumerate(rows, 1):
            values = {**TINY, **row} if "job" not in row else dict(row)
            if isinstance(values.get("style"), str):
                values["style"] = (values["style"],)
            manifest.rows.append(Row(line, values))
        jobs, bad = plan(manifest, folder / "out")
        assert bad == []
        return jobs

    return planned


@pytest.fixture
def engine(network):
    """Runs planned jobs; gives what came of each by its output, and the states that were told."""

    def engine(jobs, **options):
        found, states = {}, []

        def deliver(each):
            found[each.job.output] = each

        options = {"network": lambda: network, "report": states.append} | options
        made = LocalEngine(deliver=deliver, **options)
        engine.whole = made.run(jobs)
        engine.last = made
        engine.states = states
        return found

    return engine


@pytest.fixture
def alone(network):
    """The picture of a planned job when it is run by itself."""

    def alone(job):
        made = load_inputs(job.files).make_job(job.settings, job.style_weights)
        (outcome,) = run_jobs([made], network=network)
        assert outcome.status == "done"
        return make_result(made, outcome).image

    return alone
