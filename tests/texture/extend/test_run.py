"""From sources to pictures: size, seams, seeds, batches, a stop and a resumption."""

import numpy as np
import pytest
from extend_sources import woven

from jaxtex.errors import ImageError, SettingsError
from jaxtex.texture.extend import Settings, extend, fitting, parse_size, plan_scales, prepare_source
from jaxtex.texture.extend.scales import evaluation_bytes
from jaxtex.training.checkpoint import CheckpointStore

SMALL = Settings(width=40, height=32, steps=8)


@pytest.fixture(scope="module")
def made(network):
    """Two sources in one batch."""
    return extend([woven(24, 20), woven(24, 20, seed=5)], SMALL, [3, 3], network=network)


def test_a_result_has_the_size_and_the_colours_of_its_source(made):
    assert [each.shape for each in made] == [(32, 40, 3)] * 2
    levels = np.linspace(0.1, 0.9, 9)
    there = np.quantile(made[0].reshape(-1, 3), levels, axis=0)
    wanted = np.quantile(woven(24, 20).reshape(-1, 3), levels, axis=0)
    np.testing.assert_allclose(there, wanted, atol=0.01)


def test_no_line_of_a_tile_is_a_seam(made):
    """Wherever it is cut, lines differ as lines of the source do."""
    for axis in (0, 1):
        lines = np.abs(made[0] - np.roll(made[0], 1, axis)).mean((1 - axis, 2))
        source = np.abs(np.diff(woven(24, 20), axis=axis)).mean((1 - axis, 2))
        assert lines.max() < 1.5 * source.max()


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(network, made):
    again = extend([woven(24, 20), woven(24, 20, seed=5)], SMALL, [3, 3], network=network)
    np.testing.assert_array_equal(again, made)
    other = extend([woven(24, 20), woven(24, 20, seed=5)], SMALL, [3, 4], network=network)
    np.testing.assert_allclose(other[0], made[0], atol=0.02)
    assert np.abs(other[1] - made[1]).mean() > 0.02


def test_a_run_that_is_stopped_goes_on_to_the_same_bytes(network, made, tmp_path):
    sources = [woven(24, 20), woven(24, 20, seed=5)]

    def store(resume):
        return CheckpointStore(tmp_path / "kept", {"job": 1}, resume=resume)

    seen = []
    stopped = extend(
        sources, SMALL, [3, 3], network=network, store=store(False),
        progress=seen.append, stopped=lambda: True,
    )  # fmt: skip
    assert stopped is None
    assert seen[-1].step < seen[-1].steps
    found = extend(sources, SMALL, [3, 3], network=network, store=store(True))
    np.testing.assert_array_equal(found, made)


def test_scales_go_from_what_the_source_allows_to_the_size(network):
    plan = plan_scales(Settings(width=512, height=200), (64, 64))
    assert [scale.factor for scale in plan] == [4, 2, 1]
    assert [(scale.height, scale.width) for scale in plan] == [(56, 128), (100, 256), (200, 512)]
    assert [scale.steps for scale in plan] == [60, 40, 25]
    # Twice the source at least: 56 / 2 is less than 32.
    assert [scale.program.parts for scale in plan] == [(1, 4), (1, 1), (1, 1)]
    assert all(scale.height % scale.program.step == 0 for scale in plan)
    assert [scale.factor for scale in plan_scales(Settings(), (20, 30))] == [1]


def test_a_limit_of_memory_makes_bands_and_smaller_batches():
    large = Settings(width=2048, height=2048)
    limit = 5 << 30
    (*_, finest) = plan_scales(large, (64, 64), max_bytes=limit)
    assert finest.program.bands > 1
    assert evaluation_bytes(finest.height, finest.width, finest.program) <= limit
    assert fitting(large, (64, 64), 4, limit) == 1
    assert fitting(SMALL, (24, 20), 4, limit) == 4
    with pytest.raises(SettingsError, match=r"--max-memory: 0\.1 GiB are too little for"):
        plan_scales(large, (64, 64), max_bytes=int(0.1 * 2**30))


def test_a_source_is_zoomed_and_of_a_large_one_the_middle_is_seen():
    assert prepare_source(woven(24, 20), 2).shape == (48, 40, 3)
    large = np.zeros((16, 700, 3), np.float32)
    large[:, 94:606] = 1
    assert prepare_source(large).min() == 1
    with pytest.raises(ImageError, match=r"paper\.png: is 10 × 12 pixels with the zoom; 16"):
        prepare_source(woven(24, 20), 0.5, "paper.png")


@pytest.mark.parametrize(
    ("text", "size"), [("512", (512, 512)), ("1920x1080", (1920, 1080)), (" 64X32 ", (64, 32))]
)
def test_sizes_are_a_side_or_two(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "12", "64x", "64x9000", "-64", "6.5", "64x64x64"])
def test_other_sizes_are_refused(text):
    with pytest.raises(SettingsError, match="--size: "):
        parse_size(text)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"steps": 0}, "--steps: 0 is not a whole number from 1 to 10000"),
        ({"zoom": 9.0}, "--zoom: 9.0 is not a number from 0.25 to 8"),
        ({"seamless": "z"}, "--seamless: 'z' is unknown; allowed are none, x, y, both"),
        ({"width": 31}, "--size: 31 is not a number of pixels from 32 to 8192"),
    ],
)
def test_settings_out_of_range_are_refused(options, said):
    with pytest.raises(SettingsError) as error:
        Settings(**options)
    assert str(error.value) == said
