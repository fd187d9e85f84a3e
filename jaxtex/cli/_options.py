"""Options that commands share; those of the house's table, and a help that has them in groups."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from jaxtex.options import Option

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

FILE = click.Path(path_type=Path)
device_option = click.option(
    "--device", type=click.Choice(["cpu", "gpu", "tpu"]), help="Default: the best there is."
)
background_option = click.option(
    "--background",
    default="keep",
    show_default=True,
    metavar="keep|transparent|COLOUR",
    help="As in the content, none, or a colour that the results are put on.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout."
)

_FIRST, _OTHER = "Used most", "Other"


class _TableOption(click.Option):
    """An option of the table, which knows where help shows it."""

    def __init__(self, *names: Any, group: str, **words: Any) -> None:
        super().__init__(*names, **words)
        self.group = group


class _Word(click.ParamType):
    """One of some words, offered for completion; what else is given is refused by the settings."""

    name = "word"

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(word) for word in self.words if word.startswith(incomplete)]


class GroupedCommand(click.Command):
    """A command whose help has its options in groups: the few that are used most, then the rest."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows: dict[str, list[tuple[str, str]]] = {_FIRST: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                rows.setdefault(getattr(parameter, "group", _OTHER), []).append(record)
        rows[_OTHER] = rows.pop(_OTHER)
        for group, records in rows.items():
            with formatter.section(group):
                formatter.write_dl(records)


def table_options(options: Iterable[Option], defaults: Mapping[str, Any]) -> Decorator:
    """A decorator that gives a command the options of a table, in its order."""
    declared = [_declare(option, defaults[option.name]) for option in options]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for declare in reversed(declared):
            command = declare(command)
        return command

    return decorate


def _declare(option: Option, default: Any) -> Decorator:
    words: dict[str, Any] = {
        "cls": _TableOption,
        "group": _FIRST if option.first else option.group,
        "help": _help(option),
        "show_default": False,
    }
    if option.kind == "flag":
        words["is_flag"] = True
    else:
        words |= {"type": _type(option), "metavar": _metavar(option), "multiple": option.several}
        if option.required:
            words["required"] = True
        elif not option.several:
            words["default"] = default
    names = (option.flag,) if option.short is None else (option.short, option.flag)
    return click.option(*names, option.name, **words)


def _type(option: Option) -> Any:
    if option.kind == "choice":
        return _Word(option.choices) if option.of_a_job else click.Choice(option.choices)
    return {
        "number": click.FLOAT,
        "whole": click.INT,
        "text": _Word(option.choices),
        "file": FILE,
    }[option.kind]


def _metavar(option: Option) -> str | None:
    if option.kind == "text":
        return "|".join([*option.choices, option.shape or "TEXT"])
    if option.kind == "choice":
        return option.shape or f"[{'|'.join(option.choices)}]"
    return option.shape


def _help(option: Option) -> str:
    said = option.said_default
    return option.help if said is None else f"{option.help}  [{said}]"
