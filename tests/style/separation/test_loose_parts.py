import numpy as np

from jaxtex.style.separation.ink import loose_parts


def test_what_hangs_by_what_is_hardly_seen_is_loose_where_that_is_asked_for():
    coverage = np.zeros((20, 60), np.float32)
    coverage[4:16, 5:20] = 1
    logo = coverage.copy()
    coverage[9:11, 20:40] = 0.04
    coverage[8:12, 40:44] = 1
    assert not loose_parts(coverage, logo, 100.0).any()
    loose = loose_parts(coverage, logo, 100.0, seen=0.1)
    assert loose[8:12, 40:44].all()
    # The link goes with what is nearer.
    assert loose[9:11, 32:40].all()
    assert not loose[:, :28].any()
    assert not loose_parts(coverage, logo, 10.0, seen=0.1).any()
