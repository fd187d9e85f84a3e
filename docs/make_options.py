"""Writes docs/options.md, the reference of all options of a stylisation, from the house's table.

python docs/make_options.py
"""

from pathlib import Path

from jaxtex.files import write_bytes
from jaxtex.jobs.requests import OPTIONS
from jaxtex.options import Option, grouped

PAGE = Path(__file__).with_name("options.md")

_HEAD = """# Options of a stylisation

Every option of `jaxtex stylize`, and where else it goes: those of a *job* are also columns of a
[manifest](batch.md) and words of `jaxtex batch --set`; those of a *preset* are that, fields of a
[preset file](presets.md) and keywords of `jaxtex.stylize`. Where one of these is not given the
preset decides; the values of `steel`, the default, stand here.

This page is made by `python docs/make_options.py`.
"""


def page() -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for group, options in grouped(list(OPTIONS.values())).items():
        rows = "\n".join(map(_row, options))
        parts.append(f"## {group}\n\n| option | values | default | of | what |\n"
                     f"| --- | --- | --- | --- | --- |\n{rows}\n")  # fmt: skip
    return "\n".join(parts)


def _row(option: Option) -> str:
    names = f"`{option.flag}`" if option.short is None else f"`{option.short}`, `{option.flag}`"
    said = option.said_default or ("required" if option.required else "")
    default = said.removeprefix("default: ").removeprefix("steel: ")
    where = ("preset" if option.whose == "steel" else "job") if option.of_a_job else "command"
    cells = (names, _values(option), default, where, option.help)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _values(option: Option) -> str:
    words = [f"`{word}`" for word in option.choices]
    if option.kind == "choice":
        return ", ".join(words)
    if option.kind in ("number", "whole"):
        kind = "whole number" if option.kind == "whole" else "number"
        return f"{kind} {option.range}".removesuffix(" of -inf or more")
    other = {"flag": "", "file": "file", "text": f"`{option.shape}`" if option.shape else "text"}
    return ", ".join(filter(None, [*words, other[option.kind]]))


if __name__ == "__main__":
    write_bytes(PAGE, page().encode())
