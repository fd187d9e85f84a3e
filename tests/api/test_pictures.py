"""Stylisations, scores and batches by functions: what the commands write, from arrays or files."""

import io

import numpy as np
import pytest
from click.testing import CliRunner
from logos import CONTENT, SHALLOW, STYLE, TINY, bars, options, picture
from msgnet_models import random_model
from PIL import Image
from tiny_jobs import make_images

import jaxtex
from jaxtex.cli import app
from jaxtex.jobs import Front


def command(*words) -> None:
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


@pytest.fixture(scope="module")
def result():
    return jaxtex.stylize(CONTENT, STYLE, **TINY)


def test_files_give_what_the_command_writes(result, tmp_path):
    command("stylize", CONTENT, STYLE, "-o", tmp_path / "out.png", *options(**TINY))
    with Image.open(tmp_path / "out.png") as image:
        np.testing.assert_array_equal(result.image, np.asarray(image))


def test_an_output_is_written_with_its_settings(tmp_path):
    jaxtex.stylize(str(CONTENT), [STYLE], output=str(tmp_path / "a.png"), **TINY)
    assert jaxtex.score(tmp_path / "a.png", content=CONTENT, style=STYLE, ocr=False).width == 128
    with Image.open(tmp_path / "a.png") as image:
        assert "northgate.png" in image.text["jaxtex"]


def test_a_result_shows_and_saves_its_image(result, tmp_path):
    np.testing.assert_array_equal(pixels(result._repr_png_()), result.image)
    result.save(tmp_path / "out.webp")
    with Image.open(tmp_path / "out.webp") as image:
        np.testing.assert_array_equal(np.asarray(image), result.image)


def test_a_file_is_512_pixels_wide_and_an_array_as_wide_as_it_is():
    few = {**SHALLOW, "steps": 1, "finish_steps": 0, "scales": 1}
    assert jaxtex.stylize(CONTENT, STYLE, **few).image.shape[1] == 512
    assert jaxtex.stylize(bars(), STYLE, **few).image.shape == bars().shape


def test_a_batch_of_files_gives_what_each_alone_does(result):
    (only,) = jaxtex.stylize_batch([CONTENT], STYLE, **TINY)
    assert only.image.dtype == np.uint8
    # In memory the canvas is the same; sums of a batch may differ in the last bit.
    assert np.abs(only.image.astype(int) - result.image).max() <= 1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"stepz": 3}, "option 'stepz' is unknown; allowed are .*steps"),
        ({"steps": 0}, "steps: 0 is not a whole number from 1 to 1e"),
        ({"preset": "stele"}, "stele"),
        ({"output": "out.xyz"}, r"out.xyz: cannot write '.xyz'"),
        ({"hooks": object()}, "network and hooks: go with arrays"),
        ({"max_memory": -1}, "--max-memory: -1 is not a number of GiB above 0"),
    ],
)
def test_what_cannot_be_is_refused_in_the_commands_words(given, sentence):
    with pytest.raises(jaxtex.JaxtexError, match=sentence):
        jaxtex.stylize(CONTENT, STYLE, **given)


def test_an_error_names_an_array_by_what_it_is():
    with pytest.raises(jaxtex.ImageError, match=r"^style: has the shape \(3,\)"):
        jaxtex.stylize(CONTENT, np.zeros(3))
    with pytest.raises(jaxtex.SettingsError, match=r"^--content: result-0.png does not say its"):
        jaxtex.score(bars())


def test_scores_are_the_commands(tmp_path, result):
    result.save(tmp_path / "out.png")
    given = {"content": CONTENT, "style": STYLE, "ocr": False}
    both = jaxtex.score_batch([tmp_path / "out.png", result], **given, table=tmp_path / "t.csv")
    assert both[0].to_dict() == both[1].to_dict()
    assert both[0].readability.readability > 0.3
    files = ("--content", CONTENT, "--style", STYLE, "--no-ocr", "--csv", tmp_path / "again.csv")
    command("score", tmp_path / "out.png", tmp_path / "out.png", *files)
    figures = [
        [line.split(",")[1:] for line in (tmp_path / name).read_text().splitlines()]
        for name in ("t.csv", "again.csv")
    ]
    assert figures[0] == figures[1]


def test_rows_in_memory_are_a_manifest(tmp_path):
    make_images(tmp_path)
    shared = {"layer": SHALLOW["layers"], "content-layer": "conv1_2", "size": 64, "steps": 3}
    rows = [
        {"content": tmp_path / f"c{n}.png", "style": tmp_path / "s1.png", "output": f"{n}.png",
         "strength": strength, **shared, "finish-steps": 0, "scales": 1}
        for n, strength in ((1, float("nan")), (2, np.float64(0.7)))
    ]  # fmt: skip
    said: list[str] = []
    front = Front(show=lambda status: said.append(status.text))
    done = jaxtex.batch(rows, output=tmp_path / "out", score=False, front=front)
    assert [row["status"] for row in done.rows] == ["done", "done"]
    assert sorted(row["settings"]["strength"] for row in done.rows) == [0.5, 0.7]
    assert sorted(path.name for path in done.images) == ["1.png", "2.png"]
    assert said
    again = jaxtex.batch(rows, output=tmp_path / "out", score=False, resume=True)
    assert again.run == 0


def test_bad_rows_are_told_by_their_number(tmp_path):
    with pytest.raises(jaxtex.ManifestError, match=r"(?s)the rows: 1 of 1 .*line 1: .*'stepz'"):
        jaxtex.batch([{"stepz": 1}], output=tmp_path / "out")
    with pytest.raises(jaxtex.ManifestError, match="the rows: are none"):
        jaxtex.batch([], output=tmp_path / "out")


def test_a_sweep_shows_its_first_table(tmp_path):
    grid = tmp_path / "grid.toml"
    grid.write_text(
        'steps = 2\nfinish_steps = 0\nsize = 64\nscales = 1\ncontent_layer = "conv1_2"\n'
        '[layers]\nconv1_1 = 1.0\n[[grid]]\nname = "weights"\n'
        'columns = { option = "content_weight", values = [0.1, 10] }\n'
    )
    done = jaxtex.sweep(bars(), picture(STYLE), tmp_path / "out", grid=grid)
    assert len(done.cells) == 2
    assert done.sheets == [tmp_path / "out" / "weights.png"]
    assert pixels(done._repr_png_()).ndim == 3
    assert done.report.is_file()


def test_msgnet_takes_arrays_and_gives_what_the_command_writes(tmp_path):
    model = random_model(tmp_path / "net.safetensors")
    contents = [np.rint(bars() * 255).astype(np.uint8)] * 2
    done = jaxtex.msgnet.apply(contents, STYLE, model=model, style_size=64)
    assert len(done.images) == 2
    assert done.files == []
    assert pixels(done._repr_png_()).shape[1] > 2 * contents[0].shape[1]
    Image.fromarray(contents[0]).save(tmp_path / "c.png")
    words = ("--model", model, "--style-size", 64, "-o", tmp_path / "out.png")
    command("msgnet", "apply", tmp_path / "c.png", STYLE, *words)
    with Image.open(tmp_path / "out.png") as image:
        np.testing.assert_array_equal(done.image, np.asarray(image))
