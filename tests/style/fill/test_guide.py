import numpy as np
import pytest

from jaxtex.style.fill import layer_ends, layer_guides
from jaxtex.vgg import LAYERS

DEEP = ("conv1_1", "conv2_2", "conv4_1")


def weights(guide: np.ndarray, layer: str = "conv2_2") -> np.ndarray:
    return np.square(layer_guides(guide.astype(np.float32), [layer])[layer][..., 0])


def test_maps_have_the_sizes_of_the_layers():
    found = layer_guides(np.ones((45, 70), np.float32), DEEP)
    assert [one.shape for one in found.values()] == [(45, 70, 1), (22, 35, 1), (5, 8, 1)]
    assert all(one.dtype == np.float32 for one in found.values())


@pytest.mark.parametrize("layer", LAYERS)
def test_a_guide_of_ones_weighs_all_alike(layer):
    np.testing.assert_allclose(weights(np.ones((40, 70)), layer), 1, rtol=1e-5)


@pytest.mark.parametrize("layer", DEEP)
def test_the_mean_weight_is_one_and_the_guides_scale_does_not_count(layer):
    guide = np.random.default_rng(0).uniform(0, 1, (48, 64))
    assert weights(guide, layer).mean() == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(weights(0.25 * guide, layer), weights(guide, layer), rtol=1e-4)


def test_only_the_guide_weighs_and_its_middle_most():
    guide = np.zeros((64, 96))
    guide[16:48, 20:60] = 1
    found = weights(guide)
    np.testing.assert_array_equal(found > 0, guide[::2, ::2] > 0)
    assert found[16, 20] == found.max() == pytest.approx(found[15, 19])
    assert found[8, 10] < 0.4 * found.max()


def test_strokes_thinner_than_what_a_layer_sees_still_weigh():
    guide = np.zeros((64, 96))
    guide[30:32, 8:80] = 1
    assert weights(guide, "conv4_1").mean() == pytest.approx(1, rel=1e-5)


def test_an_empty_guide_weighs_nothing():
    assert not weights(np.zeros((32, 32))).any()


@pytest.mark.parametrize("layer", ["conv3_1", "conv4_1"])
@pytest.mark.parametrize("ends", [0.3, 1.0])
def test_ends_weigh_as_guides_of_their_half_and_the_middle_the_rest(layer, ends):
    width = 150
    left = np.clip(2 - np.arange(width) / 25, 0, 1).astype(np.float32)
    right = left[::-1].copy()
    found = layer_ends(left, right, ends, [layer])[layer]
    columns = np.square(found.columns[0, :, 0])
    alone = weights(np.tile(left, (96, 1)), layer)[0]
    half = len(columns) // 2
    np.testing.assert_allclose(columns[:half] * alone[0] / columns[0], alone[:half], rtol=1e-4)
    # Each region's weights, as they are mixed, have a mean of 1 and together one that is even.
    parts = np.stack([np.ones_like(columns), columns, columns])
    parts[1, -(-len(columns) // 2) :] = parts[2, : -(-len(columns) // 2)] = 0
    regions = found.mixing @ parts
    np.testing.assert_allclose(regions.mean(1), 1, rtol=1e-4)
    assert regions.min() > -1e-5
    if ends == 1:
        assert np.ptp(regions[1, half - 1 : half + 1]) < 1e-5


def test_regions_that_have_nothing_weigh_nothing():
    found = layer_ends(np.zeros(80, np.float32), np.zeros(80, np.float32), 1.0, ["conv3_1"])
    guide = found["conv3_1"]
    assert not guide.columns.any()
    assert np.isfinite(guide.mixing).all()
    np.testing.assert_array_equal(guide.mixing[1], [1, -1, -1])
