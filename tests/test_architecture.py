"""The page of the house names files and functions that are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROWS = [
    line.strip("| \n").split(" | ")
    for line in TEXT.splitlines()
    if line.startswith("|") and "`jaxtex/" in line
]


def test_the_page_has_every_equation_of_the_papers():
    said = [row[0] for row in ROWS]
    for paper in ("Network of Steel", "Satoh", "MSG-Net", "DCGAN"):
        assert any(paper in each for each in said)
    assert sum("eq. 1" in each for each in said) == 3  # both papers', and SSIM's eq. 13
    assert len(ROWS) > 15


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(jaxtex/[\w/.]+)`", TEXT))))
def test_what_the_page_names_is_there(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_functions_of_the_table_stand_in_their_files(row):
    found = set()
    for path in re.findall(r"`(jaxtex/[\w/]+\.py)`", row[1]):
        for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
            found.add(getattr(node, "name", None))
            for target in getattr(node, "targets", [getattr(node, "target", None)]):
                found.add(getattr(target, "id", None))
    named = re.findall(r"`(\w+)`", row[2])
    assert named
    assert set(named) <= found
