"""The von Mises-Fisher distribution by mpmath, by quadrature and by samples."""

import functools
import math

import jax
import numpy as np
from scipy import integrate, special

from jaxtex.texture import vmf

# n, κ, log density at the mean direction, A_n(κ), variance of the cosine, entropy: from
# I_ν(κ) in mpmath with 80 digits. SciPy's logpdf and entropy fail at n = 512 for κ ≤ 1, at
# n = 1024 for κ ≤ 50 and at κ = 0.
EXACT = np.array(
    [
        (2, 0.0, -1.837877066, 0.0, 0.5, 1.837877066),
        (2, 0.0009765625, -1.836900742, 0.0004882811918, 0.4999998212, 1.837876828),
        (2, 1.0, -1.073791425, 0.4463899659, 0.3543460325, 1.627401459),
        (2, 50.0, 1.034547432, 0.9899489674, 0.0002020626387, -0.5319958006),
        (2, 1000.0, 2.534814044, 0.9994998749, 5.002503758e-7, -2.034688919),
        (2, 1000000.0, 5.988816621, 0.9999995, 5.0000025e-13, -5.488816496),
        (3, 0.0, -2.531024247, 0.0, 0.3333333333, 2.531024247),
        (3, 0.0009765625, -2.530047843, 0.0003255208126, 0.3333332698, 2.531024088),
        (3, 1.0, -1.692463609, 0.3130352855, 0.275938339, 2.379428323),
        (3, 50.0, 2.074145939, 0.98, 0.0004, -1.074145939),
        (3, 1000.0, 5.069878213, 0.999, 1.0e-6, -4.069878213),
        (3, 1000000.0, 11.97763349, 0.999999, 1.0e-12, -10.97763349),
        (5, 0.0, -3.270289025, 0.0, 0.2, 3.270289025),
        (5, 0.0009765625, -3.269312558, 0.0001953124947, 0.1999999837, 3.270288929),
        (5, 1.0, -2.368901313, 0.1945280495, 0.1840466401, 3.174373264),
        (5, 50.0, 4.168494585, 0.9604081633, 0.0007835068721, -2.188902749),
        (5, 1000.0, 10.14075693, 0.998001001, 1.997996996e-6, -8.141757926),
        (5, 1000000.0, 23.95526798, 0.999998, 1.999998e-12, -21.95526898),
        (100, 0.0, 86.63610247, 0.0, 0.01, -86.63610247),
        (100, 0.0009765625, 86.63707903, 9.765624999e-6, 0.009999999997, -86.63610248),
        (100, 1.0, 87.63110272, 0.009999019796, 0.009997059766, -86.64110174),
        (100, 50.0, 125.3219154, 0.4150685853, 0.005882270699, -96.07534462),
        (100, 1000.0, 252.1597066, 0.9517008547, 4.70985327e-5, -203.8605613),
        (100, 1000000.0, 592.8940582, 0.9999505012, 4.949759925e-11, -543.3952586),
        (512, 0.0, 867.9681032, 0.0, 0.001953125, -867.9681032),
        (512, 0.0009765625, 867.9690797, 1.907348633e-6, 0.001953125, -867.9681032),
        (512, 1.0, 868.9671266, 0.001953117578, 0.001953102736, -867.9690797),
        (512, 50.0, 915.5381494, 0.09674570507, 0.001899162731, -870.3754346),
        (512, 1000.0, 1327.709187, 0.7765309329, 0.0001924035323, -1104.24012),
        (512, 1000000.0, 3060.317869, 0.9997445325, 2.554349752e-10, -2804.850382),
        (1024, 0.0, 2093.027298, 0.0, 0.0009765625, -2093.027298),
        (1024, 0.0009765625, 2093.028275, 9.536743164e-7, 0.0009765625, -2093.027298),
        (1024, 1.0, 2094.02681, 0.0009765615705, 0.0009765597115, -2093.027787),
        (1024, 50.0, 2141.808043, 0.04871248523, 0.0009696459297, -2094.243667),
        (1024, 1000.0, 2721.21992, 0.6115999686, 0.0002787104765, -2332.819889),
        (1024, 1000000.0, 6126.690091, 0.9994886306, 5.112388789e-10, -5615.320652),
        (2048, 0.0, 4898.383863, 0.0, 0.00048828125, -4898.383863),
        (2048, 0.0009765625, 4898.384839, 4.768371582e-7, 0.00048828125, -4898.383863),
        (2048, 1.0, 4899.383619, 0.0004882811337, 0.0004882809011, -4898.384107),
        (2048, 50.0, 4947.773693, 0.02439954205, 0.000487410713, -4898.99367),
        (2048, 1000.0, 5676.817306, 0.4073252174, 0.0002914471692, -5084.142523),
        (2048, 1000000.0, 12259.63114, 0.9989770233, 1.02245347e-9, -11236.65441),
    ]
)
DIMENSIONS = (2, 3, 5, 100, 512, 1024, 2048)


def exact(n):
    """κ, log density at the mean direction, A_n, variance of the cosine and entropy."""
    return EXACT[EXACT[:, 0] == n, 1:].T


def axis(n, index=0, sign=1.0):
    return (sign * np.eye(1, n, index)[0]).astype(np.float32)


def direction_of(n, seed=0):
    """A direction that lies along no axis, of length 3."""
    direction = np.random.default_rng(seed).normal(size=n)
    return (3 * direction / np.linalg.norm(direction)).astype(np.float32)


def unit(direction):
    direction = np.asarray(direction, np.float64)
    return direction / np.linalg.norm(direction)


def angles(samples, direction):
    """Angles to the direction, accurate near 0."""
    return 2 * np.arcsin(np.linalg.norm(np.asarray(samples) - unit(direction), axis=-1) / 2)


def angle_cdf(n, kappa):
    """The angle's distribution, by quadrature of sin(θ)^(n−2) exp(κ cos θ) in float64."""
    spread = 14 / math.sqrt(kappa + n)
    middle = math.acos(2 * kappa / (n + math.hypot(n, 2 * kappa)))
    theta = np.linspace(max(middle - spread, 0), min(middle + spread, np.pi), 20_001)
    log_density = -2 * kappa * np.sin(theta / 2) ** 2 + special.xlogy(n - 2, np.sin(theta))
    cumulative = integrate.cumulative_simpson(np.exp(log_density - log_density.max()), x=theta)
    cumulative = np.concatenate([[0], cumulative]) / cumulative[-1]
    return lambda angle: np.interp(angle, theta, cumulative)


@functools.cache
def draw(n, kappa, seed=0):
    """5,000 samples about `direction_of(n)`, 1,000 above 100 dimensions."""
    count = 5000 if n <= 100 else 1000
    return np.asarray(vmf.sample(jax.random.key(seed), direction_of(n), kappa, (count,)))
