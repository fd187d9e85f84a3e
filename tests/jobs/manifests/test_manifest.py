import json
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logos import CONTENT, STYLE

from jaxtex.errors import ImageError, JaxtexError, ManifestError
from jaxtex.jobs.manifests.columns import ALL_COLUMNS, COLUMNS
from jaxtex.jobs.manifests.manifest import parse, parse_settings, product, read_manifest

CSV = """\
# size = 256
# steps=30
content,style,output,seed,keep-margin
a.png,b.png;c.png,out/1.png,7,yes
"a, b.png",b.png,,,
"""
TOML = """\
[defaults]
size = 256
steps = 30

[[job]]
content = "a.png"
style = ["b.png", "c.png"]
output = "out/1.png"
seed = 7
keep-margin = true

[[job]]
content = "a, b.png"
style = "b.png"
"""
ROWS = [
    {"size": 256, "steps": 30, "content": "a.png", "style": ("b.png", "c.png"),
     "output": "out/1.png", "seed": 7, "keep_margin": True},
    {"size": 256, "steps": 30, "content": "a, b.png", "style": ("b.png",)},
]  # fmt: skip


RAW = [
    {"content": "a.png", "style": ["b.png", "c.png"], "output": "out/1.png", "seed": 7,
     "keep_margin": True},
    {"content": "a, b.png", "style": "b.png"},
]  # fmt: skip


def jsonl(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def read(text, suffix=".csv", **defaults):
    return parse(text, suffix, Path("folder/manifest"), defaults)


def test_the_three_formats_say_the_same():
    same = jsonl({"defaults": {"size": 256, "steps": 30}}, *RAW)
    for text, suffix, lines in [(CSV, ".csv", [4, 5]), (same, ".jsonl", [2, 3]),
                                (TOML, ".toml", [5, 12])]:  # fmt: skip
        found = read(text, suffix)
        assert found.bad == []
        assert [dict(row.values) for row in found.rows] == ROWS
        assert [row.line for row in found.rows] == lines
        assert found.folder == Path("folder")


def test_given_defaults_overrule_the_files_and_rows_overrule_both():
    text = "# size=256\ncontent,style,size\na,b,\na,b,64\n"
    assert [row.values["size"] for row in read(text, size=128).rows] == [128, 64]


def test_every_option_of_a_command_that_belongs_to_one_job_is_a_column():
    from jaxtex.cli.msgnet.apply import apply
    from jaxtex.cli.stylize import stylize
    from jaxtex.cli.texture.extend import extend
    from jaxtex.cli.texture.sample import sample

    of_the_run = {"device", "max_memory", "weights", "checkpoint", "checkpoint_every", "resume",
                  "overwrite", "as_json"}  # fmt: skip
    of_other_files = {
        "history",
        "save_every",
        "animate",
        "animate_frames",
        "svg",
        "points",
        "images",
    }
    commands = {"stylize": stylize, "msgnet": apply, "texture": sample, "extend": extend}
    assert set(commands) == set(COLUMNS)
    # A row is one texture, and a number is one side.
    more = {"extend": {"texture", "width", "height"}}
    for kind, command in commands.items():
        names = {parameter.name for parameter in command.params}
        names = names - of_the_run - of_other_files - {"textures"} | more.get(kind, set())
        assert names == set(COLUMNS[kind])


MIXED = """\
# seed = 3
# size = 256
job,content,style,output,model,count
,a.png,b.png,1.png,,
msgnet,a.png,b.png,2.png,net,
texture,,,3.png,,5
"""
KINDS = [
    {"seed": 3, "size": 256, "content": "a.png", "style": ("b.png",), "output": "1.png"},
    {"job": "msgnet", "size": 256, "content": "a.png", "style": ("b.png",), "output": "2.png",
     "model": "net"},
    {"job": "texture", "seed": 3, "output": "3.png", "count": 5},
]  # fmt: skip


def test_rows_of_several_kinds_have_their_columns_and_their_defaults():
    found = read(MIXED)
    assert found.bad == []
    assert [dict(row.values) for row in found.rows] == KINDS
    assert [row.kind for row in found.rows] == ["stylize", "msgnet", "texture"]
    found = read('[defaults]\njob = "texture"\n[[job]]\ncount = 5\n', ".toml")
    assert [dict(row.values) for row in found.rows] == [{"job": "texture", "count": 5}]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"job": "texture", "content": "a.png"}, "column 'content' does not belong to texture; "
         "allowed are output, model, count, center, "),
        ({"job": "msgnet", "steps": 3}, "column 'steps' does not belong to msgnet; allowed are "
         "content, style, output, model, size, style-size, job"),
        ({"kappa": 3}, "column 'kappa' does not belong to stylize; allowed are content, style, "),
        ({"job": "sweep"}, "job: 'sweep' is not one of stylize, msgnet, texture"),
        ({"job": 3}, "job: 3 is not one of stylize, msgnet, texture"),
    ],
)  # fmt: skip
def test_a_column_of_another_kind_is_a_bad_row(row, reason):
    found = read(jsonl(row), ".jsonl")
    assert found.rows == []
    assert found.bad[0].reason.startswith(reason)


def test_a_default_that_no_row_has_is_refused():
    with pytest.raises(
        ManifestError, match=r"^kappa: is a default that no row has; all are of stylize$"
    ):
        read("# kappa = 3\ncontent,style\na,b\n")
    with pytest.raises(ManifestError, match=r"^steps: is .* all are of msgnet and texture$"):
        read("job,seed\nmsgnet,\ntexture,3\n", steps=9)


def test_lines_are_those_where_rows_begin():
    text = 'content,style\n"a\nb",c\n\n  \nd,e,f\n"g\n\n",h\ni\n'
    found = read(text)
    assert [row.line for row in found.rows] == [2, 7]
    assert [row.line for row in found.bad] == [6, 10]


def test_jobs_of_an_inline_list_are_counted():
    text = 'job = [{content = "a", style = "b"}, {content = "a", style = "b", seed = "x"}]\n'
    found = read(text, ".toml")
    assert [row.line for row in found.rows] == [1]
    assert [row.line for row in found.bad] == [2]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("seed=x", "seed: 'x' is not a number"),
        ("size=nan", "size: 'nan' is not finite"),
        ("keep-margin=maybe", "keep-margin: 'maybe' is neither true nor false"),
        ("style-weight=1;x", "style-weight: 'x' is not a number"),
        ("style=a;;b", "style: '' is not a text"),
    ],
)
def test_a_bad_cell_is_a_bad_row_with_its_reason(cell, reason):
    name, _, value = cell.partition("=")
    found = read(f"content,{name}\na.png,{value}\na.png,\n")
    assert [row.line for row in found.bad] == [2]
    assert reason in found.bad[0].reason
    assert [row.line for row in found.rows] == [3]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1]", "is not a JSON object"),
        ("{", "is not JSON (Expecting property name"),
        ('{"content": 1}', "content: 1 is not a text"),
        ('{"content": ""}', "content: '' is not a text"),
        ('{"content": "\\ud800"}', "not valid text"),
        ('{"content": "a\\u0000b"}', "not valid text"),
        ('{"seed": "7"}', "seed: '7' is not a number"),
        ('{"seed": true}', "seed: True is not a number"),
        ('{"seed": null}', "seed: None is not a number"),
        ('{"seed": NaN}', "seed: nan is not finite"),
        ('{"seed": 1' + "0" * 400 + "}", "is not finite or too large"),
        ('{"seed": 1' + "0" * 5000 + "}", "is not JSON (Exceeds the limit"),
        ('{"seed": 1, "seed": 2}', "a name is given twice"),
        ('{"style-size": 1, "style_size": 2}', "column 'style_size' is given twice"),
        ('{"history": "a.csv"}', "column 'history' is unknown; allowed are content, style, "),
        ('{"style": []}', "style: the list is empty"),
        ('{"layer": {"conv1_1": "x"}}', "layer: 'x' is not a number"),
        ('{"defaults": {}}', "defaults stand alone on the first line"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_a_bad_line_is_a_bad_row_with_its_reason(line, reason):
    found = read(jsonl({"content": "a", "style": "b"}) + line + "\n", ".jsonl")
    assert [row.line for row in found.rows] == [1]
    assert [row.line for row in found.bad] == [2]
    assert reason in found.bad[0].reason
    assert len(found.bad[0].reason) < 1000


@pytest.mark.parametrize(
    ("suffix", "text", "part"),
    [
        (".csv", "content,stile\n", "line 1: column 'stile' is unknown"),
        (".csv", "#size=1\n\ncontent,content\n", "line 3: column 'content' is given twice"),
        (".csv", "# size = x\ncontent\n", "size: 'x' is not a number"),
        (".csv", "# output = x.png\ncontent\n", "output: is each job's own"),
        (".csv", '"content\n', "line 1: is not CSV (unexpected end of data)"),
        (".csv", "", "has no jobs"),
        (".csv", "content,style\n", "has no jobs"),
        (".jsonl", '{"defaults": {"size": "x"}}\n', "line 1: size: 'x' is not a number"),
        (".jsonl", '{"defaults": 3}\n', "line 1: the defaults must be a table"),
        (".jsonl", "\n", "has no jobs"),
        (".toml", "jobs = 3\n", "'jobs' is unknown; it has [defaults] and [[job]]"),
        (".toml", "job = 3\n", "the jobs must be [[job]] tables"),
        (".toml", "[[job]\n", "is not TOML ("),
        (".toml", "a = " + "[" * 100_000, "is not TOML ("),
        (".toml", "[defaults]\noutput = 'x.png'\n", "output: is each job's own"),
        (".txt", "", "a manifest is named .csv, .jsonl, .toml"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_refused_by_name(tmp_path, suffix, text, part):
    path = tmp_path / f"manifest{suffix}"
    path.write_text(text)
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert part in str(caught.value)


def test_files_that_are_no_text_or_not_there_are_refused(tmp_path):
    (tmp_path / "image.csv").write_bytes(CONTENT.read_bytes())
    with pytest.raises(ManifestError, match=r"is not UTF-8 text"):
        read_manifest(tmp_path / "image.csv")
    with pytest.raises(ManifestError, match=r"cannot be read \(No such file"):
        read_manifest(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ManifestError, match=r"cannot be read \("):
        read_manifest(tmp_path / "folder.csv")


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path):
    path = tmp_path / "excel.csv"
    path.write_bytes(b"\xef\xbb\xbfcontent,style\r\na.png,b.png\r\n")
    (row,) = read_manifest(path).rows
    assert row == (2, {"content": "a.png", "style": ("b.png",)})


def test_two_folders_give_every_pair(tmp_path):
    found = product(CONTENT.parent, STYLE.parent, {"size": 64})
    contents = sorted(CONTENT.parent.glob("*.png"))
    styles = sorted(STYLE.parent.glob("*.png"))
    assert [(row.values["content"], row.values["style"]) for row in found.rows] == [
        (str(content), (str(style),)) for content in contents for style in styles
    ]
    assert all(row.values["size"] == 64 for row in found.rows)
    found = product(CONTENT.parent, STYLE.parent, {"job": "msgnet", "size": 64})
    assert {row.kind for row in found.rows} == {"msgnet"}
    with pytest.raises(ManifestError, match="'content' does not belong to texture"):
        product(CONTENT.parent, STYLE.parent, {"job": "texture"})
    with pytest.raises(ManifestError, match="steps: is a default that no row has"):
        product(CONTENT.parent, STYLE.parent, {"job": "msgnet", "steps": 9})
    with pytest.raises(ImageError, match="no such file or folder"):
        product(CONTENT.parent, tmp_path / "none", {})


def test_images_of_two_folders_with_one_name_have_outputs_apart(tmp_path):
    for folder, names in (("logos", ("a.png", "A.jpg", "b.png")), ("bands", ("x.png", "x.webp"))):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_bytes(b"")
    rows = product(tmp_path / "logos", tmp_path / "bands", {}).rows
    assert sorted(row.values["output"] for row in rows) == [
        "A-jpg-x-png.png", "A-jpg-x-webp.png", "a-png-x-png.png", "a-png-x-webp.png",
        "b-x-png.png", "b-x-webp.png",
    ]  # fmt: skip


def test_settings_on_the_command_line_are_columns():
    assert parse_settings(["style-size=64", "layer=conv1_1=1;conv1_2=2"]) == {
        "style_size": 64,
        "layer": ("conv1_1=1", "conv1_2=2"),
    }
    for word in ("size", "size=", "=3", "sise=3", "output=a.png", "size=x"):
        with pytest.raises(ManifestError, match="--set: "):
            parse_settings([word])


# Pieces that parsers stumble over, and what is nearly a manifest.
PIECES = [*ALL_COLUMNS, *COLUMNS, "content,style\n", "job,output\n", "a.png", "[[job]]\n",
          "[defaults]\n", '{"content": ', "{}",
          '{"defaults": {"size": 1}}\n', '"', "'", '"""', "\n", "\r", "\r\n", ",", ";", "=", "# ",
          "#size=1\n", "\\u0000", "\0", "\ud800", "\ufeff", "\u2028", "[", "]", "{", "}", "1e999",
          "NaN", "true", "null", "9" * 30, "-1", "= 1\n", '= "x"\n', "../", "\x1b"]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=40).map("".join)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(list(COLUMNS)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
OBJECTS = st.lists(
    st.dictionaries(st.sampled_from(ALL_COLUMNS) | st.text(max_size=4), VALUES, max_size=4),
    max_size=4,
)


def check(text, suffix):
    """The parser gives rows of known columns, each line once, or refuses in one sentence."""
    try:
        found = parse(text, suffix, Path("manifest"), {"size": 64})
    except JaxtexError:
        return
    rows, bad = found.rows, found.bad
    count = max(1, text.count("\n") + text.count("\r") + 1)
    if suffix != ".toml":
        lines = [each.line for each in (*rows, *bad)]
        assert len(set(lines)) == len(lines)
        assert all(1 <= line <= count for line in lines)
    for row in rows:
        assert set(row.values) <= {"job", *COLUMNS[row.kind]}
        assert ("size" in row.values) == ("size" in COLUMNS[row.kind])
    for each in bad:
        assert each.reason.encode("utf-8", "backslashreplace")


def fuzz(examples):
    return settings(
        max_examples=examples, deadline=2000, database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".toml"])
@fuzz(150)
@given(text=TEXTS)
def test_no_text_breaks_the_parser(suffix, text):
    check(text, suffix)


@fuzz(100)
@given(rows=OBJECTS)
def test_no_json_breaks_the_parser(rows):
    check(jsonl(*rows), ".jsonl")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".toml"])
@fuzz(10_000)
@given(text=TEXTS)
def test_ten_thousand_texts_do_not_break_the_parser(suffix, text):
    check(text, suffix)


@pytest.mark.slow
@fuzz(10_000)
@given(rows=OBJECTS)
def test_ten_thousand_times_json_does_not_break_the_parser(rows):
    check(jsonl(*rows), ".jsonl")


@pytest.mark.slow
@fuzz(10_000)
@given(word=st.text(string.printable, max_size=30))
def test_ten_thousand_settings_do_not_break_the_parser(word):
    try:
        found = parse_settings([word])
    except ManifestError:
        return
    assert set(found) <= set(ALL_COLUMNS)
