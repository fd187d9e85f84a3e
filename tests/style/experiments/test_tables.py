import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtex.errors import SettingsError
from jaxtex.style import PRESETS
from jaxtex.style.experiments import TABLES, cells, parse_tables, read_grids, table


@pytest.fixture
def grids(tmp_path):
    def grids(text, **options):
        path = tmp_path / "grid.toml"
        path.write_text(text)
        return read_grids(path, **options)

    return grids


# Network of Steel, tables 2 to 10: coarse layers | deep layers.
PAPER = {
    2: "conv1_2 | conv5_3",
    3: "conv1_2 | conv4_3",
    4: "conv1_2 | conv3_3",
    5: "conv1_2 | conv5_2 conv5_3",
    6: "conv1_2 | conv4_2 conv4_3",
    7: "conv1_2 | conv3_2 conv3_3",
    8: "conv1_1 conv1_2 | conv5_1 conv5_2 conv5_3",
    9: "conv1_1 conv1_2 | conv4_1 conv4_2 conv4_3",
    10: "conv1_1 conv1_2 | conv3_1 conv3_2 conv3_3",
}


@pytest.mark.parametrize("number", PAPER)
def test_a_table_is_the_papers(number):
    coarse, deep = (part.split() for part in PAPER[number].split("|"))
    found = [cell.settings for cell in cells(table(number))]
    expected = [
        dict.fromkeys(coarse, float(c)) | dict.fromkeys(deep, float(d))
        for c, d in itertools.product((0, 20, 200, 2000), (20, 200, 2000))
    ]
    assert [dict(settings.layers) for settings in found] == expected
    assert all(settings.normalization == "paper" for settings in found)
    assert all(settings.content_weight == 1 for settings in found)


def test_table_1_is_the_baseline_in_one_row():
    found = cells(table(1))
    layers = ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3")
    assert [dict(cell.settings.layers) for cell in found] == [
        dict.fromkeys(layers, value) for value in (20.0, 200.0, 2000.0)
    ]
    assert {cell.settings.features for cell in found} == {"relu"}
    assert {cell.row for cell in found} == {0}


def test_the_tables_best_cell_is_the_preset():
    best = next(
        cell for cell in cells(table(9)) if cell.labels == ("coarse 2000", "deep 200")
    ).settings
    assert best == PRESETS["network-of-steel"]


def test_cells_of_one_table_name_the_same_layers():
    grid = table(9)
    assert grid.layers == ("conv1_1", "conv1_2", "conv4_1", "conv4_2", "conv4_3")
    assert all(tuple(cell.settings.layers) == grid.layers for cell in cells(grid))


def test_every_cell_has_a_name_of_its_own():
    for number in TABLES:
        stems = [cell.stem for cell in cells(table(number))]
        assert len(set(stems)) == len(stems)
    assert cells(table(9))[4].stem == "coarse-20_deep-200"


@pytest.mark.parametrize("number", [0, 11, -1])
def test_an_unknown_table_is_refused(number):
    with pytest.raises(SettingsError, match=f"table: {number} is unknown; allowed are 1 to 10"):
        table(number)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1-10", range(1, 11)), ("2,4,9", (2, 4, 9)), ("9, 1-3 ,2", (9, 1, 2, 3)), ("7", (7,))],
)
def test_ranges_of_tables(text, numbers):
    assert list(parse_tables(text)) == list(numbers)


@pytest.mark.parametrize("text", ["", "nine", "1-", "-3", "1--3", "3-1", "1;2", "0-2", "8-12"])
def test_bad_ranges_are_refused(text):
    with pytest.raises(SettingsError, match="table"):
        parse_tables(text)


@given(st.text(max_size=8))
def test_any_text_is_a_range_or_refused(text):
    try:
        numbers = parse_tables(text)
    except SettingsError:
        return
    assert set(numbers) <= set(TABLES)
    assert len(set(numbers)) == len(numbers)


def test_a_free_grid_of_coefficients_and_options(grids):
    (grid,) = grids("""
        steps = 7
        [[grid]]
        name = "mine"
        title = "My grid"
        rows = { layers = ["conv1_1", "conv2_2"], values = [0.5, 1.5] }
        columns = { option = "content_weight", values = [0.1, 1, 10] }
    """)
    found = cells(grid)
    assert (grid.name, grid.title, len(found)) == ("mine", "My grid", 6)
    assert {cell.settings.steps for cell in found} == {7}
    assert [cell.settings.content_weight for cell in found] == [0.1, 1, 10] * 2
    assert dict(found[5].settings.layers) == {"conv1_1": 1.5, "conv2_2": 1.5}
    assert found[5].stem == "conv1_1-conv2_2-1.5_content_weight-10"


def test_the_first_row_of_a_grid_may_have_no_layer_of_its_own(grids):
    text = "[[grid]]\ncolumns = { layers = ['conv1_1'], values = [0, 1] }\n"
    (grid,) = grids(text)
    with pytest.raises(SettingsError, match="grid grid-1, conv1_1 0: layers: at least one"):
        cells(grid)
    (grid,) = grids("[layers]\nconv3_1 = 2\n" + text)
    assert [dict(cell.settings.layers) for cell in cells(grid)] == [
        {"conv1_1": 0, "conv3_1": 2},
        {"conv1_1": 1, "conv3_1": 2},
    ]


def test_options_alone_keep_the_presets_layers(grids):
    (grid,) = grids("preset = 'steel'\n[[grid]]\n"
                    "columns = { option = 'strength', values = [0.2, 0.8] }")  # fmt: skip
    steel = PRESETS["steel"]
    assert [cell.settings for cell in cells(grid)] == [
        steel.at_strength(0.2), steel.at_strength(0.8)
    ]  # fmt: skip


def test_the_papers_tables_on_other_settings(grids):
    found = grids("tables = [2, 9]\nnormalization = 'gatys'\nsteps = 5", size=64)
    assert [grid.name for grid in found] == ["table-2", "table-9"]
    for grid in found:
        for cell in cells(grid):
            assert (cell.settings.normalization, cell.settings.size) == ("gatys", 64)
            assert tuple(cell.settings.layers) == grid.layers


AXIS = "columns = { layers = ['conv1_1'], values = [1, 2] }"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "there is none"),
        ("grid = []", "there is none"),
        ("tables = 9", "tables must be a list of numbers"),
        ("tables = ['9']", "tables must be a list of numbers"),
        ("tables = [11]", "table: 11 is unknown"),
        ("[grid]\nname = 'a'", r"grid a list of \[\[grid\]\] tables"),
        ("[[grid]]", "columns are missing"),
        (f"[[grid]]\nname = '../up'\n{AXIS}", "'../up' must be of letters"),
        (f"[[grid]]\nname = 'metrics.csv'\n{AXIS}", "must be of letters"),
        (f"[[grid]]\nname = 'Curves'\n{AXIS}", "and not 'curves'"),
        (f"[[grid]]\nname = 'a'\n{AXIS}\n[[grid]]\nname = 'A'\n{AXIS}", "'a' is given twice"),
        (f"[[grid]]\ncolour = 1\n{AXIS}", "'colour' is unknown"),
        (f"stepz = 3\n[[grid]]\n{AXIS}", "option 'stepz' is unknown"),
        (f"preset = 'chrome'\n[[grid]]\n{AXIS}", "starts from 'chrome'"),
        (f"layers = 3\n[[grid]]\n{AXIS}", "layers must be a table"),
        (f"[[grid]]\nname = 'a'\n{AXIS}\n[[grid]]\nname = 'a'\n{AXIS}", "'a' is given twice"),
        ("[[grid]]\ncolumns = [1]", "must be { layers"),
        ("[[grid]]\ncolumns = { values = [1] }", "must be { layers"),
        ("[[grid]]\ncolumns = { layers = ['conv1_1'], option = 'ink', values = [1] }", "must be"),
        ("[[grid]]\ncolumns = { layers = ['conv1_1'] }", "at least one value"),
        ("[[grid]]\ncolumns = { layers = ['conv1_1'], values = [] }", "at least one value"),
        ("[[grid]]\ncolumns = { layers = ['conv1_1'], values = [1, 1] }", "one value twice"),
        ("[[grid]]\ncolumns = { option = 'ink', values = [1, 1.0] }", "one value twice"),
        ("[[grid]]\ncolumns = { option = 'ink', values = [1.0, 1.0000001] }", "one value twice"),
        ("[[grid]]\ncolumns = { layers = ['conv1_1'], values = ['a'] }", "must be numbers"),
        ("[[grid]]\ncolumns = { layers = ['conv9_1'], values = [1] }", "'conv9_1' is unknown"),
        ("[[grid]]\ncolumns = { layers = [], values = [1] }", "list of names"),
        ("[[grid]]\ncolumns = { option = 'shine', values = [1] }", "option 'shine' is unknown"),
        ("[[grid]]\ncolumns = { option = 'init', values = ['noise'] }", "'init' is unknown"),
        (f"[[grid]]\n{AXIS}\nrows = {{ layers = ['conv1_1'], values = [1] }}", "on both axes"),
        ("not toml", "cannot be read as TOML"),
    ],
)
def test_bad_grids_are_refused_with_the_files_name(grids, text, part):
    with pytest.raises(SettingsError, match=part) as error:
        grids(text)
    assert "grid.toml" in str(error.value)


def test_a_bad_value_names_its_cell(grids):
    (grid,) = grids("[[grid]]\nname = 'a'\ncolumns = { option = 'steps', values = [5, 0] }")
    with pytest.raises(SettingsError, match="grid a, steps 0: steps: 0 is not"):
        cells(grid)
    (grid,) = grids("[[grid]]\ncolumns = { option = 'strength', values = [0.5] }")
    with pytest.raises(SettingsError, match="strength: the preset 'network-of-steel' has no such"):
        cells(grid)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read"):
        read_grids(tmp_path / "none.toml")
