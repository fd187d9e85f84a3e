"""What is published says the same everywhere."""

import re
import tomllib
from pathlib import Path

import jaxtex

ROOT = Path(__file__).parents[1]
_SAID = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = _SAID["project"]
WHEEL = _SAID["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]


def test_the_citation_has_the_version_and_both_papers():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.*)$", text, re.MULTILINE)[1] == jaxtex.__version__
    assert "Network of Steel" in text
    assert "Searching Direction Selection" in text


def test_every_licence_goes_with_the_package():
    files = [path for pattern in PROJECT["license-files"] for path in ROOT.glob(pattern)]
    assert {ROOT / "LICENSE", *(ROOT / "examples" / "fonts").glob("*OFL.txt")} == set(files)
    assert {"weights", "examples/SOURCES.md"} <= set(WHEEL)
    assert (ROOT / "weights" / "SOURCES.md").is_file()


def test_every_public_name_is_in_the_reference():
    pages = (ROOT / "docs" / "reference").glob("*.md")
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    listed = set(re.findall(r":: (jaxtex\.[\w.]+)", text))
    names = {f"jaxtex.{name}" for name in jaxtex.__all__}
    names |= {f"jaxtex.textures.{name}" for name in jaxtex.textures.__all__}
    names |= {f"jaxtex.msgnet.{name}" for name in jaxtex.msgnet.__all__}
    rooms = {"jaxtex.texture", "jaxtex.textures", "jaxtex.msgnet", "jaxtex.__version__"}
    assert names - rooms <= listed
