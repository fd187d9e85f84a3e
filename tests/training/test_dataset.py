import numpy as np
import pytest
from PIL import Image

from jaxtex.errors import ImageError
from jaxtex.images import save_image
from jaxtex.training import Dataset, cut_square
from jaxtex.training.dataset import MINIMUM, load_images


def gradient(height: int, width: int, shade: float = 0.5) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows / height, columns / width, np.full(rows.shape, shade)], -1)


def write_images(folder, count: int, height: int = 70, width: int = 90):
    folder.mkdir(exist_ok=True)
    for number in range(count):
        save_image(folder / f"{number:02d}.png", gradient(height, width, number / count))
    return folder


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Every pixel of a square tells its image (blue) and its place there (red, green)."""
    pool = []
    for number in range(20):
        rows, columns = np.mgrid[:100, :140]
        pool.append(np.stack([rows, columns, np.full(rows.shape, number)], -1).astype(np.uint8))
    return Dataset(pool, 64, seed=3)


def test_every_image_has_its_turn_before_one_comes_again(dataset):
    numbers = np.concatenate([dataset.batch(step, 8)[:, 0, 0, 2] for step in range(5)])
    for epoch in (numbers[:20], numbers[20:]):
        assert sorted(epoch) == list(range(20))
    assert numbers[:20].tolist() != numbers[20:].tolist()


def test_squares_are_cut_out_whole_in_all_eight_ways(dataset):
    turns = set()
    for step in range(20):
        for square in dataset.batch(step, 8).astype(int):
            down, right = square[1, 0] - square[0, 0], square[0, 1] - square[0, 0]
            turns.add((*down, *right))
            rows, columns = np.mgrid[:64, :64][..., None]
            np.testing.assert_array_equal(square, square[0, 0] + rows * down + columns * right)
    assert turns == {(down, 0, 0, 0, right, 0) for down in (1, -1) for right in (1, -1)} | {
        (0, down, 0, right, 0, 0) for down in (1, -1) for right in (1, -1)
    }


def test_a_batch_depends_on_seed_and_step_alone(dataset):
    again = Dataset(dataset.pool, 64, seed=3)
    np.testing.assert_array_equal(dataset.batch(7, 8), again.batch(7, 8))
    assert (dataset.batch(7, 8) != dataset.batch(8, 8)).any()
    assert (dataset.batch(7, 8) != Dataset(dataset.pool, 64, seed=4).batch(7, 8)).any()


@pytest.mark.parametrize("turned", [True, False], ids=["turned", "upright"])
def test_squares_are_those_of_one_draw_after_the_other(turned):
    """Against a loop over the images; one has the size of a square, so nothing is drawn for it."""
    rng = np.random.default_rng(4)
    sides = [(64, 64), (64, 90), *rng.integers(64, 150, (15, 2))]
    pool = [rng.integers(0, 256, (*each, 3), np.uint8) for each in sides]
    found = Dataset(pool, 64, seed=3, turned=turned)
    rng = np.random.default_rng((3, 1, 2))
    for place, square in enumerate(found.batch(2, 40)):
        expected = cut_square(rng, found.image(80 + place), 64)
        if turned:
            expected = np.rot90(expected, int(rng.integers(4)))
            expected = expected[:, ::-1] if rng.integers(2) else expected
        np.testing.assert_array_equal(square, expected)


def test_the_digest_is_that_of_the_images(dataset):
    other = [image.copy() for image in dataset.pool]
    assert Dataset(other, 64, seed=9).digest == dataset.digest
    other[5][0, 0, 0] += 1
    assert Dataset(other, 64, seed=3).digest != dataset.digest


def test_images_are_read_from_a_folder(tmp_path):
    pool, complaints = load_images([write_images(tmp_path / "in", MINIMUM)], 64)
    assert not complaints
    assert {image.shape for image in pool} == {(70, 90, 3)}
    expected = np.round(gradient(70, 90, 3 / MINIMUM) * 255)
    np.testing.assert_array_equal(pool[3], expected.astype(np.uint8))


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(200, 300, (128, 192)), (64, 64, (64, 64)), (150, 2000, (128, 256)), (64, 900, (64, 256))],
)
def test_large_images_are_reduced_and_long_ones_cut(tmp_path, height, width, expected):
    pool, _ = load_images([write_images(tmp_path / "in", MINIMUM, height, width)], 64)
    assert {image.shape[:2] for image in pool} == {expected}


def test_unusable_files_are_named_and_left_out(tmp_path):
    folder = write_images(tmp_path / "in", MINIMUM)
    (folder / "broken.png").write_bytes(b"not an image")
    save_image(folder / "small.png", gradient(40, 90))
    pool, complaints = load_images([folder], 64)
    assert len(pool) == MINIMUM
    assert "broken.png" in complaints[0]
    assert complaints[1].endswith("small.png: is 90×40 pixels; 64×64 are needed")


def test_further_frames_are_told_and_the_output_folder_is_not_searched(tmp_path):
    folder = write_images(tmp_path / "in", MINIMUM)
    write_images(folder / "out", 3)
    frames = [Image.new("RGB", (90, 70), color) for color in ("red", "lime")]
    frames[0].save(folder / "film.gif", save_all=True, append_images=frames[1:])
    said = []
    pool, complaints = load_images([folder], 64, without=folder / "out", say=said.append)
    assert (len(pool), complaints) == (MINIMUM + 1, [])
    assert said == [f"{folder / 'film.gif'}: has 2 frames; only the first is used"]


def test_too_few_images_are_refused_with_the_number_needed(tmp_path):
    folder = write_images(tmp_path / "in", MINIMUM - 1)
    with pytest.raises(ImageError, match=f"{MINIMUM - 1} usable images found; at least {MINIMUM}"):
        load_images([folder], 64)
    with pytest.raises(ImageError, match=r"0 usable images .*left out: .*90×70 pixels"):
        load_images([folder], 128)
