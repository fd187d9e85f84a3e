"""Commands and Python as README and documentation print them can be had, without running them."""

import ast
import re
import shlex
from contextlib import suppress
from pathlib import Path

import click
import pytest

import jaxtex
from jaxtex.cli import app

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))


def blocks(language: str) -> list[tuple[str, str]]:
    """The pages' fenced blocks of a language, with the page."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return [(page.name, block) for page in PAGES for block in pattern.findall(page.read_text())]


def commands() -> list[tuple[str, str]]:
    """Every command of a block, on one line, without what is left out in words."""
    lines = [
        (page, re.split(r" +# | && | \| ", line.strip())[0])
        for page, block in blocks("sh")
        for line in block.replace("\\\n", " ").splitlines()
        if line.strip().startswith("jaxtex ")
    ]
    return [(page, line) for page, line in dict.fromkeys(lines) if "…" not in line]


@pytest.mark.parametrize(("page", "line"), commands())
def test_a_printed_command_has_its_options_and_arguments(page, line):
    command, context, words = app, click.Context(app), shlex.split(line)[1:]
    while isinstance(command, click.Group):
        _, words, _ = command.make_parser(context).parse_args(words)
        context = click.Context(command, parent=context)
        command = command.get_command(context, words[0])
        assert command is not None, words
        words = words[1:]
    with suppress(click.exceptions.Exit):  # of --help
        command.make_context(command.name, words, parent=context)


def test_commands_are_found_and_a_wrong_one_would_be():
    assert len(commands()) > 50
    with pytest.raises(click.UsageError, match="no-such"):
        test_a_printed_command_has_its_options_and_arguments("", "jaxtex presets --no-such")


@pytest.mark.parametrize(("page", "block"), blocks("python"))
def test_printed_python_names_what_is_there(page, block):
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.Attribute) and (name := ast.unparse(node)).startswith("jaxtex."):
            there = jaxtex
            for part in name.split(".")[1:]:
                there = getattr(there, part)
