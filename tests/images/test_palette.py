"""The few flat colours of a picture."""

import numpy as np
from logos import bars

from jaxtex.images import palette_of


def test_the_palette_of_ink_is_black_and_white():
    found = palette_of(np.where(np.eye(9, dtype=bool), 0, 255).astype(np.float32)[..., None])
    np.testing.assert_array_equal(found, [[0], [1]])


def test_the_palette_holds_the_contents_own_colours():
    image = bars(ink=(0.9, 0.2, 0.1), ground=(0.1, 0.1, 0.5))
    found = palette_of(image * 255)
    near = found[np.all(found < 2, -1)]
    assert len(near) == 2
    for color in ((0.9, 0.2, 0.1), (0.1, 0.1, 0.5)):
        assert np.abs(near - color).max(-1).min() < 1e-3


def test_the_palette_of_one_colour_has_two():
    found = palette_of(np.full((10, 10, 3), 200, np.float32))
    assert np.sum(np.all(found < 2, -1)) == 2
