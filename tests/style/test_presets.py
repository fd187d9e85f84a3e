import pytest

from jaxtex.errors import SettingsError
from jaxtex.style import DESCRIPTIONS, PRESETS, find_preset, preset_toml


@pytest.fixture
def preset_file(tmp_path):
    def write(text: str | bytes):
        path = tmp_path / "mine.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_every_preset_has_its_name_and_a_description():
    assert set(DESCRIPTIONS) == set(PRESETS)
    assert {"steel", "network-of-steel", "reference", "gatys"} <= set(PRESETS)
    assert all(settings.preset == name for name, settings in PRESETS.items())
    assert all(find_preset(name) is PRESETS[name] for name in PRESETS)


def test_network_of_steel_is_the_papers_best_cell():
    settings = PRESETS["network-of-steel"]
    coarse, deep = ("conv1_1", "conv1_2"), ("conv4_1", "conv4_2", "conv4_3")
    assert settings.layers == dict.fromkeys(coarse, 2000) | dict.fromkeys(deep, 200)
    assert (settings.normalization, settings.features) == ("paper", "conv")
    assert (settings.content_layer, settings.content_weight) == ("conv4_2", 1)
    assert (settings.optimizer, settings.learning_rate, settings.tv) == ("adam", 1, 0.001)


@pytest.mark.parametrize("name", ["network-of-steel", "reference", "gatys"])
def test_the_papers_presets_have_no_terms_of_the_house(name):
    settings = PRESETS[name]
    assert (settings.silhouette, settings.skeleton, settings.ink, settings.contrast) == (0,) * 4
    assert (settings.margin, settings.scales, settings.finish_steps) == (0, 1, 0)
    assert settings.strength is None


def test_a_file_replaces_options_of_steel(preset_file):
    settings = find_preset(preset_file("steps = 12\npool = 'avg'\n[layers]\nconv2_1 = 3\n"))
    assert (settings.steps, settings.pool, settings.layers) == (12, "avg", {"conv2_1": 3.0})
    assert settings.optimizer == PRESETS["steel"].optimizer


def test_a_file_starts_from_the_preset_that_it_names(preset_file):
    settings = find_preset(preset_file("preset = 'gatys'\nseed = 4\n"))
    assert settings == PRESETS["gatys"].with_options(seed=4)


def test_the_strength_of_a_file_sets_its_weights(preset_file):
    settings = find_preset(str(preset_file("strength = 0.9\n")))
    assert settings == PRESETS["steel"].at_strength(0.9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps = ", "cannot be read as TOML"),
        (b"\xff\xfe", "cannot be read as TOML"),
        ("stepz = 3", "option 'stepz' is unknown"),
        ("steps = 'many'", "steps: 'many' is not a whole number"),
        ("steps = true", "steps: True is not a whole number"),
        ("tv = nan", "tv: nan is not a number"),
        ("learning_rate = inf", "learning-rate: inf is not a number"),
        ("keep_margin = 'yes'", "keep-margin: 'yes' is neither"),
        ("pool = ['max']", "pool: .* is unknown"),
        ("content_layer = ['conv1_1']", "is unknown"),
        ("layers = 3", "layers must be a table"),
        ("[layers]\nconv9_1 = 1", "'conv9_1' is unknown"),
        ("[layers]\nconv1_1 = 'x'", "layer conv1_1: 'x'"),
        ("preset = 'stee'", "starts from 'stee', which is unknown"),
        ("preset = ['steel']", "which is unknown"),
        ("strength = 2", "strength: 2 "),
        ("preset = 'gatys'\nstrength = 0.5", "has no such knob"),
    ],
)
def test_a_bad_file_is_refused_with_its_name(preset_file, text, message):
    with pytest.raises(SettingsError, match=f"mine.toml.*{message}") as caught:
        find_preset(preset_file(text))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read"):
        find_preset(tmp_path / "none.toml")


@pytest.mark.parametrize("name", ["Steel", "", "mine.json"])
def test_an_unknown_name_is_refused_with_what_is_allowed(name):
    with pytest.raises(SettingsError, match=f"preset: '{name}' is unknown; allowed are steel, "):
        find_preset(name)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"content_weight": 0.1234, "skeleton": 1e-05, "tv": 3e11},
        {"keep_margin": True, "init": "noise", "seed": 7, "size": 300, "scales": 2},
        {"layers": {"conv2_1": 0.25, "conv1_1": 2.0}},
    ],
)
def test_a_written_preset_is_read_back(preset_file, name, options):
    settings = PRESETS[name].with_options(**options)
    assert find_preset(preset_file(preset_toml(settings))) == settings


def test_a_written_preset_keeps_the_weights_of_a_strength(preset_file):
    settings = PRESETS["steel"].at_strength(0.8)
    text = preset_toml(settings)
    assert "strength = 0.8" in text
    assert "silhouette" not in text
    assert find_preset(preset_file(text)) == settings
    settings = settings.with_options(silhouette=PRESETS["steel"].silhouette)
    assert find_preset(preset_file(preset_toml(settings))) == settings


def test_a_written_preset_leaves_out_layers_that_are_off(preset_file):
    settings = PRESETS["steel"].with_options(layers={"conv1_1": 1.0, "conv2_1": 0.0})
    assert dict(find_preset(preset_file(preset_toml(settings))).layers) == {"conv1_1": 1.0}
