import dataclasses
import json

import pytest

from jaxtex.errors import SettingsError
from jaxtex.style import PRESETS, Settings
from jaxtex.style.settings import OPTIONS

CHOICES = ("normalization", "features", "pool", "optimizer", "box", "canvas", "init", "precision")
NUMBERS = {name: each for name, each in OPTIONS.items() if each.kind in ("number", "whole")}
WHOLE = [name for name, each in NUMBERS.items() if each.kind == "whole"]
OPTIONAL = {name for name, each in OPTIONS.items() if each.optional}


@pytest.mark.parametrize("name", CHOICES)
def test_an_unknown_choice_is_refused_with_its_name_and_what_is_allowed(name):
    with pytest.raises(SettingsError, match=f"^{name}: 'other' is unknown; allowed are "):
        Settings(**{name: "other"})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), -1, True, "3", [1]])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_outside_its_range_is_refused_with_its_name(name, value):
    with pytest.raises(SettingsError, match=f"^{name.replace('_', '-')}: .* from .* to "):
        Settings(**{name: value})


@pytest.mark.parametrize("value", ["bands", "", -0.1, 1.5, "1.5", True, None, float("nan")])
def test_a_composition_is_a_word_or_a_share(value):
    with pytest.raises(SettingsError, match=r"^composition: .* is neither keep nor band nor a num"):
        Settings(composition=value)


@pytest.mark.parametrize(
    ("value", "word", "share"),
    [("keep", "keep", 0.0), ("band", "band", 1.0), (0, "keep", 0.0), ("1.0", "band", 1.0),
     (0.5, "0.5", 0.5), ("0.25", "0.25", 0.25)],
)  # fmt: skip
def test_a_composition_says_its_share(value, word, share):
    settings = Settings(composition=value)
    assert (settings.composition, settings.composed) == (word, share)


@pytest.mark.parametrize("name", NUMBERS)
def test_both_ends_of_a_range_are_allowed_and_nothing_beyond(name):
    low, high = NUMBERS[name].low, NUMBERS[name].high
    for value in (low, high):
        assert getattr(Settings(**{name: value}), name) == value
    with pytest.raises(SettingsError):
        Settings(**{name: high * 1.01 + 1})


@pytest.mark.parametrize("name", WHOLE)
def test_a_fraction_is_refused_where_a_whole_number_is_meant(name):
    with pytest.raises(SettingsError, match="a whole number"):
        Settings(**{name: 1.5})
    assert isinstance(getattr(Settings(**{name: 2.0}), name), int)


@pytest.mark.parametrize("name", sorted(set(NUMBERS) - OPTIONAL))
def test_none_is_refused_where_a_number_is_needed(name):
    with pytest.raises(SettingsError):
        Settings(**{name: None})


@pytest.mark.parametrize("name", sorted(OPTIONAL))
def test_none_is_allowed_where_a_value_is_worked_out(name):
    assert getattr(Settings(**{name: None}), name) is None


@pytest.mark.parametrize("name", ["keep_margin", "preserve_color"])
def test_a_flag_is_true_or_false(name):
    with pytest.raises(SettingsError, match="neither true nor false"):
        Settings(**{name: "no"})


@pytest.mark.parametrize("layer", ["conv6_1", "", "Conv1_1", 5, None])
def test_an_unknown_layer_is_refused(layer):
    with pytest.raises(SettingsError, match="is unknown; allowed are conv1_1, "):
        Settings(content_layer=layer)
    with pytest.raises(SettingsError, match="is unknown; allowed are conv1_1, "):
        Settings(layers={str(layer): 1.0})


@pytest.mark.parametrize("coefficient", [float("nan"), float("inf"), -1.0, "x"])
def test_a_coefficient_outside_its_range_names_its_layer(coefficient):
    with pytest.raises(SettingsError, match=r"^layer conv4_1: "):
        Settings(layers={"conv4_1": coefficient})


@pytest.mark.parametrize("layers", [{}, {"conv1_1": 0}])
def test_at_least_one_coefficient_is_above_zero(layers):
    with pytest.raises(SettingsError, match="above 0"):
        Settings(layers=layers)


def test_layers_with_coefficient_zero_are_not_computed():
    settings = Settings(layers={"conv1_1": 0, "conv2_1": 2, "conv5_3": 0})
    assert settings.style_layers == ("conv2_1",)


def test_projection_needs_adam():
    assert Settings(box="project", optimizer="adam").box == "project"
    with pytest.raises(SettingsError, match="adam"):
        Settings(box="project", optimizer="lbfgs")


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().steps = 3


@pytest.mark.parametrize("name", PRESETS)
def test_settings_survive_json(name):
    settings = PRESETS[name]
    assert Settings(**json.loads(json.dumps(settings.to_dict()))) == settings


def test_an_unknown_option_is_refused_with_its_name():
    with pytest.raises(SettingsError, match=r"option 'stepz' is unknown; allowed are .*steps"):
        Settings().with_options(stepz=3)


def test_replaced_options_leave_the_others():
    settings = Settings().with_options(steps=7, seed=3)
    assert (settings.steps, settings.seed) == (7, 3)
    assert settings.with_options(steps=Settings().steps, seed=0) == Settings()


def test_more_strength_weighs_the_content_less():
    weak, medium, strong = (Settings().at_strength(s) for s in (0.0, 0.5, 1.0))
    for name in ("content_weight", "silhouette"):
        values = [getattr(each, name) for each in (weak, medium, strong)]
        assert values[0] > values[1] > values[2]
    assert [each.strength for each in (weak, medium, strong)] == [0.0, 0.5, 1.0]


def test_the_present_strength_changes_nothing():
    settings = Settings()
    assert settings.at_strength(settings.strength) == settings


def test_strength_is_the_same_by_way_of_another():
    through = Settings().at_strength(1.0).at_strength(0.25)
    direct = Settings().at_strength(0.25)
    assert through.content_weight == pytest.approx(direct.content_weight)
    assert through.silhouette == pytest.approx(direct.silhouette)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_strength_is_from_zero_to_one(strength):
    with pytest.raises(SettingsError, match=r"^strength: "):
        Settings().at_strength(strength)


def test_a_preset_without_the_knob_refuses_strength():
    with pytest.raises(SettingsError, match="'gatys' has no such knob"):
        PRESETS["gatys"].at_strength(0.5)
