"""Runs as folders: names, what is shown of them, the options that they ask for."""

import shlex

import pytest
from click.testing import CliRunner

from jaxtex.cli.stylize import stylize
from jaxtex.errors import OutputError, SettingsError
from jaxtex.ui.runs import asked
from jaxtex.ui.runs.run import DONE, INTERRUPTED, WORKING, Runs, lock


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path / "runs")


@pytest.fixture
def run(runs):
    """One with a content and two styles."""
    made = runs.new()
    made.ask(content="logo.png", styles=["a.png", "b c.png"])
    return made


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("logo.png", "logo.png"),
        ("Logo.PNG", "Logo.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\logos\\mark.svg", "mark.svg"),
        ("<img src=x>.png", "img-src-x.png"),
        ("naïve café.jpeg", "na-ve-caf.jpeg"),
        (".hidden", "hidden"),
        ("..", "image"),
        ("a.exe", "a.exe"),
        ("-o.png", "o.png"),
        ("x" * 300 + ".png", "x" * 80 + ".png"),
    ],
)
def test_an_upload_gets_a_safe_name(run, given, kept):
    assert run.free_name(given) == kept


def test_no_upload_gets_the_name_of_another(run):
    (run.inputs / "logo.png").touch()
    assert run.free_name("logo.png") == "logo-2.png"


@pytest.mark.parametrize("id", ["..", "", "x", "20260101-000000-ABCDEF", "20260101-000000-abcde/"])
def test_what_is_no_name_finds_no_run(runs, id):
    assert runs.find(id) is None


@pytest.mark.parametrize(
    "name", ["run.json", "inputs/logo.png", "shown/../run.json", "shown/.x.png", "checkpoint/0"]
)
def test_what_is_no_picture_or_output_is_not_shown(run, name):
    for folder in ("shown", "checkpoint"):
        (run.folder / folder).mkdir(exist_ok=True)
    path = run.folder / name
    path.write_bytes(b"x")
    assert run.file(name) is None


def test_a_link_is_not_followed(run, tmp_path):
    (tmp_path / "secret.png").write_bytes(b"x")
    (run.folder / "result.png").symlink_to(tmp_path / "secret.png")
    assert run.file("result.png") is None


def test_runs_are_listed_the_newest_first_and_others_left_out(runs, tmp_path):
    for id in ("20260101-000000-abcdef", "20260102-000000-abcdef"):
        runs.find(id).ask()
    (runs.folder / "20260103-000000-abcdef").mkdir()
    (runs.folder / "notes").mkdir()
    assert [run.id[:8] for run in runs.all()] == ["20260102", "20260101"]


def test_what_was_under_way_when_a_server_ended_can_go_on(runs):
    states = {}
    for state in (WORKING, DONE):
        run = runs.new()
        run.ask()
        run.tell(state, step=3)
        states[state] = run
    runs.after_a_break()
    assert states[WORKING].status == {"state": INTERRUPTED, "step": 3}
    assert states[DONE].status["state"] == DONE


def test_a_damaged_note_counts_as_none(run):
    (run.folder / "status.json").write_text("{")
    assert run.status == {"state": "draft"}


def test_a_copy_has_images_and_options_and_is_not_begun(runs, run):
    run.ask(options={"size": 64})
    (run.inputs / "logo.png").write_bytes(b"logo")
    run.tell(DONE)
    made = runs.copy(run)
    assert made.id != run.id
    assert made.status["state"] == "draft"
    assert made.request["options"] == {"size": 64}
    assert (made.inputs / "logo.png").read_bytes() == b"logo"


def test_no_path_is_in_what_is_said(run):
    said = f"{run.inputs}/logo.png: is too small; see {run.folder}/result.png"
    assert run.plain(said) == "logo.png: is too small; see result.png"


def test_a_folder_is_locked_for_one(tmp_path):
    held = lock(tmp_path)
    with pytest.raises(OutputError, match="another jaxtex ui"):
        lock(tmp_path)
    held.close()
    lock(tmp_path).close()


GIVEN = {
    "strength": 0.25,
    "size": 96,
    "layer": ["conv1_1=1", "conv2_1=0.5"],
    "preserve_color": True,
    "colors": "#ff0000",
    "background": "transparent",
    "style_weight": [2.0, 1.0],
}


def test_the_command_says_the_same_options(run, monkeypatch):
    run.ask(options=GIVEN)
    words = shlex.split(asked.command_line(run))
    assert words[:2] == ["jaxtex", "stylize"]
    seen = {}
    monkeypatch.setattr(stylize, "callback", lambda **options: seen.update(options))
    CliRunner().invoke(stylize, words[2:], catch_exceptions=False)
    expected = asked.options_of(run)
    for name, value in GIVEN.items():
        given = list(seen[name]) if isinstance(seen[name], tuple) else seen[name]
        assert given == expected[name] == value
    assert [path.name for path in seen["style"]] == ["a.png", "b c.png"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"strength": 2}, "strength: 2 is not a number from 0 to 1"),
        ({"size": 1.5}, "size: 1.5 is not a whole number of pixels|size: 1.5 is not a whole"),
        ({"canvas": "oil"}, "canvas: 'oil' is unknown"),
        ({"layer": ["conv9=1"]}, "conv9"),
        ({"layer": ["conv1_1"]}, "must look like"),
        ({"preset": "/etc/secret.toml"}, "is unknown; allowed are steel"),
        ({"preset": "gatys", "strength": 0.5}, "has no such knob"),
        ({"background": "greenish"}, "greenish"),
        ({"box": "project"}, "needs the optimizer"),
        ({"weights": "/etc/passwd"}, "unknown"),
        ({"output": "/tmp/x.png"}, "unknown"),
        ({"init": ["a"]}, "no text"),
    ],
)
def test_options_are_refused_in_the_command_lines_words(given, said):
    with pytest.raises(SettingsError, match=said):
        asked.check_options(given)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("strength: 2 is not a number from 0 to 1", "strength"),
        ("layers: at least one coefficient must be above 0", "layer"),
        ("--layer: 'conv1_1' must look like conv4_1=200", "layer"),
        ("style-size: 0 is not a whole number", "style_size"),
        ("mark.png: the file is empty", None),
    ],
)
def test_a_refusal_finds_its_field(said, name):
    assert asked.field_of(said) == name


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("size", "64", 64),
        ("size", "64.0", 64),
        ("size", " ", None),
        ("strength", "0.5", 0.5),
        ("layer", "conv1_1=1, conv2_1=2", ["conv1_1=1", "conv2_1=2"]),
        ("style_weight", "2 1", [2.0, 1.0]),
        ("colors", "#ff0000", "#ff0000"),
    ],
)
def test_what_is_typed_becomes_a_value(name, words, value):
    assert asked.parse(asked.FORM[name], words) == value


def test_what_is_typed_and_no_number_is_refused():
    with pytest.raises(SettingsError, match="size: 'wide' is not a whole number"):
        asked.parse(asked.FORM["size"], "wide")


def test_no_option_of_the_form_names_a_file_of_the_server():
    assert not {"weights", "output", "checkpoint", "history", "svg"} & set(asked.FORM)
