import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtex.errors import SettingsError
from jaxtex.texture import sphere, ssim, vmf
from jaxtex.texture.sphere.concentration import kappa_for_similarity, likeness

N = 100
ORIGIN, DIRECTION = np.zeros(N, np.float32), sphere.axis(3, N)
MIXING = jax.random.normal(jax.random.key(9), (N, 16, 16, 3)) / 4


def grain(params, latents):
    return 0.5 + 0.5 * jnp.tanh(params * jnp.tensordot(latents, MIXING, 1) / 4)


def solve(similarity):
    return kappa_for_similarity(
        jax.random.key(0), grain, jnp.float32(1), ORIGIN, 7.8, DIRECTION, similarity
    )


@pytest.mark.parametrize("similarity", [0.1, 0.4, 0.9])
def test_other_samples_at_that_kappa_have_the_similarity_asked_for(similarity):
    kappa, reached = solve(similarity)
    directions = vmf.sample(jax.random.key(77), DIRECTION, kappa, (512,))
    textures = grain(1, 7.8 * directions)
    measured = float(ssim.mssim(textures, grain(1, 7.8 * DIRECTION[None])).mean())
    assert reached == pytest.approx(similarity, abs=0.005)
    assert measured == pytest.approx(similarity, abs=0.03)


def test_more_similar_is_more_concentrated():
    kappas = [solve(similarity)[0] for similarity in (0.1, 0.4, 0.9)]
    assert kappas == sorted(kappas)


def test_likeness_is_that_of_kappa_and_between_the_bounds_of_what_can_be_had():
    kappa, reached = solve(0.4)
    place = jax.random.key(0), grain, jnp.float32(1), ORIGIN, 7.8, DIRECTION
    least, there, most = likeness(*place, kappa)
    assert there == pytest.approx(reached, abs=1e-3)
    solve(least + 1e-3)
    solve(most - 1e-3)
    with pytest.raises(SettingsError, match="cannot be had"):
        solve(least - 1e-3)


@pytest.mark.parametrize(
    ("similarity", "message"),
    [
        (1.0, "similarity: 1 is not an MSSIM below 1"),
        (float("nan"), "similarity: nan"),
        (-0.5, r"similarity: -0\.5 cannot be had; .* this sphere have -?0\.0"),
    ],
)
def test_a_similarity_that_cannot_be_had_is_refused(similarity, message):
    with pytest.raises(SettingsError, match=message):
        solve(similarity)
