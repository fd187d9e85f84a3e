import json

import numpy as np
import pytest

from jaxtex import images
from jaxtex.errors import ImageError, SettingsError
from jaxtex.texture.dcgan import latents

N = 100
DIGEST = "ab" * 32
POINTS = (np.random.default_rng(0).normal(size=(3, N))).astype(np.float32)


def read(path):
    return latents.read_points(path, N, DIGEST)


def test_points_come_back_as_they_were(tmp_path):
    latents.write_points(tmp_path / "p.npz", POINTS, DIGEST, seed=3)
    np.testing.assert_array_equal(read(tmp_path / "p.npz"), POINTS)
    with np.load(tmp_path / "p.npz") as file:
        assert (str(file["model"]), int(file["seed"])) == (DIGEST, 3)


def test_the_same_points_make_the_same_file(tmp_path):
    for name in ("one.npz", "two.npz"):
        latents.write_points(tmp_path / name, POINTS, DIGEST)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_plain_arrays_and_json_are_points_too(tmp_path):
    np.save(tmp_path / "p.npy", POINTS.astype(np.float64))
    np.savez(tmp_path / "one.npz", anything=POINTS[0])
    (tmp_path / "list.json").write_text(json.dumps(POINTS[0].tolist()))
    (tmp_path / "object.json").write_text(json.dumps({"points": POINTS.tolist()}))
    (tmp_path / "latent.json").write_text(json.dumps({"latent": POINTS[1].tolist()}))
    np.testing.assert_array_equal(read(tmp_path / "p.npy"), POINTS)
    np.testing.assert_array_equal(read(tmp_path / "one.npz"), POINTS[:1])
    np.testing.assert_array_equal(read(tmp_path / "list.json"), POINTS[:1])
    np.testing.assert_array_equal(read(tmp_path / "object.json"), POINTS)
    np.testing.assert_array_equal(read(tmp_path / "latent.json"), POINTS[1:2])


def test_vectors_need_not_lie_on_the_shell(tmp_path):
    np.save(tmp_path / "c.npy", np.zeros(N))
    np.testing.assert_array_equal(latents.read_vectors(tmp_path / "c.npy", N, DIGEST), 0)
    with pytest.raises(SettingsError, match=r"c\.npy: the point lies off the prior's shell"):
        read(tmp_path / "c.npy")


def pickled(path):
    np.save(path, np.array([{"a": 1}]), allow_pickle=True)


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("missing.npz", None, r"missing\.npz: no such file of points"),
        ("p.txt", lambda p: p.touch(), r"p\.txt: a file of points is \.npz, \.npy, \.json"),
        ("p.npy", lambda p: p.write_bytes(b"junk"), r"p\.npy: cannot be read as points"),
        ("p.npy", pickled, r"p\.npy: cannot be read as points .*allow_pickle=False"),
        ("p.npz", lambda p: p.write_bytes(b"PK\3\4junk"), r"p\.npz: cannot be read as points"),
        ("p.npz", lambda p: np.savez(p, a=POINTS, b=POINTS), r"has the arrays a, b; one named"),
        ("p.npy", lambda p: np.save(p, POINTS[:, :64]), r"has the shape \[3, 64\]; .* 100 dim"),
        ("p.json", lambda p: p.write_text("{"), r"p\.json: cannot be read as points"),
        ("p.json", lambda p: p.write_text("{}"), r"p\.json: cannot be read as points"),
        ("p.json", lambda p: p.write_text('["a"]'), r"p\.json: cannot be read as points"),
        ("p.json", lambda p: p.write_text("[1, NaN]"), r"has the shape \[2\]"),
        (
            "p.npz",
            lambda p: latents.write_points(p, POINTS, "cd" * 32),
            r"p\.npz: belongs to the model cdcdcdcdcdcd…; this one is abababababab…, .*--model",
        ),
    ],
)
def test_files_that_are_no_points_are_refused(tmp_path, name, write, message):
    if write is not None:
        write(tmp_path / name)
    with pytest.raises(SettingsError, match=message):
        read(tmp_path / name)


def save(path, **changes):
    metadata = latents.texture_metadata(POINTS[0], DIGEST, seed=1) | changes
    images.save_image(path, np.full((4, 4, 3), 0.5), metadata=metadata)
    return path


def test_a_png_of_ours_has_its_latent_to_the_bit(tmp_path):
    found = latents.latent_of_image(save(tmp_path / "t.png"), N, DIGEST)
    np.testing.assert_array_equal(found, POINTS[0])


def test_any_other_image_has_none(tmp_path):
    images.save_image(tmp_path / "t.png", np.full((4, 4, 3), 0.5))
    assert latents.latent_of_image(tmp_path / "t.png", N, DIGEST) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "cd" * 32}, "belongs to the model cdcdcdcdcdcd"),
        ({"latent": [1, 2]}, r"has the shape \[2\]"),
        ({"latent": ["a"]}, "the latent in its metadata is damaged"),
        ({"latent": [9.0] * N}, "off the prior's shell"),
    ],
)
def test_a_texture_that_does_not_fit_is_refused(tmp_path, changes, message):
    with pytest.raises(SettingsError, match=message):
        latents.latent_of_image(save(tmp_path / "t.png", **changes), N, DIGEST)


def test_a_file_that_is_no_image_is_refused(tmp_path):
    (tmp_path / "t.png").write_bytes(b"junk")
    with pytest.raises(ImageError, match=r"t\.png"):
        latents.latent_of_image(tmp_path / "t.png", N, DIGEST)
