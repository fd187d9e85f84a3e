"""`jaxtex texture similarity` and `jaxtex texture cluster` on folders of small textures."""

import csv
import functools
import json
import os

import numpy as np
import pytest
from PIL import Image

from jaxtex.texture.similarity.ssim import mssim


def save(path, pixels):
    Image.fromarray(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)).save(path)
    return path


def read(path):
    return np.asarray(Image.open(path), np.float32) / 255


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.fixture
def folder(tmp_path):
    """Nine textures of three kinds: 0, 1, 2, 0, 1, 2, …"""
    rng = np.random.default_rng(0)
    kinds = rng.random((3, 20, 24, 3))
    made = tmp_path / "papers"
    made.mkdir()
    for number in range(9):
        noise = rng.normal(0, 0.05, kinds[0].shape)
        save(made / f"paper-{number + 2}.png", kinds[number % 3] + noise)
    return made


@pytest.fixture
def refuse(refuse):
    return functools.partial(refuse, "texture")


def test_the_table_holds_the_mssim_of_every_pair_under_their_names(call, tmp_path, folder):
    out = tmp_path / "vectors.csv"
    answer = call("texture", "similarity", folder, "-o", out)
    assert (answer.code, answer.out) == (0, "")
    assert f"{out}: 9 textures × 9 references" in answer.err
    header, *rows = table(out)
    names = [f"paper-{number}.png" for number in range(2, 11)]  # 10 after 9
    assert header == ["texture", *names]
    assert [row[0] for row in rows] == names
    images = np.stack([read(folder / name) for name in names])
    found = np.array([row[1:] for row in rows], float)
    np.testing.assert_allclose(found, mssim(images[:, None], images), atol=2e-6)
    assert (found.diagonal() == 1).all()


def test_references_make_the_columns(call, tmp_path, folder):
    out = tmp_path / "vectors.csv"
    first, second = folder / "paper-4.png", folder / "paper-2.png"
    answer = call("texture", "similarity", folder, "--references", first, "--references", second,
                  "-o", out, "--json")  # fmt: skip
    assert answer.code == 0, answer.err
    header, *rows = table(out)
    assert header == ["texture", "paper-4.png", "paper-2.png"]
    assert rows[0][2] == rows[2][1] == "1.000000"
    report = json.loads(answer.out)
    assert (report["textures"], report["references"]) == (9, 2)
    assert (report["width"], report["height"]) == (24, 20)
    values = np.array([row[1:] for row in rows], float)
    assert report["mean"] == pytest.approx(values.mean(), abs=1e-5)


def test_the_mean_of_a_set_with_itself_leaves_out_the_ones(call, tmp_path, folder):
    out = tmp_path / "vectors.csv"
    report = json.loads(call("texture", "similarity", folder, "-o", out, "--json").out)
    values = np.array([row[1:] for row in table(out)[1:]], float)
    assert report["mean"] == pytest.approx(values[~np.eye(9, dtype=bool)].mean(), abs=1e-5)
    single = folder / "paper-2.png"
    answer = call("texture", "similarity", single, "-o", out, "--overwrite", "--json")
    assert json.loads(answer.out)["mean"] is None


def test_luminance_compares_the_luma(call, tmp_path, folder):
    out = tmp_path / "vectors.csv"
    first, second = folder / "paper-2.png", folder / "paper-5.png"
    assert call("texture", "similarity", first, second, "--luminance", "-o", out).code == 0
    expected = mssim(read(first), read(second), luminance=True)
    assert float(table(out)[1][2]) == pytest.approx(float(expected), abs=2e-6)


def test_files_of_one_name_are_told_apart_by_their_paths(call, tmp_path, folder):
    out, other = tmp_path / "vectors.csv", tmp_path / "other"
    other.mkdir()
    save(other / "paper-2.png", read(folder / "paper-3.png"))
    paths = [folder / "paper-2.png", other / "paper-2.png"]
    assert call("texture", "similarity", *paths, "-o", out).code == 0
    assert table(out)[0] == ["texture", *map(str, paths)]


def test_a_file_of_a_folder_that_cannot_be_read_is_named_and_left_out(call, tmp_path, folder):
    out, bad = tmp_path / "vectors.csv", folder / "paper-3.png"
    bad.write_text("not an image")
    answer = call("texture", "similarity", folder, "-o", out, "--json")
    assert answer.code == 0
    assert f"left out: {bad}: is damaged or not an image" in answer.err
    report = json.loads(answer.out)
    assert report["textures"] == 8
    assert len(report["skipped"]) == 1
    assert str(bad) in report["skipped"][0]
    assert "paper-3.png" not in table(out)[0]


def test_size_cuts_and_resamples_images_of_any_size(call, tmp_path, folder):
    out = tmp_path / "vectors.csv"
    wide = save(folder / "wide.png", np.random.default_rng(1).random((30, 90, 3)))
    report = call("texture", "similarity", folder, "--size", "16", "-o", out, "--json").out
    assert (json.loads(report)["width"], json.loads(report)["height"]) == (16, 16)
    middle = save(tmp_path / "middle.png", read(wide)[:, 30:60])
    answer = call("texture", "similarity", wide, "--references", middle, "--size", "16",
                  "-o", out, "--overwrite")  # fmt: skip
    assert answer.code == 0, answer.err
    assert table(out)[1][1] == "1.000000"


def test_clusters_are_the_kinds(call, tmp_path, folder):
    out = tmp_path / "clusters"
    answer = call("texture", "cluster", folder, "-k", "3", "-o", out)
    assert (answer.code, answer.out) == (0, "")
    assert f"{out}: 9 textures in 3 clusters" in answer.err
    assert sorted(path.name for path in out.iterdir()) == [
        "cluster-01.png", "cluster-02.png", "cluster-03.png",
        "clusters.csv", "clusters.json", "sheet.png",
    ]  # fmt: skip
    header, *rows = table(out / "clusters.csv")
    assert header == ["texture", "cluster", "rank"]
    kind = {row[0]: (int(row[0][6:-4]) - 2) % 3 for row in rows}
    assert len(kind) == 9
    for number in "123":
        members = [row for row in rows if row[1] == number]
        assert len({kind[row[0]] for row in members}) == 1
        assert [row[2] for row in members] == ["1", "2", "3"]


def test_clusters_json_says_what_was_found_and_how_good_it_is(call, tmp_path, folder):
    out = tmp_path / "clusters"
    answer = call("texture", "cluster", folder, "-k", "3", "-o", out, "--seed", "5", "--json")
    about = json.loads((out / "clusters.json").read_text(encoding="utf-8"))
    printed = json.loads(answer.out)
    assert {name: printed[name] for name in about} == about
    assert (printed["output"], about["seed"], about["textures"]) == (str(out), 5, 9)
    rows = table(out / "clusters.csv")[1:]
    for cluster in about["clusters"]:
        members = [row[0] for row in rows if row[1] == str(cluster["cluster"])]
        assert cluster["size"] == len(members) == 3
        assert cluster["representative"] == members[0]
        images = np.stack([read(folder / name) for name in members])
        pairs = np.asarray(mssim(images[:, None], images))[~np.eye(3, dtype=bool)]
        assert cluster["within"] == pytest.approx(pairs.mean(), abs=1e-5)
    assert about["within"] > about["overall"] + 0.3


def test_representatives_are_edged_in_blue_and_shown_whole(call, tmp_path, folder):
    out = tmp_path / "clusters"
    call("texture", "cluster", folder, "-k", "3", "-o", out)
    about = json.loads((out / "clusters.json").read_text(encoding="utf-8"))

    def blue(name):
        return (read(out / name) == (0, 0, 1)).all(-1).sum()

    def shows(name, texture):
        sheet, image = read(out / name), read(folder / texture)
        height, width = image.shape[:2]
        windows = np.lib.stride_tricks.sliding_window_view(sheet, (height, width, 3))[:, :, 0]
        return (windows == image).all((-3, -2, -1)).any()

    one_edge = blue("cluster-01.png")
    assert one_edge > 200
    assert blue("sheet.png") == 3 * one_edge
    for cluster in about["clusters"]:
        assert shows("sheet.png", cluster["representative"])
        assert shows(f"cluster-{cluster['cluster']:02d}.png", cluster["representative"])


def test_the_same_seed_writes_the_same_bytes(call, tmp_path, folder):
    for name in ("a", "b"):
        call("texture", "cluster", folder, "-k", "4", "-o", tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_equal_textures_are_one_cluster(call, tmp_path, folder):
    for number in range(3, 11):
        save(folder / f"paper-{number}.png", read(folder / "paper-2.png"))
    answer = call("texture", "cluster", folder, "-k", "3", "-o", tmp_path / "clusters")
    assert answer.code == 0
    assert "9 textures in 1 clusters (no more than 1 differ)" in answer.err


def test_overwriting_leaves_no_sheet_of_an_earlier_run(call, tmp_path, folder):
    out = tmp_path / "clusters"
    call("texture", "cluster", folder, "-k", "3", "-o", out)
    (out / "mine.txt").touch()
    assert call("texture", "cluster", folder, "-k", "2", "-o", out, "--overwrite").code == 0
    assert not (out / "cluster-03.png").exists()
    assert (out / "mine.txt").exists()


def test_sheets_within_the_folder_of_textures_are_no_textures(call, folder):
    (folder / "more").mkdir()
    (folder / "paper-2.png").rename(folder / "more" / "paper-2.png")
    words = (folder, "-k", "3", "-o", folder / "clusters", "--overwrite", "--json")
    for _ in range(2):
        answer = call("texture", "cluster", *words)
        assert answer.code == 0, answer.err
        assert json.loads(answer.out)["textures"] == 9


def test_clusters_by_a_few_references_only(call, tmp_path, folder):
    out = tmp_path / "clusters"
    answer = call("texture", "cluster", folder, "-k", "3", "-o", out, "--json",
                  "--references", folder / "paper-2.png",
                  "--references", folder / "paper-3.png")  # fmt: skip
    assert answer.code == 0, answer.err
    report = json.loads(answer.out)
    assert report["references"] == 2
    assert [cluster["size"] for cluster in report["clusters"]] == [3, 3, 3]


COMMANDS = {"similarity": "vectors.csv", "cluster": "clusters"}


@pytest.fixture(params=COMMANDS)
def command(request, tmp_path):
    """A command and its output, as the first and the last words of a call."""
    return [request.param], ["-o", tmp_path / COMMANDS[request.param]]


def test_images_of_unequal_sizes_are_refused_with_the_name(refuse, folder, command):
    first, last = command
    odd = save(folder / "paper-7.png", np.full((20, 23, 3), 0.5))
    refuse(*first, folder, *last, parts=[f"{odd}: has 23×20 pixels", "paper-2.png has 24×20",
                                         "--size"])  # fmt: skip


def test_references_of_another_size_are_refused_with_the_name(refuse, folder, tmp_path, command):
    first, last = command
    odd = save(tmp_path / "odd.png", np.full((24, 20, 3), 0.5))
    refuse(*first, folder, "--references", odd, *last, parts=[f"{odd}: has 20×24 pixels"])


def test_images_smaller_than_the_window_are_refused_with_the_name(refuse, tmp_path, command):
    first, last = command
    small = save(tmp_path / "small.png", np.full((10, 20, 3), 0.5))
    refuse(*first, small, *last, parts=[f"{small}: 20×10 pixels are too few for SSIM", "11×11"])


def test_a_folder_without_images_is_refused(refuse, tmp_path, command):
    first, last = command
    empty = tmp_path / "empty"
    empty.mkdir()
    refuse(*first, empty, *last, parts=[f"{empty}: has no images"])


def test_a_folder_of_unreadable_images_is_refused(call, tmp_path, command):
    first, last = command
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "1.png").write_text("not an image")
    answer = call("texture", *first, bad, *last)
    assert answer.code == 2
    assert f"jaxtex: {bad}: has no image that can be read" in answer.err
    assert not last[-1].exists()


def test_a_missing_or_damaged_file_that_is_named_is_refused(refuse, tmp_path, folder, command):
    first, last = command
    refuse(*first, folder, tmp_path / "none.png", *last, parts=["none.png: no such file"])
    bad = tmp_path / "bad.png"
    bad.write_text("not an image")
    refuse(*first, folder, bad, *last, parts=["bad.png: is damaged"])
    refuse(*first, folder, "--references", bad, *last, parts=["bad.png: is damaged"])


@pytest.mark.parametrize("size", ["10", "0", "-1", "5000"])
def test_a_size_that_the_window_does_not_fit_is_refused(refuse, folder, command, size):
    first, last = command
    refuse(*first, folder, "--size", size, *last, parts=[f"--size: {size} is not", "from 11 to"])


def test_an_existing_output_is_not_overwritten(refuse, tmp_path, folder):
    (tmp_path / "vectors.csv").write_text("mine")
    refuse("similarity", folder, "-o", tmp_path / "vectors.csv", parts=["exists already"])
    assert (tmp_path / "vectors.csv").read_text() == "mine"
    (tmp_path / "clusters").mkdir()
    (tmp_path / "clusters" / "mine").touch()
    refuse("cluster", folder, "-o", tmp_path / "clusters", parts=["holds files already"])


def test_a_table_is_a_csv_file(refuse, tmp_path, folder):
    refuse("similarity", folder, "-o", tmp_path / "t.txt", parts=["t.txt: a table is written as"])


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["-k", "10"], "--clusters: 10 clusters of 9 textures"),
        (["-k", "0"], "--clusters: 0 is not"),
        (["-k", "-2"], "--clusters: -2 is not"),
        (["--seed", "-1"], "--seed: -1 is not"),
    ],
)
def test_a_bad_number_of_clusters_or_seed_is_refused(refuse, tmp_path, folder, words, part):
    refuse("cluster", folder, "-o", tmp_path / "clusters", *words, parts=[part])


def test_a_full_disk_is_a_failed_run(call, tmp_path, folder, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = call("texture", "similarity", folder, "-o", tmp_path / "vectors.csv")
    assert answer.code == 1
    assert (
        answer.err
        == f"jaxtex: {tmp_path / 'vectors.csv'}: cannot be written (No space left on device)\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["papers"]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_and_needs_no_jax(launch, name):
    process = launch("texture", name, "--help", python=["-X", "importtime"])
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"jaxtex texture {name} papers" in out
    modules = {line.rpartition("|")[2].strip() for line in err.splitlines()}
    assert "click" in modules
    assert not modules & {"jax", "sklearn"}
