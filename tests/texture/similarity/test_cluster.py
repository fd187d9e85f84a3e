"""Clusters of SSIM vectors: planted groups are found, and what is said of them is true."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from sklearn.metrics import adjusted_rand_score

from jaxtex.errors import SettingsError
from jaxtex.texture.similarity.cluster import _draw_pairs, cluster_vectors, likeness
from jaxtex.texture.similarity.ssim import mssim, ssim_vectors

SIZES = (12, 7, 4)


def planted(seed=0, m=5):
    """Three distant groups in a random order, and which vector is of which."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(3), SIZES))
    centres = np.eye(3, m) * 0.8
    return (centres[truth] + rng.normal(0, 0.02, (len(truth), m))).astype(np.float32), truth


def textures(seed=0, count=24, kinds=3):
    """Noisy copies of some patterns, and whose copy each is."""
    rng = np.random.default_rng(seed)
    patterns = rng.random((kinds, 16, 16, 3))
    truth = rng.permutation(np.arange(count) % kinds)
    noise = rng.normal(0, 0.05, (count, 16, 16, 3))
    return np.clip(patterns[truth] + noise, 0, 1).astype(np.float32), truth


def test_planted_groups_are_found_the_largest_first():
    vectors, truth = planted()
    found = cluster_vectors(vectors, 3, 0)
    np.testing.assert_array_equal(found.labels, truth)


def test_clusters_of_textures_are_their_kinds():
    images, truth = textures()
    found = cluster_vectors(ssim_vectors(images, images), 3, 0)
    assert adjusted_rand_score(truth, found.labels) == 1


def test_a_centroid_is_the_mean_of_its_members():
    vectors, truth = planted()
    found = cluster_vectors(vectors, 3, 0)
    expected = [vectors[truth == cluster].mean(0) for cluster in range(3)]
    np.testing.assert_allclose(found.centroids, expected, atol=1e-6)


def test_a_representative_is_the_member_nearest_to_the_centroid():
    vectors, truth = planted()
    found = cluster_vectors(vectors, 3, 0)
    for cluster, representative in enumerate(found.representatives):
        distances = np.linalg.norm(vectors - found.centroids[cluster], axis=1)
        assert truth[representative] == cluster
        assert distances[representative] == distances[truth == cluster].min()


def test_members_are_listed_by_their_distance_the_representative_first():
    vectors, truth = planted()
    found = cluster_vectors(vectors, 3, 0)
    for cluster, members in enumerate(found.members()):
        assert members[0] == found.representatives[cluster]
        assert sorted(members) == np.flatnonzero(truth == cluster).tolist()
        distances = np.linalg.norm(vectors[members] - found.centroids[cluster], axis=1)
        assert (np.diff(distances) >= 0).all()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(
            st.lists(
                st.lists(st.sampled_from([-1.0, 0.0, 0.25, 1.0]), min_size=2, max_size=2),
                min_size=n,
                max_size=n,
            ),
            st.integers(1, n),
        )
    ),
    st.integers(0, 5),
)
def test_any_vectors_give_clusters_without_gaps_and_with_members(case, seed):
    """Duplicates, too: k-means alone would warn and leave clusters empty."""
    vectors, k = np.array(case[0], np.float32), case[1]
    found = cluster_vectors(vectors, k, seed)
    distinct = len(np.unique(vectors, axis=0))
    assert len(found.centroids) == min(k, distinct)
    sizes = np.bincount(found.labels)
    assert len(sizes) == len(found.centroids) == len(found.representatives)
    assert sizes.min() > 0
    assert (np.diff(sizes) <= 0).all()
    assert (found.labels[found.representatives] == np.arange(len(sizes))).all()
    for vector in np.unique(vectors, axis=0):
        assert len(np.unique(found.labels[(vectors == vector).all(1)])) == 1


def test_vectors_that_differ_by_rounding_alone_are_one():
    vectors = np.repeat(np.linspace(0.1, 0.9, 4, dtype=np.float32)[:, None], 3, 1)
    again = np.nextafter(vectors, np.float32(2))
    found = cluster_vectors(np.concatenate([vectors, again]), 8, 0)
    assert len(found.centroids) == 4
    np.testing.assert_array_equal(found.labels[:4], found.labels[4:])


def test_as_many_clusters_as_vectors_are_the_vectors():
    vectors, _ = planted()
    found = cluster_vectors(vectors, len(vectors), 0)
    np.testing.assert_array_equal(np.sort(found.representatives), np.arange(len(vectors)))


def test_the_same_seed_gives_the_same_clusters():
    vectors = np.random.default_rng(0).random((3000, 6), np.float32)  # no groups: starts matter
    first, again, other = (cluster_vectors(vectors, 7, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.labels, again.labels)
    assert first.centroids.tobytes() == again.centroids.tobytes()
    assert adjusted_rand_score(first.labels, other.labels) < 1


@pytest.mark.parametrize("k", [0, -1, 24])
def test_another_number_of_clusters_than_1_to_n_is_refused(k):
    vectors, _ = planted()
    with pytest.raises(SettingsError, match=f"k: {k} clusters of 23 textures; .* from 1 to 23"):
        cluster_vectors(vectors, k, 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_refused(bad):
    vectors, _ = planted()
    vectors[3, 2] = bad
    with pytest.raises(SettingsError, match="finite"):
        cluster_vectors(vectors, 3, 0)


def test_empty_vectors_are_refused():
    with pytest.raises(SettingsError, match="one reference or more"):
        cluster_vectors(np.zeros((4, 0), np.float32), 2, 0)
    with pytest.raises(SettingsError, match="1 clusters of 0 textures"):
        cluster_vectors(np.zeros((0, 4), np.float32), 1, 0)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_of_more_than_32_bits_is_refused(seed):
    vectors, _ = planted()
    with pytest.raises(SettingsError, match=f"seed: {seed} "):
        cluster_vectors(vectors, 2, seed)


def test_likeness_is_the_mean_mssim_of_all_pairs():
    images, truth = textures(count=20)
    matrix = np.asarray(mssim(images[:, None], images))
    apart = ~np.eye(20, dtype=bool)
    found = likeness(jax.random.key(0), images, truth)
    expected = [
        matrix[(truth[:, None] == kind) & (truth == kind) & apart].mean() for kind in (0, 1, 2)
    ]
    np.testing.assert_allclose(found.clusters, expected, atol=1e-6)
    assert found.within == pytest.approx(np.average(expected, weights=np.bincount(truth)), abs=1e-6)
    assert found.overall == pytest.approx(matrix[apart].mean(), abs=1e-6)
    assert found.within > found.overall + 0.3


def test_likeness_of_many_is_estimated_from_drawn_pairs():
    images, truth = textures(count=60)
    exact = likeness(jax.random.key(0), images, truth, pairs=60 * 59 // 2)
    drawn = [likeness(jax.random.key(seed), images, truth, pairs=150) for seed in range(2)]
    assert drawn[0].overall != drawn[1].overall
    for each in drawn:
        assert each.within == pytest.approx(exact.within, abs=0.01)
        assert each.overall == pytest.approx(exact.overall, abs=0.12)


def test_drawn_pairs_are_of_two_different_members_all_alike_often():
    first, second = _draw_pairs(jax.random.key(0), 5, 9)
    np.testing.assert_array_equal(first, np.asarray(_draw_pairs(jax.random.key(0), 5, 9)[0]))
    counts = np.zeros((5, 5), int)
    for seed in range(300):
        first, second = _draw_pairs(jax.random.key(seed), 5, 9)
        np.add.at(counts, (first, second), 1)
    assert not counts.diagonal().any()
    assert chisquare(counts[~np.eye(5, dtype=bool)]).pvalue > 0.001


def test_a_texture_alone_in_its_cluster_has_no_likeness():
    images, _ = textures(count=4)
    found = likeness(jax.random.key(0), images, np.array([0, 0, 1, 0]))
    assert np.isnan(found.clusters[1])
    assert found.within == pytest.approx(float(found.clusters[0]))
    alone = likeness(jax.random.key(0), images[:1], np.array([0]))
    assert np.isnan([alone.within, alone.overall, *alone.clusters]).all()


def test_likeness_by_luminance_is_that_of_the_luma():
    images, truth = textures(count=8)
    luma = (images @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]
    found = likeness(jax.random.key(0), images, truth, luminance=True)
    expected = likeness(jax.random.key(0), luma, truth)
    assert found.overall == pytest.approx(expected.overall, abs=1e-6)
    assert abs(found.overall - likeness(jax.random.key(0), images, truth).overall) > 1e-3
