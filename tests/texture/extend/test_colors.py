"""Colours of the source, exactly."""

import numpy as np

from jaxtex.texture.extend import match_colors


def rng():
    return np.random.default_rng(0)


def test_each_channel_has_the_sources_distribution_exactly(source):
    image = rng().uniform(size=(*source.shape[:2], 3)).astype(np.float32)
    matched = match_colors(rng(), image, source)
    np.testing.assert_allclose(
        np.sort(matched.reshape(-1, 3), 0), np.sort(source.reshape(-1, 3), 0), atol=1e-6
    )


def test_of_a_larger_image_the_quantiles_are_the_sources(source):
    image = rng().normal(size=(70, 50, 3)).astype(np.float32)
    matched = match_colors(rng(), image, source)
    levels = np.linspace(0.1, 0.9, 25)
    there = np.quantile(matched.reshape(-1, 3), levels, axis=0)
    np.testing.assert_allclose(there, np.quantile(source.reshape(-1, 3), levels, axis=0), atol=5e-3)


def test_colours_go_together_as_in_the_source(source):
    image = rng().uniform(size=(64, 64, 3)).astype(np.float32)
    matched = match_colors(rng(), image, source)
    there, wanted = (np.cov(each.reshape(-1, 3).T) for each in (matched, source))
    np.testing.assert_allclose(there, wanted, atol=0.1 * wanted.max())


def test_an_image_of_the_sources_colours_stays(source):
    turned = source[::-1, ::-1]
    np.testing.assert_allclose(match_colors(rng(), turned, source), turned, atol=1e-5)
