"""`jaxtex texture sample` on a model of random weights."""

import json

import numpy as np
import pytest
from PIL import Image

from jaxtex.images import read_metadata

N = 100


@pytest.fixture
def sample(call, texture_model):
    """Calls the command with the model, and gives its JSON object."""

    def sample(*words):
        answer = call("texture", "sample", "--model", texture_model, "--json", *words)
        assert answer.code == 0, answer.err
        return json.loads(answer.out)

    return sample


@pytest.fixture
def refuse(refuse, texture_model):
    def refuse_sample(*words, parts, model=texture_model):
        refuse("texture", "sample", "--model", model, "-n", 4, *words, parts=parts)

    return refuse_sample


def points_in(path):
    with np.load(path) as file:
        return file["points"]


def test_the_sheet_the_latents_and_the_textures_belong_together(sample, tmp_path, texture_model):
    from jaxtex.texture.dcgan import load_model

    sheet, points, folder = tmp_path / "s.png", tmp_path / "p.npz", tmp_path / "textures"
    said = sample("-n", 5, "-o", sheet, "--points", points, "--images", folder, "--seed", 3)
    assert said["images"] == [str(folder / f"{index}.png") for index in range(5)]
    model = load_model(texture_model)
    assert said["model"] == model.digest
    latents = points_in(points)
    np.testing.assert_allclose(np.linalg.norm(latents, axis=1), 7.8, rtol=1e-5)
    drawn = np.rint(model.generate(latents) * 255)
    cells = np.asarray(Image.open(sheet))
    for index in range(5):
        texture = np.asarray(Image.open(folder / f"{index}.png"))
        np.testing.assert_array_equal(texture, drawn[index])
        top, left = 2 + index // 3 * 66, 2 + index % 3 * 66
        np.testing.assert_array_equal(cells[top : top + 64, left : left + 64], drawn[index])
        metadata = read_metadata(folder / f"{index}.png")
        np.testing.assert_array_equal(np.float32(metadata["latent"]), latents[index])
        assert (metadata["seed"], metadata["model"]) == (3, model.digest)
    assert read_metadata(sheet)["seed"] == 3


def test_the_same_seed_gives_the_same_bytes_and_another_others(sample, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        sample("-n", 4, "-o", tmp_path / f"{name}.png", "--seed", seed, "--kappa", 20)
    first, again, other = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert first == again != other


def test_angle_and_direction_say_where_the_points_lie(sample, tmp_path):
    vector = np.random.default_rng(0).normal(size=N)
    np.save(tmp_path / "d.npy", vector)
    out = ("-o", tmp_path / "s.png", "--overwrite", "--points", tmp_path / "p.npz", "-n", 64)

    def angles(direction):
        cosines = points_in(tmp_path / "p.npz") @ direction / 7.8 / np.linalg.norm(direction)
        return np.degrees(np.arccos(cosines)).mean()

    sample(*out, "--angle", 40, "--direction", tmp_path / "d.npy")
    assert angles(vector) == pytest.approx(40, abs=2)
    sample(*out, "--angle", 40, "--direction", "axis:7")
    assert angles(np.eye(N)[7]) == pytest.approx(40, abs=2)
    sample(*out, "--angle", 20, "--direction", "random", "--seed", 5)
    assert angles(points_in(tmp_path / "p.npz").mean(axis=0)) == pytest.approx(20, abs=2)


def test_a_similarity_is_what_the_textures_have(sample, tmp_path, texture_model):
    from jaxtex.texture.dcgan import load_model
    from jaxtex.texture.similarity.ssim import mssim

    out = ("-o", tmp_path / "s.png", "--points", tmp_path / "p.npz")
    said = sample(*out, "-n", 128, "--similarity", 0.8)
    assert said["similarity"] == pytest.approx(0.8, abs=0.01)
    model = load_model(texture_model)
    middle = model.generate(7.8 * np.eye(1, N, 1))
    textures = model.generate(points_in(tmp_path / "p.npz"))
    assert float(mssim(textures, middle).mean()) == pytest.approx(0.8, abs=0.04)


def test_the_centre_moves_the_sphere(sample, tmp_path):
    center = np.zeros(N)
    center[3] = 6
    (tmp_path / "c.json").write_text(json.dumps(center.tolist()))
    out = ("-o", tmp_path / "s.png", "--points", tmp_path / "p.npz")
    sample(*out, "-n", 8, "--center", tmp_path / "c.json", "--radius", 3)
    distance = np.linalg.norm(points_in(tmp_path / "p.npz") - center, axis=1)
    np.testing.assert_allclose(distance, 3, rtol=1e-5)


def test_without_json_it_says_what_it_did_on_stderr(call, tmp_path, texture_model):
    words = ("-n", 4, "-o", tmp_path / "s.png", "--labels")
    answer = call("texture", "sample", "--model", texture_model, *words)
    assert (answer.code, answer.out) == (0, "")
    assert "s.png: 4 textures, radius 7.8, κ 0" in answer.err


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("-n", 0), ["--count: 0"]),
        (("-n", 10_001), ["--count: 10001"]),
        (("--kappa", -1), ["--kappa: -1"]),
        (("--radius", 0), ["--radius: 0"]),
        (("--radius", 30), ["4 of 4 points lie off the prior's shell", "5 to 15"]),
        (("--angle", 120), ["--angle: 120", "90"]),
        (("--similarity", 2), ["--similarity: 2"]),
        (("--similarity", -0.9), ["similarity: -0.9 cannot be had"]),
        (("--kappa", 0, "--angle", 50), ["--kappa and --angle"]),
        (("--seed", -1), ["--seed: -1"]),
        (("--direction", "axis:100"), ["axis:100", "0 to 99"]),
        (("--direction", "axis:x"), ["axis:x"]),
        (("--direction", "missing.npy"), ["missing.npy: no such file"]),
        (("--center", "missing.npy"), ["missing.npy: no such file"]),
        (("--direction", "north"), ["north", ".npz, .npy, .json"]),
        (("--points", "p.txt"), ["p.txt must end in .npz"]),
    ],
)
def test_bad_options_are_refused(refuse, tmp_path, words, parts):
    refuse("-o", tmp_path / "s.png", *words, parts=parts)


@pytest.mark.parametrize(
    ("array", "parts"),
    [
        (np.zeros(N), ["v.npy", "length 0 has no direction"]),
        (np.ones(64), ["v.npy", "[64]", "100 dimensions"]),
        (np.ones((2, N)), ["v.npy", "2 vectors; one is needed"]),
        (np.full(N, np.nan), ["v.npy", "not finite"]),
    ],
)
def test_a_file_that_is_no_direction_is_refused(refuse, tmp_path, array, parts):
    np.save(tmp_path / "v.npy", array)
    refuse("-o", tmp_path / "s.png", "--direction", tmp_path / "v.npy", parts=parts)


def test_outputs_are_not_overwritten_silently(refuse, tmp_path):
    (tmp_path / "s.png").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.png").touch()
    refuse("-o", tmp_path / "s.png", parts=["s.png: exists already", "--overwrite"])
    words = ("-o", tmp_path / "new.png", "--images", tmp_path / "full")
    refuse(*words, parts=["full: holds files already", "--overwrite"])
    refuse("-o", tmp_path / "s.bmpx", parts=[".bmpx"])


def test_a_model_that_is_none_is_refused(refuse, tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"junk")
    out = ("-o", tmp_path / "s.png")
    refuse(*out, model=tmp_path / "m.safetensors", parts=["m.safetensors: is not a whole"])
    refuse(*out, model=tmp_path / "none.safetensors", parts=["none.safetensors: no such"])
