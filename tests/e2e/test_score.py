import csv
import hashlib
import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
from logos import CONTENT, SIZE, STYLE, TINY, options, picture

from jaxtex import images
from jaxtex.style.metrics import Reference, ocr

HEIGHT = 34
FIGURES = ("readability", "artefacts", "style")


@pytest.fixture(autouse=True)
def without_tesseract(monkeypatch):
    monkeypatch.setattr(ocr.shutil, "which", lambda name: None)


@pytest.fixture
def score(call, tmp_path):
    def score(*words, code=0, content=CONTENT, style=STYLE):
        answer = call("score", *words, "--content", content, "--style", style)
        assert answer.code == code, answer.err
        return answer

    return score


@pytest.fixture
def saved(tmp_path):
    def saved(image, name="result.png", **metadata):
        images.save_image(tmp_path / name, image, metadata=metadata or None)
        return tmp_path / name

    return saved


def small():
    return images.resize(picture(CONTENT), HEIGHT, SIZE)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_content_itself_and_the_style_itself(score, saved):
    style = images.resize(picture(STYLE), 51, SIZE)
    found = json.loads(score(saved(small(), "c.png"), saved(style, "s.png"), "--json").out)
    content, style = found["scores"]
    assert content["readability"] == pytest.approx(1, abs=0.01)
    assert content["artefacts"] == pytest.approx(0, abs=0.001)
    assert content["style"] == pytest.approx(0, abs=0.01)
    assert style["style"] == pytest.approx(1, abs=0.01)


def test_one_result_is_one_object_with_all_parts(score, saved):
    path = saved(small())
    answer = score(path, "--json")
    assert answer.err == ""
    found = json.loads(answer.out)
    assert found["output"] == str(path)
    assert set(FIGURES) < set(found)
    assert {"overlap", "edges", "contrast", "ocr", "coloured", "specks", "haze"} < set(found)
    assert {f"block{number}" for number in range(1, 6)} < set(found)
    assert (found["width"], found["height"], found["settings"]) == (SIZE, HEIGHT, {})


def test_one_result_is_told_in_lines(score, saved):
    lines = score(saved(small())).out.splitlines()
    assert [line.split()[0] for line in lines] == [*FIGURES, "composition", "weakest_letter"]
    assert float(lines[0].split()[1]) > 0.99


def test_several_results_make_a_table_and_a_csv(score, saved, tmp_path):
    spoiled = small()
    spoiled[1:3, 1:3] = 0
    paths = [saved(small(), "clean.png"), saved(spoiled, "spoiled.jpg")]
    answer = score(*paths, "--csv", tmp_path / "scores.csv")
    assert [line.split()[0] for line in answer.out.splitlines()] == [
        "readability", str(paths[0]), str(paths[1])
    ]  # fmt: skip
    with (tmp_path / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["output"] for row in rows] == list(map(str, paths))
    assert float(rows[0]["artefacts"]) < float(rows[1]["artefacts"])
    answer = score(*paths, "--csv", tmp_path / "scores.csv", code=2)
    assert "scores.csv: exists already" in answer.err


def test_a_figure_that_cannot_be_had_is_a_dash_in_the_table(score, saved, monkeypatch):
    real = Reference.score
    monkeypatch.setattr(
        Reference,
        "score",
        lambda self, results: [replace(each, style=math.nan) for each in real(self, results)],
    )
    answer = score(saved(small(), "a.png"), saved(small(), "b.png"))
    assert [line.split()[-1] for line in answer.out.splitlines()] == ["style", "–", "–"]


def test_a_result_that_carries_its_settings_needs_no_more(call, tmp_path):
    for path in (CONTENT, STYLE):
        shutil.copy(path, tmp_path)
    made = call("stylize", CONTENT, STYLE, "-o", tmp_path / "out.png", *options(**TINY))
    assert made.code == 0, made.err
    answer = call("score", tmp_path / "out.png", "--json")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert found["content"] == str(tmp_path / CONTENT.name)
    assert found["style_image"] == str(tmp_path / STYLE.name)
    assert found["settings"]["layers"] == TINY["layers"]
    named = call("score", tmp_path / "out.png", "--json", "--content", CONTENT, "--style", STYLE)
    assert named.err == ""
    assert {name: json.loads(named.out)[name] for name in FIGURES} == {
        name: found[name] for name in FIGURES
    }


def test_files_that_are_not_there_or_are_others_are_named(call, score, saved, tmp_path):
    recorded = {"name": CONTENT.name, "sha256": sha256(CONTENT)}
    path = saved(small(), content=recorded, styles=[{"name": STYLE.name, "sha256": "0" * 64}])
    answer = call("score", path, "--content", CONTENT)
    assert answer.code == 2
    assert answer.err == (
        f"jaxtex: --style: {path} was made with 'ironwyrm.png', which is neither beside it nor "
        "here; name the file\n"
    )
    answer = score(path)
    assert f"{path}: was made with another style (ironwyrm.png) than {STYLE}" in answer.err
    answer = call("score", saved(small(), "plain.png"), "--style", STYLE)
    assert answer.code == 2
    assert "--content: " in answer.err
    assert "does not say its content; name the file" in answer.err


def test_a_margin_that_was_kept_is_cut_off(score, saved):
    image = np.ones((HEIGHT + 20, SIZE + 20, 3), np.float32)
    image[10:-10, 10:-10] = small()
    kept = saved(image, "kept.png", keep_margin=True, size=SIZE)
    found = json.loads(score(kept, "--json").out)
    assert (found["width"], found["height"]) == (SIZE, HEIGHT)
    assert found["readability"] == pytest.approx(1, abs=0.01)
    wrong = saved(image, "wrong.png", keep_margin=True, size=SIZE - 1)
    assert "is not the 127×33 with a margin" in score(wrong, code=2).err


def test_what_tesseract_reads_is_an_extra(score, saved, monkeypatch):
    path = saved(small())
    plain = json.loads(score(path, "--json").out)
    assert (plain["ocr"], plain["read"]) == (None, None)
    monkeypatch.setattr(ocr, "read", lambda presence: "northgate")
    read = json.loads(score(path, "--json").out)
    assert (read["ocr"], read["read"]) == (1.0, {"content": "northgate", "result": "northgate"})
    assert read["readability"] == plain["readability"]
    assert json.loads(score(path, "--json", "--no-ocr").out)["ocr"] is None
    assert "read as 'northgate' (1.00)" in score(path).out


def test_a_transparent_logo_is_put_on_a_background_where_it_is_seen(call, tmp_path):
    height, width = 34, 128
    alpha = 1 - images.resize(picture(CONTENT), height, width)[..., 0]
    white = np.ones((height, width, 3), np.float32)
    images.save_image(tmp_path / "white.png", images.join(white, alpha))
    words = ("score", tmp_path / "white.png", "--content", tmp_path / "white.png", "--style", STYLE)
    answer = call(*words, "--background", "white")
    assert answer.code == 2
    assert f"{tmp_path / 'white.png'}: no lettering can be told from its ground" in answer.err
    for background in ((), ("--background", "black")):
        answer = call(*words, *background, "--json")
        assert json.loads(answer.out)["readability"] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["missing.png"], "missing.png: no such file"),
        (["{result}", "--size", "8"], "--size: 8 is not a number of pixels from 16"),
        (["{result}", "--csv", "{folder}/scores.txt"], "scores.txt must end in .csv"),
        (["{result}", "--csv", "{folder}/no/scores.csv"], "does not exist; create it first"),
        (["{result}", "--background", "puce?"], "'puce?' is not a colour"),
        (["{tiny}"], "tiny.png: 12×6 pixels is too small to be scored"),
        (["{broken}"], "broken.png: its jaxtex metadata is damaged"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(score, saved, tmp_path, words, part):
    files = {
        "result": saved(small()),
        "tiny": saved(small()[:6, :12], "tiny.png"),
        "broken": saved(small(), "broken.png", note="a"),
        "folder": tmp_path,
    }
    data = files["broken"].read_bytes()
    files["broken"].write_bytes(data.replace(b'{"note": "a"}', b'{"note": "b"}'))
    answer = score(*(word.format(**files) for word in words), code=2)
    assert part in answer.err
    assert answer.err.startswith("jaxtex: ")
    assert (answer.out, answer.err.count("\n")) == ("", 1)


def test_content_and_style_must_differ(call, saved):
    answer = call("score", saved(small()), "--content", CONTENT, "--style", CONTENT)
    assert answer.code == 2
    assert f"{CONTENT}: is the content itself" in answer.err
