"""A server for a file of tests, and a page of it in a browser that minds what it asks for."""

from contextlib import contextmanager

import pytest
from browser import CHROMIUM, browsing, serving

pytest.importorskip("nicegui", reason="NiceGUI is not installed: pip install 'jaxtex[ui]'")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Marks the tests that open a page."""
    for item in items:
        if {"page", "context", "browser_for"} & set(item.fixturenames):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One with an empty folder."""
    with serving(tmp_path_factory.mktemp("ui")) as started:
        yield started


@pytest.fixture
def browser_for():
    """Opens a page for a server; what follows is not looked at once the server has ended."""
    _need_a_browser()

    @contextmanager
    def open_page(server):
        with browsing(server.address) as (made, recorder):
            yield made.new_page()
            if server.process.poll() is None:
                recorder.check()

    return open_page


@pytest.fixture
def context(server):
    """A browser's context; the test fails where it asks another host or meets an error."""
    _need_a_browser()
    with browsing(server.address) as (made, recorder):
        yield made
        recorder.check()


@pytest.fixture
def page(context):
    """A page that is not anywhere yet."""
    return context.new_page()


def _need_a_browser():
    pytest.importorskip("playwright", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium here")
