import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logos import CONTENT, INVERTED, STYLE

from jaxtex.errors import JaxtexError, ManifestError, SettingsError
from jaxtex.jobs.caches import Models
from jaxtex.jobs.kinds.plan import describe, parse_shard, plan, shard
from jaxtex.jobs.kinds.planning import is_inside, safe_name
from jaxtex.jobs.kinds.stylize import StylizeJob
from jaxtex.jobs.manifests.manifest import Manifest, Row, read_manifest
from jaxtex.jobs.requests import Files
from jaxtex.jobs.requests.stylize_options import settings_of
from jaxtex.style.msgnet.model import shipped_path as shipped_msgnet
from jaxtex.texture.dcgan.shipped import shipped_models

HEADER = "content,style,output"


@pytest.fixture
def planned(tmp_path):
    """Plans the rows of a CSV."""

    def planned(*lines, header=HEADER, **options):
        path = tmp_path / "manifest.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        return plan(read_manifest(path), tmp_path / "out", **options)

    return planned


def test_a_row_becomes_the_settings_and_files_that_stylize_would_have(planned):
    jobs, bad = planned(
        f"{CONTENT},{STYLE};{INVERTED},a/b.png,128,0.3,conv1_1=2;conv4_1=1,1;3,transparent",
        header=f"{HEADER},size,strength,layer,style-weight,background",
    )
    assert bad == []
    (job,) = jobs
    assert job.output == "a/b.png"
    assert job.settings.layers == {"conv1_1": 2, "conv4_1": 1}
    assert (job.settings.size, job.settings.strength) == (128, 0.3)
    assert job.settings.content_weight == pytest.approx(0.08 * 2**0.4)
    assert job.style_weights == (1, 3)
    assert job.files.transparent
    assert list(job.files) == [CONTENT, STYLE, INVERTED]


def test_files_are_named_relative_to_the_manifest(planned, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "logo.png").write_bytes(CONTENT.read_bytes())
    (tmp_path / "soft.toml").write_text("steps = 9\n")
    jobs, bad = planned(f"images/logo.png,{STYLE},soft.toml", header="content,style,preset")
    assert bad == []
    assert jobs[0].files.content == tmp_path / "images" / "logo.png"
    assert (jobs[0].settings.steps, jobs[0].settings.size) == (9, 512)
    assert jobs[0].output == "logo-ironwyrm.png"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"none.png,{STYLE},a.png,,", "none.png: no such file"),
        (f".,{STYLE},a.png,,", "is a folder"),
        (f",{STYLE},a.png,,", "content is missing"),
        (f"{CONTENT},,a.png,,", "style is missing"),
        (f"{CONTENT},{STYLE},a.gif,,", "cannot write '.gif'"),
        (f"{CONTENT},{STYLE},a,,", "has no suffix"),
        (f"{CONTENT},{STYLE},a.png,0,", "size: 0 is not a whole number from 1 to 16384"),
        (f"{CONTENT},{STYLE},a.png,9.5,", "size: 9.5 is not a whole number"),
        (f"{CONTENT},{STYLE},a.png,,chrome", "preset: 'chrome' is unknown"),
        (f"{CONTENT},{STYLE},a.png,,none.toml", "none.toml cannot be read as TOML"),
        (f"{CONTENT},{STYLE},../a.png,,", "output: '../a.png' leads out of the output folder"),
        (f"{CONTENT},{STYLE},FIRST.png,,", "output: 'FIRST.png' is also that of line 2"),
        (f"{CONTENT},{STYLE},first.png/a.png,,", "output: 'first.png' is the folder of"),
    ],
)
def test_a_row_that_cannot_be_run_is_bad_with_line_and_reason(planned, line, reason):
    jobs, bad = planned(f"{CONTENT},{STYLE},first.png,,", line, f"{CONTENT},{STYLE},last.png,,",
                        header=f"{HEADER},size,preset")  # fmt: skip
    assert len(jobs) == 2
    assert [row.line for row in bad] == [2 if "folder of" in reason else 3]
    assert reason in bad[0].reason
    assert "\n" not in bad[0].reason


def test_no_row_may_write_over_the_input_of_any(tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(CONTENT.read_bytes())
    rows = [f"a.png,{STYLE},b.png", f"b.png,{STYLE},c.png", f"a.png,{STYLE},d/../e.png"]
    (tmp_path / "jobs.csv").write_text("\n".join([HEADER, *rows]))
    jobs, bad = plan(read_manifest(tmp_path / "jobs.csv"), tmp_path)
    assert [job.output for job in jobs] == ["c.png"]
    assert [row.line for row in bad] == [2, 4]
    assert bad[0].reason == ("output: 'b.png' is an input, and would be overwritten; name another")


def test_all_bad_rows_are_told_at_once_in_the_files_order(planned):
    _, bad = planned(f"none.png,{STYLE},1.png", "x,y", f"{CONTENT},{STYLE},/2.png")
    text = describe(bad, "m.csv", 3)
    assert text.splitlines()[0].startswith("m.csv: 3 of 3 rows cannot be run; none was (")
    assert [line.split(":")[0] for line in text.splitlines()[1:]] == [
        "  line 2", "  line 3", "  line 4",
    ]  # fmt: skip


def test_the_identity_is_of_inputs_and_settings_and_not_of_names(planned, tmp_path):
    copy = tmp_path / "copy.png"
    copy.write_bytes(CONTENT.read_bytes())
    lines = [f"{CONTENT},{STYLE},1.png,,", f"copy.png,{STYLE},2.png,,",
             f"{CONTENT},{STYLE},3.png,7,", f"{INVERTED},{STYLE},4.png,,",
             f"{CONTENT},{STYLE},5.png,,#ffff00",
             f"{CONTENT},{STYLE};{STYLE},6.png,,"]  # fmt: skip
    jobs, _ = planned(*lines, header=f"{HEADER},seed,background")
    found = [job.identity() for job in jobs]
    assert found[0] == found[1]
    assert len({*found}) == 5
    other, _ = planned(lines[0], header=f"{HEADER},seed,background", weights="0123")
    assert other[0].identity() not in found


@pytest.mark.parametrize(
    ("job", "identity"),
    [
        (
            StylizeJob(
                line=2, output="a.png", files=Files(content=Path("c.png"), styles=(Path("s.png"),)),
                digests=("0" * 64, "1" * 64), settings=settings_of({}), style_weights=None,
                weights=None,
            ),
            "b67a931f91b5bb7f3edc5a61714972b8be039a99e066dfd736ddcd48dcea39cf",
        ),
        (
            StylizeJob(
                line=2, output="a.png",
                files=Files(content=Path("c.png"), styles=(Path("s.png"), Path("t.png")),
                            mask=Path("m.png"), init=Path("i.png"), background="transparent",
                            size=384),
                digests=tuple(str(number) * 64 for number in range(5)),
                settings=settings_of({"preset": "gatys", "size": 384.0, "seed": 7, "init": "i.png",
                                      "layer": ("conv1_1=2", "conv4_1=1")}),
                style_weights=(1.0, 3.0), weights="f" * 64,
            ),
            "2b4722b2125eb7e8a892ec67cba8b88aff6a2aaf67de148b6ae1f46d1e1807a8",
        ),
    ],
)  # fmt: skip
def test_results_that_are_there_keep_their_identity(job, identity):
    assert job.identity() == identity


@pytest.mark.parametrize(
    ("name", "plain"),
    [("a.png", "a.png"), ("a/b.png", "a/b.png"), ("a/./b//c.png", "a/b/c.png"), ("é ü.png",) * 2],
)
def test_a_name_within_the_folder_is_made_plain(name, plain):
    assert safe_name(name) == plain


@pytest.mark.parametrize(
    "name",
    ["/a.png", "//a/b.png", "../a.png", "a/../../b.png", "a/..", "..", "C:\\a.png", "C:a.png",
     "\\a.png", "..\\a.png", "a\\..\\..\\b.png", "a\nb.png", "a\0.png", "a/", "", ".",
     ".hidden.png", ".git/a.png",
     " /a.png", "a /b.png", "x" * 256 + ".png", "x/" * 600 + "a.png", "results.jsonl",
     "Results.jsonl/a.png", "results.0-of-4.jsonl/a.png", "summary.html", "a\u202egnp.exe"],
)  # fmt: skip
def test_a_name_outside_the_folder_or_of_no_file_is_refused(name):
    with pytest.raises(ManifestError, match="output: "):
        safe_name(name)


# Loaded once for all examples.
MODELS = Models()


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(st.sampled_from(["..", ".", "/", "\\", "a", " ", "~", "C:", "\0", "png", "%2e%2e"])
                | st.text(max_size=3), max_size=8).map("".join))  # fmt: skip
def test_no_name_leads_out_of_the_folder(tmp_path_factory, name):
    folder = tmp_path_factory.getbasetemp() / "out"
    try:
        plain = safe_name(name)
    except ManifestError:
        return
    target = os.path.normpath(os.path.join(folder, plain))  # noqa: PTH118
    assert target.startswith(f"{folder}{os.sep}")
    assert os.path.relpath(target, folder) == plain


def test_a_link_that_leads_out_is_refused(planned, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path)
    (tmp_path / "out" / "within").symlink_to(tmp_path / "out")
    _, bad = planned(f"{CONTENT},{STYLE},link/a.png", f"{CONTENT},{STYLE},within/a.png")
    assert [row.line for row in bad] == [2]
    assert "leads out of" in bad[0].reason
    (tmp_path / "out" / "loop").symlink_to(tmp_path / "out" / "loop")
    assert is_inside(tmp_path / "out", tmp_path / "out")
    assert not is_inside(tmp_path / "out", tmp_path / "out" / "within" / "a")


def test_shares_are_whole_and_apart():
    jobs = list(range(17))
    for count in (1, 2, 5, 17, 40):
        shares = [shard(jobs, number, count) for number in range(count)]
        assert [job for share in shares for job in share] == jobs
        sizes = [len(share) for share in shares]
        assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("text", ["", "1", "1/1", "2/2", "-1/2", "0/0", "a/b", "0/2/3", "1.0/2"])
def test_a_share_that_is_none_is_refused(text):
    assert parse_shard("0/1") == (0, 1)
    assert parse_shard("7/8") == (7, 8)
    with pytest.raises(SettingsError, match="--shard: "):
        parse_shard(text)


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "content": st.sampled_from([str(CONTENT), "none.png", "\x7f", "a" * 300]),
        "style": st.sampled_from([(str(STYLE),), (str(STYLE), "x"), ("..",)]),
        "output": st.text(max_size=6),
        "preset": st.sampled_from(["steel", "gatys", "x.toml", "", "é"]),
        "strength": st.floats(0, 2),
        "size": st.integers(-1, 20_000),
        "layer": st.sampled_from([("conv1_1=1",), ("x",), {"conv1_1": -1}, {"x": 1}]),
        "style_weight": st.lists(st.floats(), max_size=2).map(tuple),
        "init": st.sampled_from(["noise", "x.png"]),
        "background": st.text(max_size=5),
        "features": st.text(max_size=4),
        "seed": st.integers() | st.floats(allow_nan=False, allow_infinity=False),
        "job": st.sampled_from(["stylize", "msgnet", "texture"]),
        "model": st.sampled_from([str(shipped_msgnet()), str(shipped_models()["washi"]), "x" * 300,
                                  ".", str(CONTENT), "none.safetensors"]),
        "style_size": st.integers(-1, 20_000),
        "count": st.integers(-1, 20_000) | st.floats(-1, 99),
        "center": st.sampled_from(["none.npy", str(CONTENT), "y" * 300]),
        "radius": st.floats(-1, 20),
        "direction": st.sampled_from(["random", "axis:3", "axis:100", "axis:x", "axis:", "none.npz",
                                      "axis:" + "9" * 4000]),
        "kappa": st.floats(-1, 2e6),
        "angle": st.floats(-1, 100),
        "similarity": st.floats(-2, 2),
        "labels": st.booleans(),
    },
)  # fmt: skip


# Loaded once for all examples.
MODELS = Models()


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(VALUES, max_size=5))
def test_every_row_becomes_a_job_or_a_bad_row(tmp_path_factory, rows):
    folder = tmp_path_factory.getbasetemp()
    manifest = Manifest(name="m", folder=folder)
    manifest.rows = [Row(line, values) for line, values in enumerate(rows, 1)]
    jobs, bad = plan(manifest, folder / "out", models=MODELS)
    assert sorted([job.line for job in jobs] + [row.line for row in bad]) == [
        row.line for row in manifest.rows
    ]
    assert all(isinstance(error.reason, str) and error.reason for error in bad)
    assert issubclass(ManifestError, JaxtexError)
