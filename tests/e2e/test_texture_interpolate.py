"""`jaxtex texture interpolate` on a model of random weights."""

import csv
import functools
import itertools
import json
import sys

import numpy as np
import pytest
from PIL import Image
from ssim_reference import mssim

from jaxtex.images import read_metadata


@pytest.fixture
def interpolate(call, tmp_path, texture_model):
    """Calls the command into tmp_path/out, and gives its JSON object."""

    def interpolate(*words, out=tmp_path / "out"):
        answer = call(
            "texture", "interpolate", "--model", texture_model, "-o", out, "--json", *words
        )
        assert answer.code == 0, answer.err
        return json.loads(answer.out)

    return interpolate


@pytest.fixture
def refuse(refuse, tmp_path, texture_model):
    return functools.partial(
        refuse, "texture", "interpolate", "--model", texture_model, "-o", tmp_path / "out"
    )


def read(path):
    return np.asarray(Image.open(path), np.float64) / 255


def test_similarity_to_the_first_texture_falls_in_even_steps(interpolate, tmp_path):
    said = interpolate("--from", "seed:1", "--to", "seed:2", "-n", 5)
    names = [row["file"] for row in said["textures"]]
    assert names == [f"texture-{index}.png" for index in range(7)]
    textures = [read(tmp_path / "out" / name) for name in names]
    levels = [mssim(textures[0], texture) for texture in textures]
    # The files have 8 bits.
    np.testing.assert_allclose(levels, np.linspace(1, levels[-1], 7), atol=0.01)
    assert all(row["inside"] for row in said["textures"][1:-1])
    assert said["parts"][0]["largest_step"] == pytest.approx(1, abs=0.05)


def test_neighbours_are_evenly_alike_when_asked(interpolate, tmp_path):
    said = interpolate("--from", "seed:1", "--to", "seed:2", "-n", 5, "--even", "neighbours")
    textures = [read(tmp_path / "out" / row["file"]) for row in said["textures"]]
    steps = np.array([1 - mssim(*pair) for pair in itertools.pairwise(textures)])
    assert steps.max() < 1.2 * steps.mean()
    told = [1 - row["mssim_previous"] for row in said["textures"][1:]]
    np.testing.assert_allclose(told, steps, atol=0.01)


def test_all_results_are_written_and_agree(interpolate, tmp_path):
    said = interpolate("--from", "seed:1", "--to", "seed:2", "-n", 5)
    out = tmp_path / "out"
    files = {"strip.png", "plot.png", "interpolation.csv", "interpolation.json"}
    assert {path.name for path in out.iterdir()} == {
        *files,
        *(row["file"] for row in said["textures"]),
    }
    with (out / "interpolation.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    written = json.loads((out / "interpolation.json").read_text())
    assert written["textures"] == said["textures"]
    assert [row["file"] for row in rows] == [row["file"] for row in said["textures"]]
    assert [row["t"] for row in rows[1:-1]] == [str(row["t"]) for row in said["textures"][1:-1]]
    strip = read(out / "strip.png")
    assert strip.shape == (68, 7 * 66 + 2, 3)
    np.testing.assert_array_equal(strip[2:66, 68:132], read(out / "texture-1.png"))
    metadata = read_metadata(out / "texture-1.png")
    assert metadata["t"] == said["textures"][1]["t"]


def test_the_same_call_gives_the_same_bytes(interpolate, tmp_path):
    for name in ("a", "b"):
        interpolate("--from", "seed:1", "--to", "seed:2", "-n", 5, out=tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_a_point_can_be_a_seed_a_file_a_row_a_label_or_a_png(
    call, interpolate, tmp_path, texture_model
):
    from jaxtex.texture import sphere

    np.save(tmp_path / "one.npy", sphere.seeded(7, 100))
    rows = np.stack([sphere.seeded(seed, 100) for seed in (5, 7)])
    (tmp_path / "rows.json").write_text(json.dumps({"points": rows.tolist()}))
    model = ("--model", texture_model)
    session = ("texture", "search", "--session", tmp_path / "s")
    assert call(*session, "new", *model, "--count", 6, "--clusters", 2).code == 0
    exported = call(*session, "export", "0a1", "-o", tmp_path / "picked", "--json")
    (png,) = json.loads(exported.out)["outputs"]

    def last(point):
        said = interpolate("--from", "seed:1", "--to", point, "-n", 1, "--overwrite")
        return read(tmp_path / "out" / said["textures"][-1]["file"])

    seventh = last("seed:7")
    np.testing.assert_array_equal(last(tmp_path / "one.npy"), seventh)
    np.testing.assert_array_equal(last(f"{tmp_path / 'rows.json'}:1"), seventh)
    np.testing.assert_array_equal(last(f"{tmp_path / 's'}:0a1"), read(png))
    np.testing.assert_array_equal(last(png), read(png))


def test_any_image_is_inverted_and_how_close_it_came_is_told(call, tmp_path, texture_model):
    ramp = np.linspace(60, 200, 90, dtype=np.uint8)
    Image.fromarray(np.tile(ramp, (80, 1))).save(tmp_path / "ramp.jpg")
    words = ("--from", tmp_path / "ramp.jpg", "--to", "seed:1", "-n", 1, "-o", tmp_path / "out")
    answer = call("texture", "interpolate", "--model", texture_model, *words, "--json")
    assert answer.code == 0, answer.err
    about = json.loads(answer.out)["ends"][0]
    assert f"ramp.jpg: the nearest texture found has an MSSIM of {about['mssim']:.2f}" in answer.err
    square = Image.open(tmp_path / "ramp.jpg").convert("RGB").crop((5, 0, 85, 80)).resize((64, 64))
    first = read(tmp_path / "out" / "texture-0.png")
    assert mssim(first, np.asarray(square) / 255) == pytest.approx(about["mssim"], abs=0.05)


def test_a_texture_between_divides_the_path(interpolate, tmp_path):
    said = interpolate("--from", "seed:1", "--via", "seed:3", "--to", "seed:2", "-n", 5)
    assert [row["part"] for row in said["textures"]] == [None, *5 * [1], None, *5 * [2], None]
    assert [end["seed"] for end in said["ends"]] == [1, 3, 2]
    (tmp_path / "out").rename(tmp_path / "both")
    half = interpolate("--from", "seed:3", "--to", "seed:2", "-n", 5)
    for index, row in enumerate(half["textures"]):
        whole = read(tmp_path / "both" / said["textures"][6 + index]["file"])
        np.testing.assert_array_equal(whole, read(tmp_path / "out" / row["file"]))


def test_a_circle_stays_on_the_sphere(interpolate, tmp_path):
    interpolate("--from", "seed:1", "--to", "seed:2", "-n", 3, "--path", "circle")
    for index in range(5):
        latent = read_metadata(tmp_path / "out" / f"texture-{index}.png")["latent"]
        assert np.linalg.norm(latent) == pytest.approx(7.8, rel=1e-4)


def test_without_matplotlib_all_but_the_plot_is_written(call, tmp_path, texture_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    words = ("--from", "seed:1", "--to", "seed:2", "-n", 1, "-o", tmp_path / "out")
    answer = call("texture", "interpolate", "--model", texture_model, *words)
    assert (answer.code, answer.out) == (0, "")
    assert "1 of 1 textures inside their interval" in answer.err
    assert "plot.png is left out: it needs matplotlib, install jaxtex[plots]" in answer.err
    assert not (tmp_path / "out" / "plot.png").exists()
    assert (tmp_path / "out" / "strip.png").exists()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--to", "seed:1"), ["seed:1 to seed:1", "look the same"]),
        (("--to", "seed:x"), ["--to: 'seed:x'"]),
        (("--to", "nothing.npy"), ["--to: 'nothing.npy' is no file", "SESSION:LABEL"]),
        (("--to", "seed:2", "-n", 0), ["--count: 0"]),
        (("--to", "seed:2", "--tolerance", 2), ["--tolerance: 2"]),
        (("--to", "seed:2", "--center", "c.npy"), ["--center", "--path circle"]),
    ],
)
def test_bad_options_are_refused(refuse, words, parts):
    refuse("--from", "seed:1", *words, parts=parts)


def test_files_that_are_no_ends_are_refused(refuse, tmp_path):
    np.save(tmp_path / "two.npy", np.full((2, 100), 0.9))
    np.save(tmp_path / "short.npy", np.full(64, 0.9))
    np.save(tmp_path / "far.npy", np.full(100, 9.0))
    (tmp_path / "bad.png").write_bytes(b"junk")
    (tmp_path / "empty").mkdir()
    start = ("--from", "seed:1", "--to")
    refuse(*start, tmp_path / "two.npy", parts=["holds 2 points; name one", "two.npy:1"])
    refuse(*start, f"{tmp_path / 'two.npy'}:2", parts=["has no row 2"])
    refuse(*start, tmp_path / "short.npy", parts=["short.npy: has the shape [64]", "100"])
    refuse(*start, tmp_path / "far.npy", parts=["far.npy: the point lies off the prior's shell"])
    refuse(*start, tmp_path / "bad.png", parts=["bad.png: is damaged or not an image"])
    refuse(*start, f"{tmp_path / 'empty'}:0a1", parts=["empty: holds no search"])
    refuse(*start, tmp_path / "empty", parts=["empty", "folder"])


def test_results_are_not_overwritten_silently(refuse, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    refuse("--from", "seed:1", "--to", "seed:2", parts=["out: holds files already", "--overwrite"])
