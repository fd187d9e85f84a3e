"""Where searches, the tray and strips are kept."""

import pytest
from made_searches import begin, step

from jaxtex.errors import SettingsError
from jaxtex.texture.search import Origin
from jaxtex.ui.runs.folders import packed
from jaxtex.ui.runs.searches import NAME, Searches, safe_name
from jaxtex.ui.textures.trail import lanes
from jaxtex.ui.textures.tray import nearness


@pytest.fixture
def searches(tmp_path):
    return Searches(tmp_path / "textures")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("paper for the cover", "paper-for-the-cover"),
        ("../../etc/passwd", "etc-passwd"),
        ("和紙", "search"),
        ("", "search"),
        ("-x-", "x"),
        ("a" * 99, "a" * 48),
    ],
)
def test_names_of_folders_are_safe(words, name):
    assert safe_name(words, "search") == name
    assert NAME.fullmatch(name)


def test_a_name_is_given_once(searches):
    names = [searches.new(words).name for words in ("paper", "paper", "Paper: 2")]
    assert names == ["paper", "paper-2", "Paper-2"]
    assert searches.all() == []
    begin(searches.folder / "paper")
    assert [each.name for each in searches.all()] == ["paper"]
    assert searches.find("../paper") is None


def test_another_name_is_safe_and_no_other_searchs(searches):
    for name in ("paper", "stone"):
        begin(searches.folder / name)
    paper = searches.find("paper")
    assert searches.name_for(paper, "../for the cover") == "for-the-cover"
    assert searches.name_for(paper, "paper") == "paper"
    with pytest.raises(SettingsError, match="stone: another search has this name"):
        searches.name_for(paper, "stone")
    with pytest.raises(SettingsError, match="needs a letter"):
        searches.name_for(paper, "和紙")


def test_the_last_used_search_comes_first(searches):
    begin(searches.folder / "one")
    two = begin(searches.folder / "two")
    (searches.folder / "empty").mkdir()
    assert [each.name for each in searches.all()] == ["two", "one"]
    step(begin(searches.folder / "one").pick(["0a1"]))
    assert [each.name for each in searches.all()] == ["one", "two"]
    assert searches.find("two").open().state.iteration == two.state.iteration


def test_a_texture_is_kept_once_and_is_the_commands_export(searches, tmp_path):
    found = begin(searches.folder / "paper")
    search = searches.find("paper")
    kept = searches.keep(search, "0a1")
    assert searches.keep(search, "0a1") == kept
    (path,) = found.export(tmp_path / "out", ["0a1"])
    assert kept.path.read_bytes() == path.read_bytes()
    assert kept.about["label"] == "0a1"
    # Another search of the same name has another texture.
    begin(searches.folder / "paper")
    assert searches.find_kept("paper-0a1") == kept


def test_a_round_that_is_drawn_anew_is_read_anew(searches):
    found = step(begin(searches.folder / "paper").pick(["0a1"]))
    search = searches.find("paper")
    first = search.round(1)
    assert search.round(1) is first
    step(found.undo().clear().pick(["0b1"]))
    assert search.round(1).textures.tobytes() != first.textures.tobytes()


def test_ways_that_part_lie_under_each_other():
    def from_(iteration, parent):
        return Origin(iteration, parent, "step", ())

    found = [from_(0, None), from_(1, 0), from_(2, 1), from_(3, 0), from_(4, 3), from_(5, 1)]
    assert lanes(found) == [(1, 1), (2, 1), (3, 1), (2, 2), (3, 2), (3, 3)]


@pytest.mark.parametrize(
    ("value", "words"), [(0.1, "far from it"), (0.4, "loosely like it"), (0.9, "very near")]
)
def test_how_near_an_image_came_is_said_in_words(value, words):
    assert (
        nearness({"image": "a.png", "mssim": value}) == f"from a.png, {words} (MSSIM {value:.2f})"
    )
    assert nearness({"label": "0a1"}) is None


def test_an_archive_of_the_same_files_has_the_same_bytes():
    files = [("a.png", b"1"), ("b.png", b"2")]
    assert packed(files) == packed(files)


def test_sentences_name_no_folder_of_the_server(searches):
    said = f"{searches.folder}/paper/session.json: is damaged"
    assert searches.plain(said) == "paper/session.json: is damaged"
