"""Bad input ends with exit code 2 and one sentence, and leaves nothing behind."""

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from logos import CONTENT, INVERTED, STYLE, bars
from PIL import Image

from jaxtex.weights import vgg16_path


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.png"


def save(path: Path, image: np.ndarray) -> Path:
    Image.fromarray(np.rint(image * 255).astype(np.uint8)).save(path)
    return path


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims to be huge."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    rows = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + rows + chunk(b"IEND", b"")


def missing(path):
    pass


def folder(path):
    path.mkdir()


def empty(path):
    path.touch()


def truncated(path):
    path.write_bytes(CONTENT.read_bytes()[:2000])


def text(path):
    path.write_text("This is not an image.\n" * 50)


def bomb(path):
    path.write_bytes(png_header(100_000, 100_000))


def one_pixel(path):
    save(path, np.zeros((1, 1, 3)))


def narrow(path):
    save(path, bars(64, 7 * 9)[:, 20:27])


def single_colour(path):
    save(path, np.full((64, 64, 3), 0.4))


def invisible(path):
    save(path, np.zeros((64, 64, 4)))


BAD_IMAGES = {
    missing: "no such file",
    folder: "is a folder",
    empty: "the file is empty",
    truncated: "is damaged or cut short",
    text: "not an image",
    bomb: "pixels allowed",
    one_pixel: "1×1 pixels is too small for layer conv4_3, which needs at least 8 a side",
    narrow: "7×64 pixels is too small for layer conv4_3",
    single_colour: "the image has a single colour",
    invisible: "is fully transparent",
}


@pytest.mark.parametrize("role", ["content", "style", "second style"])
@pytest.mark.parametrize("make", BAD_IMAGES, ids=lambda make: make.__name__)
def test_a_bad_image_is_refused_with_its_name(refuse, tmp_path, out, make, role):
    path = tmp_path / "bad.png"
    make(path)
    words = {"content": [path, STYLE], "style": [CONTENT, path]}.get(role, [CONTENT, STYLE, path])
    refuse("stylize", *words, "-o", out, parts=[f"{path}: ", BAD_IMAGES[make]])


@pytest.mark.parametrize("option", ["--mask", "--init"])
@pytest.mark.parametrize("make", [missing, folder, empty, truncated, text, bomb, invisible],
                         ids=lambda make: make.__name__)  # fmt: skip
def test_a_bad_mask_or_start_image_is_refused_with_its_name(refuse, tmp_path, out, make, option):
    path = tmp_path / "bad.png"
    make(path)
    refuse("stylize", CONTENT, STYLE, "-o", out, option, path, parts=[path, BAD_IMAGES[make]])


@pytest.mark.parametrize("role", ["content", "style", "mask", "preset"])
def test_an_input_is_never_overwritten(refuse, tmp_path, role):
    path = tmp_path / ("mine.toml" if role == "preset" else "mine.png")
    path.write_bytes(CONTENT.read_bytes())
    words = {"content": [path, STYLE], "style": [CONTENT, path]}.get(role, [CONTENT, STYLE])
    more = {"mask": ["--mask", path], "preset": ["--preset", path, "--history", path]}.get(role, [])
    out = tmp_path / "out.png" if role == "preset" else path
    refuse("stylize", *words, *more, "-o", out, "--overwrite", parts=[f"{path}: is an input"])
    assert path.read_bytes() == CONTENT.read_bytes()


def test_resume_without_a_checkpoint_does_not_overwrite(refuse, tmp_path, out):
    out.write_bytes(b"mine")
    checkpoint = tmp_path / "run"
    words = ("--checkpoint", checkpoint, "--resume")
    refuse("stylize", CONTENT, STYLE, "-o", out, *words, parts=[f"{out}: exists already"])
    checkpoint.mkdir()
    refuse("stylize", CONTENT, STYLE, "-o", out, *words, parts=[f"{out}: exists already"])
    assert out.read_bytes() == b"mine"


def test_a_mask_of_another_shape_is_refused(refuse, tmp_path, out):
    path = tmp_path / "mask.png"
    Image.new("L", (100, 80), 255).save(path)
    parts = [f"{path}: has 100×80 pixels, another shape than the 1024×270 of {CONTENT}"]
    refuse("stylize", CONTENT, STYLE, "-o", out, "--mask", path, parts=parts)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("--content-weight nan", "content-weight: nan is not a number from 0"),
        ("--content-weight -1", "content-weight: -1.0 "),
        ("--content-weight inf", "content-weight: inf "),
        ("--steps 0", "steps: 0 is not a whole number from 1"),
        ("--steps -1", "steps: -1 "),
        ("--finish-steps -1", "finish-steps: -1 "),
        ("--learning-rate inf", "learning-rate: inf "),
        ("--learning-rate 0", "learning-rate: 0.0 "),
        ("--tv -0.1", "tv: -0.1 "),
        ("--l2 nan", "l2: nan "),
        ("--silhouette -1", "silhouette: -1.0 "),
        ("--ink nan", "ink: nan "),
        ("--scales 0", "scales: 0 "),
        ("--size 0", "size: 0 "),
        ("--size 99999", "size: 99999 "),
        ("--style-size -3", "style-size: -3 "),
        ("--margin -1", "margin: -1 "),
        ("--seed -1", "seed: -1 "),
        ("--strength 2", "strength: 2.0 is not a number from 0 to 1"),
        ("--strength nan", "strength: nan "),
        ("--preset gatys --strength 0.5", "'gatys' has no such knob"),
        ("--layer conv4_1=nan", "layer conv4_1: nan "),
        ("--layer conv4_1=-2", "layer conv4_1: -2.0 "),
        ("--layer conv4_1=inf", "layer conv4_1: inf "),
        ("--layer conv4_1=0", "above 0"),
        ("--layer conv4_1", "--layer: 'conv4_1' must look like conv4_1=200"),
        ("--layer conv4_1=", "--layer: '' in 'conv4_1=' is not a number"),
        ("--layer conv4_1=two", "--layer: 'two' in 'conv4_1=two' is not a number"),
        ("--layer conv4_1=1 --layer conv4_1=2", "--layer: 'conv4_1' is given twice"),
        ("--layer conv6_1=1", "layer 'conv6_1' is unknown; allowed are conv1_1, "),
        ("--layer =1", "layer '' is unknown"),
        ("--content-layer relu4_2", "layer 'relu4_2' is unknown; allowed are conv1_1, "),
        ("--preset chrome", "preset: 'chrome' is unknown; allowed are steel, "),
        ("--preset none.toml", "preset: none.toml cannot be read"),
        ("--normalization l1", "normalization: 'l1' is unknown; allowed are relative, "),
        ("--features fc", "features: 'fc' is unknown"),
        ("--pool min", "pool: 'min' is unknown"),
        ("--optimizer sgd", "optimizer: 'sgd' is unknown"),
        ("--box hard", "box: 'hard' is unknown"),
        ("--box project", "box: 'project' needs the optimizer 'adam'"),
        ("--canvas wood", "canvas: 'wood' is unknown"),
        ("--precision float16", "precision: 'float16' is unknown"),
        ("--background red-ish", "'red-ish' is not a colour"),
        ("--style-weight 1 --style-weight 2", "style-weight: 2 given for 1 style images"),
        ("--style-weight nan", "style-weight: [nan] must be"),
        ("--style-weight 0", "style-weight: [0.0] must be"),
        ("--save-every 0", "--save-every: 0 "),
        ("--animate-frames 1", "--animate-frames: 1 is not a whole number from 2 to 1000"),
        ("--resume", "--resume: needs --checkpoint DIR"),
        ("--checkpoint run --checkpoint-every nan", "--checkpoint-every: nan "),
        ("--max-memory 0", "--max-memory: 0.0 "),
        ("--max-memory nan", "--max-memory: nan "),
        ("--history h.txt", "h.txt: a history is written as .csv or .png"),
        ("--animate a.png", "a.png: an animation is written as .gif or .mp4"),
        ("--init nowhere.png", "nowhere.png: no such file"),
    ],
)
def test_a_bad_option_is_refused_with_its_name_and_value(refuse, out, words, part):
    refuse("stylize", CONTENT, STYLE, "-o", out, *words.split(), parts=[part])


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("--steps many", "Invalid value for '--steps': 'many'"),
        ("--content-weight heavy", "Invalid value for '--content-weight': 'heavy'"),
        ("--device abacus", "Invalid value for '--device': 'abacus'"),
        ("--stepz 3", "No such option '--stepz'"),
    ],
)
def test_what_cannot_be_parsed_is_refused_with_its_name_and_value(call, out, words, part):
    answer = call("stylize", CONTENT, STYLE, "-o", out, *words.split())
    assert answer.code == 2
    assert part in answer.err.replace(": --stepz", " '--stepz'")
    assert not out.exists()


@pytest.mark.parametrize("words", [(), ("stylish",), ("stylize",), ("stylize", CONTENT, STYLE)])
def test_a_call_without_its_words_is_refused_with_the_usage(call, words):
    answer = call(*words)
    assert answer.code == 2
    assert "Usage: jaxtex" in answer.err + answer.out


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("none/out.png", "does not exist; create it first"),
        ("file/out.png", "file is not a folder"),
        ("there", "is a folder"),
        ("there.png", "exists already; choose another name or give --overwrite"),
        ("out.xyz", "cannot write '.xyz'; name it .png, "),
        ("out", "has no suffix; name it .png, "),
    ],
)
def test_an_output_that_cannot_be_written_is_refused(refuse, tmp_path, name, part):
    (tmp_path / "file").touch()
    (tmp_path / "there").mkdir()
    (tmp_path / "there.png").write_text("mine")
    refuse("stylize", CONTENT, STYLE, "-o", tmp_path / name, parts=[tmp_path / name, part])
    assert (tmp_path / "there.png").read_text() == "mine"


@pytest.mark.parametrize("option", ["--history", "--animate"])
def test_other_outputs_are_not_overwritten_either(refuse, tmp_path, out, option):
    path = tmp_path / ("h.csv" if option == "--history" else "a.gif")
    path.touch()
    refuse("stylize", CONTENT, STYLE, "-o", out, option, path, parts=[path, "exists already"])


def test_two_outputs_of_one_name_are_refused(refuse, out):
    refuse("stylize", CONTENT, STYLE, "-o", out, "--history", out, parts=["a different file"])


def test_a_plot_without_matplotlib_is_refused(refuse, tmp_path, out, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    refuse("stylize", CONTENT, STYLE, "-o", out, "--history", tmp_path / "h.png",
           parts=["h.png: a plot needs matplotlib"])  # fmt: skip


def test_transparency_needs_a_format_that_has_it(refuse, tmp_path):
    refuse("stylize", CONTENT, STYLE, "-o", tmp_path / "out.jpg", "--background", "transparent",
           parts=["out.jpg: .jpg has no transparency; name it .png, "])  # fmt: skip


def test_transparency_needs_a_plain_ground(refuse, tmp_path, out):
    noise = np.random.default_rng(0).uniform(size=(64, 64, 3))
    content = save(tmp_path / "noise.png", noise)
    refuse("stylize", content, STYLE, "-o", out, "--background", "transparent",
           parts=["background: 'transparent' needs a content with alpha"])  # fmt: skip


def test_a_logo_too_narrow_at_the_wanted_size_is_refused(refuse, tmp_path, out):
    content = save(tmp_path / "long.png", bars(20, 400))
    refuse("stylize", content, STYLE, "-o", out, "--size", "64", "--preset", "gatys",
           parts=[f"{content}: 64×3 pixels, at size 64", "conv5_3"])  # fmt: skip


@pytest.mark.parametrize(
    ("preset", "part"),
    [
        ("steps = ", "cannot be read as TOML"),
        ("stepz = 3", "option 'stepz' is unknown; allowed are "),
        ("steps = 'many'", "steps: 'many' is not a whole number"),
        ("preset = 'chrome'", "starts from 'chrome', which is unknown"),
        ("[layers]\nconv6_1 = 1", "layer 'conv6_1' is unknown"),
    ],
)
def test_a_bad_preset_file_is_refused_with_its_name(refuse, tmp_path, out, preset, part):
    path = tmp_path / "mine.toml"
    path.write_text(preset)
    refuse("stylize", CONTENT, STYLE, "-o", out, "--preset", path, parts=[path, part])


def weights_missing(path):
    pass


def weights_of_text(path):
    path.write_text("not weights " * 100)


def weights_cut_short(path):
    with vgg16_path().open("rb") as file:
        path.write_bytes(file.read(1 << 20))


@pytest.mark.parametrize("make", [weights_missing, weights_of_text, weights_cut_short])
def test_bad_weights_are_refused_with_their_name(refuse, tmp_path, out, make):
    path = tmp_path / "vgg.safetensors"
    make(path)
    refuse("stylize", CONTENT, STYLE, "-o", out, "--size", "64", "--weights", path,
           parts=[f"{path}"])  # fmt: skip


def test_a_checkpoint_that_is_a_file_is_refused(refuse, tmp_path, out):
    path = tmp_path / "run"
    path.touch()
    refuse("stylize", CONTENT, INVERTED, "-o", out, "--size", "64", "--checkpoint", path,
           parts=["run is not a folder"])  # fmt: skip


@pytest.mark.parametrize("device", ["gpu", "tpu"])
def test_a_device_that_is_not_there_is_refused(launch, out, device):
    from jaxtex import platforms

    if platforms.current() != "cpu":
        pytest.skip("there is an accelerator")
    process = launch("stylize", CONTENT, STYLE, "-o", out, "--device", device)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert err.startswith(f"jaxtex: device: '{device}' is not available here")
    assert not out.exists()
