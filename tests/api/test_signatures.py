"""A function has the options of its command, with the same defaults."""

import importlib
import inspect

import click
import pytest

import jaxtex

# A command, its function, and what the function has besides (`+`), does without (`-`) or says
# otherwise than by the command's name and default.
_JSON = "-as_json"
CASES = {
    "score": (jaxtex.score_batch, "+results", "-outputs", _JSON),
    "sweep": (jaxtex.sweep, _JSON),
    "tune": (jaxtex.tune, _JSON),
    "batch": (jaxtex.batch, "=settings", "=batch_size", _JSON),
    "msgnet.apply": (jaxtex.msgnet.apply, _JSON),
    "msgnet.train": (jaxtex.msgnet.train, _JSON),
    "texture.sample": (jaxtex.textures.sample, _JSON),
    "texture.similarity": (jaxtex.textures.similarity, "=references", _JSON),
    "texture.cluster": (jaxtex.textures.cluster, "=references", _JSON),
    "texture.extend": (jaxtex.textures.extend, _JSON),
    "texture.interpolate": (jaxtex.textures.interpolate, _JSON),
    "texture.render": (jaxtex.textures.render, _JSON),
    "texture.train": (jaxtex.textures.train, _JSON),
}


def command(name: str) -> click.Command:
    module = importlib.import_module(f"jaxtex.cli.{name}")
    return getattr(module, name.rpartition(".")[2])


def of_command(name: str) -> dict[str, object]:
    """The options by name, and their defaults; an option that may be repeated has a tuple."""
    found = {}
    for parameter in command(name).params:
        default = parameter.to_info_dict()["default"]
        if isinstance(parameter, click.Argument) or parameter.required:
            default = inspect.Parameter.empty
        elif getattr(parameter, "multiple", False):
            default = tuple(default or ())
        elif isinstance(default, list):
            default = tuple(default)
        found[parameter.name] = default
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_function_has_the_options_of_its_command(name):
    function, *otherwise = CASES[name]
    parameters = inspect.signature(function).parameters
    more = {word[1:] for word in otherwise if word[0] == "+"}
    less = {word[1:] for word in otherwise if word[0] == "-"}
    assert set(parameters) - more - {"front"} == set(of_command(name)) - less


@pytest.mark.parametrize("name", CASES)
def test_a_function_has_the_defaults_of_its_command(name):
    function, *otherwise = CASES[name]
    parameters = inspect.signature(function).parameters
    others = {word[1:] for word in otherwise}
    # Results come back: where they are written to need not be said.
    for option, default in of_command(name).items():
        if option not in others and option != "output" and default is not inspect.Parameter.empty:
            assert parameters[option].default == default, option


@pytest.mark.parametrize("move", ["step", "none", "back", "undo", "pick"])
def test_a_search_has_the_options_of_its_commands(move):
    from jaxtex.cli.texture.search import search

    method = inspect.signature(getattr(jaxtex.textures.Search, move)).parameters
    # What a search is begun with goes for all its moves; taking picks away is a move of its own.
    own = {"model", "device", "as_json", "clear"}
    options = {each.name for each in search.commands[move].params} - own
    assert set(method) - {"self"} == options


def test_a_search_begins_with_the_defaults_of_its_command():
    from jaxtex.cli.texture.search import search

    begins = inspect.signature(jaxtex.textures.Search).parameters
    found = {each.name: each.to_info_dict()["default"] for each in search.commands["new"].params}
    del found["as_json"]
    assert {name: each.default for name, each in begins.items() if name != "folder"} == found


def test_every_public_function_says_what_it_does():
    rooms = (jaxtex, jaxtex.msgnet, jaxtex.textures)
    for room in rooms:
        for name in getattr(room, "__all__", vars(room)):
            thing = getattr(room, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                assert inspect.getdoc(thing), name
