"""An option of a stylisation is said once, and is the same at every door."""

import importlib.util
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import jaxtex
from jaxtex.cli.stylize import stylize
from jaxtex.errors import JaxtexError
from jaxtex.jobs.manifests import parse_settings
from jaxtex.jobs.manifests.columns import COLUMNS
from jaxtex.jobs.requests.stylize_options import DEFAULTS, GROUPS, OPTIONS, settings_of
from jaxtex.style import PRESETS, find_preset
from jaxtex.style.settings import OPTIONS as SETTINGS
from jaxtex.style.settings import Settings

DOCS = Path(jaxtex.__file__).parents[1] / "docs"
# As a front gives them: one value of each option that settings are made of, unlike steel's.
VALUES = {
    "preset": "gatys", "layers": {"conv2_1": 3.0}, "content_layer": "conv3_1",
    "content_weight": 0.5, "normalization": "paper", "features": "relu", "pool": "avg", "tv": 0.1,
    "l2": 0.2, "silhouette": 0.0, "skeleton": 2.0, "ink": 0.0, "contrast": 0.0, "box": "end",
    "optimizer": "lbfgs", "learning_rate": 3.0, "steps": 7, "finish_steps": 0, "scales": 2,
    "strength": 0.8, "size": 77, "style_size": 33, "margin": 0, "keep_margin": True,
    "canvas": "rgb", "preserve_color": True, "init": "noise", "seed": 9, "precision": "bfloat16",
}  # fmt: skip


def help_text() -> str:
    return CliRunner().invoke(stylize, ["--help"]).output


def test_every_field_of_settings_is_an_option_and_every_option_has_a_group_and_a_help():
    assert set(SETTINGS) == {*Settings.__dataclass_fields__}
    for option in OPTIONS.values():
        assert option.group in GROUPS
        assert option.help.endswith(".")
        assert DEFAULTS[option.name] is None or not option.optional


def test_the_command_has_every_option_of_the_table_and_json():
    names = {parameter.name for parameter in stylize.params}
    assert names == {*OPTIONS, "content", "style", "as_json"}


def test_help_shows_ten_options_first_and_then_the_groups():
    lines = [line for line in help_text().splitlines() if line.endswith(":")]
    assert [line[:-1] for line in lines if line[0] != " "] == ["Used most", *GROUPS, "Other"]
    assert sum(option.first for option in OPTIONS.values()) == 10


@pytest.mark.parametrize("name", [name for name, each in OPTIONS.items() if each.kind == "choice"])
def test_help_shows_the_words_of_a_choice(name):
    option = OPTIONS[name]
    assert (option.shape or f"[{'|'.join(option.choices)}]") in help_text()


def test_columns_of_a_manifest_are_the_options_of_a_job():
    of_a_job = {name for name, option in OPTIONS.items() if option.of_a_job}
    assert set(COLUMNS["stylize"]) == of_a_job | {"content", "style"}


@pytest.mark.parametrize("name", [name for name in VALUES if name != "preset"])
def test_an_option_means_the_same_by_name_by_set_and_in_a_preset_file(name, tmp_path):
    value, option = VALUES[name], SETTINGS[name]
    by_name = settings_of({option.name: value})
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    if name == "layers":
        text = "conv2_1=3"
    by_set = settings_of(parse_settings([f"{option.flag[2:]}={text}"]))
    path = tmp_path / "mine.toml"
    body = "[layers]\nconv2_1 = 3.0" if name == "layers" else f"{name} = {json.dumps(value)}"
    path.write_text(body)
    by_file = settings_of({"preset": str(path)})
    assert getattr(by_name, name) == value
    assert by_set == by_name == by_file
    assert by_name != settings_of({}) or value == getattr(PRESETS["steel"], name)


@pytest.mark.parametrize(
    "name", [n for n, each in SETTINGS.items() if each.kind != "text" and n != "init"]
)
def test_a_wrong_value_has_one_sentence_at_every_door(name, tmp_path):
    option = SETTINGS[name]
    wrong = {"number": -1.0, "whole": -1, "choice": "other", "flag": 3}[option.kind]
    sentences = set()
    path = tmp_path / "wrong.toml"
    path.write_text(f"{name} = {json.dumps(wrong)}")
    doors = [lambda: find_preset(path), lambda: Settings(**{name: wrong}),
             lambda: settings_of({option.name: wrong})]  # fmt: skip
    for door in doors:
        with pytest.raises(JaxtexError) as refusal:
            door()
        sentences.add(str(refusal.value).removeprefix(f"preset: {path}: "))
    assert len(sentences) == 1


def test_the_reference_page_is_that_of_the_table():
    spec = importlib.util.spec_from_file_location("make_options", DOCS / "make_options.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (DOCS / "options.md").read_text(encoding="utf-8") == module.page()
