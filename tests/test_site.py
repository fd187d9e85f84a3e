"""What `.ci/run` asks of the built site: it finds what is wrong with one."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "docs" / "check_site.py"
PAGES = {
    "index.html": '<a href="reference/a.html">a</a> <img src="picture.png"> <a href="#top">t</a>',
    "reference/a.html": '<a href="#jaxtex.near">near</a> <p id="jaxtex.near"><a href="b.html"></a>',
    "reference/b.html": '<a href="#jaxtex.far">far</a> <p id="jaxtex.far">',
    "picture.png": "",
}


@pytest.fixture
def check():
    spec = importlib.util.spec_from_file_location("check_site", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def site(check, tmp_path):
    def site(**changes: str):
        for name, text in (
            PAGES | {f"reference/{key}.html": changes[key] for key in changes}
        ).items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        return check.Site(tmp_path)

    return site


def test_a_whole_site_has_no_problem(site):
    assert site().problems() == []


def test_places_are_within_two_clicks_or_not(site):
    found = site().within_two_clicks()
    assert "jaxtex.near" in found
    assert "jaxtex.far" not in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<a href="c.html">c</a>', "the link c.html leads nowhere"),
        ('<a href="a.html#x">x</a>', "the link a.html#x leads to no such place"),
        ('<img src="../gone.png">', "../gone.png is missing"),
        ('<script src="https://cdn.example/a.js"></script>', "is fetched from elsewhere"),
        ("<b>x: ~collections.abc.Callable</b>", "~collections.abc is shown"),
        ("<b>x: Float32[jaxlib._jax.Array]</b>", "jaxlib._jax is shown"),
        ("<b>x = &lt;function f&gt;</b>", "<function f is shown"),
    ],
)
def test_what_is_wrong_is_told_with_its_page(site, text, said):
    (problem,) = site(b=text).problems()
    assert problem.startswith("reference/b.html: ")
    assert said in problem


def test_public_names_are_asked_for(check):
    names = check.public_names()
    assert {"jaxtex.stylize", "jaxtex.textures.Search", "jaxtex.msgnet.apply"} <= names
    assert "jaxtex.textures" not in names
