import json
from pathlib import Path

import numpy as np
import pytest
from logos import CONTENT, STYLE
from msgnet_models import random_model

from jaxtex import runtime
from jaxtex.images import fit, load_image, over, read_metadata, resize, save_image
from jaxtex.style.msgnet import load_model
from jaxtex.weights import vgg16_path


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return random_model(tmp_path_factory.mktemp("msgnet") / "random.safetensors")


def small(model: Path) -> tuple:
    """Options that take the style at the one size for which these tests compile its targets."""
    return "--model", model, "--style-size", 60


def pictures(folder: Path, *sizes: tuple[int, int]) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number, size in enumerate(sizes):
        save_image(folder / f"{number}.png", rng.uniform(size=(*size, 3)))
    return folder


def test_a_content_becomes_an_image_of_its_size(call, model, tmp_path):
    out = tmp_path / "out.png"
    answer = call("msgnet", "apply", CONTENT, STYLE, "-o", out, "--size", 101, "--model", model)
    assert answer.code == 0, answer.err
    assert load_image(out).rgb.shape[:2] == fit(*load_image(CONTENT).rgb.shape[:2], 101)
    told = read_metadata(out)
    assert told["model"] == load_model(model).digest
    assert told["content"]["name"] == "northgate.png"
    assert told["styles"][0]["name"] == "ironwyrm.png"


def test_a_folder_of_contents_becomes_a_folder_each_as_if_alone(call, model, tmp_path, monkeypatch):
    forgotten = []
    real = runtime.forget_programs
    monkeypatch.setattr(runtime, "forget_programs", lambda: forgotten.append(real(1)))
    contents = pictures(tmp_path / "in", (41, 50), (30, 50), (41, 50))
    (contents / "broken.png").write_bytes(b"nothing")
    options = small(model)
    answer = call("msgnet", "apply", contents, STYLE, "-o", tmp_path / "all", *options, "--json")
    found = json.loads(answer.out)
    assert [Path(path).name for path in found["outputs"]] == [f"{k}.png" for k in range(3)]
    assert "broken.png" in found["left_out"][0]
    # Once for each shape.
    assert forgotten == [True, True]
    for number in (1, 2):
        alone = tmp_path / f"alone-{number}.png"
        call("msgnet", "apply", contents / f"{number}.png", STYLE, "-o", alone, *options)
        together = load_image(tmp_path / "all" / f"{number}.png").rgb
        np.testing.assert_allclose(together, load_image(alone).rgb, atol=1.5 / 255)


def test_a_folder_of_one_content_becomes_a_folder_too(call, model, tmp_path):
    contents = pictures(tmp_path / "in", (41, 50))
    answer = call("msgnet", "apply", contents, STYLE, "-o", tmp_path / "all", *small(model))
    assert answer.code == 0, answer.err
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["0.png"]


def test_results_within_the_folder_of_contents_are_no_contents(call, model, tmp_path):
    contents = pictures(tmp_path / "in", (41, 50))
    (contents / "a").mkdir()
    (contents / "a" / "0.png").write_bytes((contents / "0.png").read_bytes())
    words = (contents, STYLE, "-o", contents / "out", *small(model), "--overwrite", "--json")
    for _ in range(2):
        answer = call("msgnet", "apply", *words)
        assert answer.code == 0, answer.err
        assert len(json.loads(answer.out)["outputs"]) == 2
    assert sorted(path.name for path in (contents / "out").iterdir()) == ["0.png", "a-0.png"]


def test_a_content_is_never_overwritten(call, model, tmp_path):
    contents = pictures(tmp_path / "in", (41, 50))
    before = (contents / "0.png").read_bytes()
    for given, output in ((contents, contents), (contents / "0.png", contents / "0.png")):
        words = (given, STYLE, "-o", output, "--model", model, "--overwrite")
        answer = call("msgnet", "apply", *words)
        assert answer.code == 2
        assert "0.png: is an input, and would be overwritten" in answer.err
    assert (contents / "0.png").read_bytes() == before


def test_a_training_folder_stands_for_its_model(call, model, tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "model.safetensors").write_bytes(model.read_bytes())
    words = (CONTENT, STYLE, "-o", tmp_path / "out.png", "--size", 101)
    answer = call("msgnet", "apply", *words, "--model", tmp_path / "net", "--json")
    assert json.loads(answer.out)["model"] == load_model(model).digest


def lettering(path: Path, level: float, hidden: float = 0.5) -> Path:
    """Bars of a grey level on transparency, with a hidden colour where it is clear."""
    alpha = np.zeros((40, 64), np.float32)
    alpha[8:-8, 15:25] = alpha[8:-8, 40:50] = 0.5
    alpha[8:-8, 16:24] = alpha[8:-8, 41:49] = 1
    color = np.where(alpha > 0, float(level), hidden)[..., None].repeat(3, -1)
    save_image(path, np.dstack([color, alpha]))
    return path


@pytest.mark.parametrize(("level", "ground"), [(1, 0), (0, 1)], ids=["white", "black"])
def test_a_content_with_alpha_is_worked_on_where_it_stands_out(
    call, model, tmp_path, level, ground
):
    content = lettering(tmp_path / "content.png", level)
    options = (*small(model), "--size", 80)
    given = load_image(content)
    seen = over(given.color, given.alpha, (float(ground),) * 3)
    save_image(tmp_path / "seen.png", seen)
    results = {}
    for name, file in {"out.png": content, "out.jpg": content, "on.png": "seen.png"}.items():
        out = tmp_path / name
        answer = call("msgnet", "apply", tmp_path / file, STYLE, "-o", out, *options)
        assert answer.code == 0, answer.err
        results[name] = load_image(out)
    out, flat = results["out.png"], results["on.png"].rgb
    alpha = resize(given.alpha, 50, 80)
    np.testing.assert_allclose(out.alpha, alpha, atol=0.51 / 255)
    solid = out.alpha == 1
    assert solid.sum() > 300
    np.testing.assert_allclose(out.color[solid], flat[solid], atol=2.01 / 255)
    assert (out.color[out.alpha == 0] == ground).all()
    # Where colours of the result allow it, it lies on its ground as it was computed there.
    soft = (out.alpha > 0.2) & (out.alpha < 1)
    inside = soft & ((out.color > 0) & (out.color < 1)).all(-1)
    assert inside.any()
    again = over(out.color, out.alpha, (float(ground),) * 3)
    np.testing.assert_allclose(again[inside], flat[inside], atol=3 / 255)
    jpeg = results["out.jpg"]
    assert jpeg.alpha is None
    assert np.abs(jpeg.rgb - again).mean() < 0.02


def test_hidden_colours_do_not_show(call, model, tmp_path):
    results = []
    for hidden in (0, 1):
        content = lettering(tmp_path / f"{hidden}.png", 1, hidden)
        out = tmp_path / f"out-{hidden}.png"
        words = (content, STYLE, "-o", out, *small(model), "--size", 80)
        assert call("msgnet", "apply", *words).code == 0
        results.append(load_image(out))
    np.testing.assert_array_equal(results[0].color, results[1].color)
    np.testing.assert_array_equal(results[0].alpha, results[1].alpha)


def test_a_white_style_on_transparency_is_seen(call, model, tmp_path):
    style = lettering(tmp_path / "style.png", 1)
    save_image(tmp_path / "blank.png", np.ones((40, 64, 3), np.float32))
    results = []
    for each in (style, tmp_path / "blank.png"):
        out = tmp_path / f"with-{each.name}"
        words = (CONTENT, each, "-o", out, "--model", model, "--size", 101)
        assert call("msgnet", "apply", *words).code == 0
        results.append(load_image(out).rgb)
    assert np.abs(results[0] - results[1]).max() > 0.01


@pytest.fixture
def apply_refused(refuse, model, tmp_path):
    def apply_refused(*words, parts, content=CONTENT, style=STYLE, output="out.png"):
        model_words = () if "--model" in words else ("--model", model)
        words = ("-o", tmp_path / output, *model_words, *words)
        return refuse("msgnet", "apply", content, style, *words, parts=parts)

    return apply_refused


def test_missing_and_damaged_images_are_refused(apply_refused, tmp_path):
    apply_refused(content=tmp_path / "none.png", parts=["none.png", "no such file"])
    apply_refused(style=tmp_path / "none.png", parts=["none.png", "no such file"])
    (tmp_path / "broken.png").write_bytes(b"nothing")
    apply_refused(content=tmp_path / "broken.png", parts=["broken.png", "damaged"])


def test_images_too_small_are_refused_by_name(apply_refused, tmp_path):
    small = pictures(tmp_path / "small", (15, 40)) / "0.png"
    apply_refused(content=small, parts=[small, "40×15 pixels; MSG-Net needs 16×16"])
    apply_refused("--style-size", 20, parts=[STYLE, "pixels; MSG-Net needs 16×16"])


def test_models_of_another_kind_are_refused(apply_refused, texture_model, tmp_path):
    apply_refused("--model", texture_model, parts=[texture_model, "holds dcgan; an MSG-Net"])
    apply_refused("--model", vgg16_path(), parts=["holds vgg16; an MSG-Net (msgnet) is needed"])
    apply_refused("--model", tmp_path, parts=["has no model.safetensors; `jaxtex msgnet train`"])
    apply_refused("--model", tmp_path / "none", parts=["no such weights file"])


def test_outputs_that_exist_or_cannot_be_are_refused(apply_refused, tmp_path):
    (tmp_path / "there.png").touch()
    apply_refused(output="there.png", parts=["there.png", "exists already", "--overwrite"])
    apply_refused(output="out.gif", parts=["cannot write '.gif'"])
    apply_refused(output="none/out.png", parts=["does not exist"])
    contents = pictures(tmp_path / "in", (20, 20), (20, 20))
    apply_refused(content=contents, output="there.png", parts=["is a file; name a folder"])


def test_sizes_out_of_range_are_refused(apply_refused):
    apply_refused("--size", 15, parts=["--size: 15 is not a number of pixels from 16 to 16384"])
    apply_refused("--style-size", 99999, parts=["--style-size: 99999"])


def test_an_existing_output_can_be_overwritten(call, model, tmp_path):
    out = tmp_path / "out.png"
    out.touch()
    words = (CONTENT, STYLE, "-o", out, "--size", 101, "--model", model)
    assert call("msgnet", "apply", *words, "--overwrite").code == 0
    assert load_image(out).rgb.shape[1] == 101
