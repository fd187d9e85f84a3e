"""A server for a file of tests, and a page of it in a browser that minds what it asks for."""

import pytest
from browser import CHROMIUM, browsing, serving

pytest.importorskip("nicegui", reason="NiceGUI is not installed: pip install 'jaxtex[ui]'")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One with an empty folder."""
    with serving(tmp_path_factory.mktemp("ui")) as started:
        yield started


@pytest.fixture
def context(server):
    """A browser's context; the test fails where it asks another host or meets an error."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium here")
    with browsing(server.address) as (made, recorder):
        yield made
        recorder.check()


@pytest.fixture
def page(context):
    """A page that is not anywhere yet."""
    return context.new_page()
