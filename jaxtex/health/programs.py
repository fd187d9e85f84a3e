"""What `jaxtex doctor --deep` adds: whole programs, as this platform compiles them, in float64.

The networks' references are `networks` in NumPy, those of von Mises and Fisher's distribution and
of SSIM the textbook's formulae with SciPy's functions.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxtex import weights
from jaxtex.health import networks
from jaxtex.health.canaries import Pairs, canary, evaluation
from jaxtex.health.reference import Objective, slopes
from jaxtex.weights import Check

if TYPE_CHECKING:
    from jaxtex.vgg import ConvForm

# An odd size at which VGG16 takes all of CPU's forms of convolutions.
_SIZE = (67, 71)


def _uniform(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=shape).astype(np.float32)


def _vgg16(form: "ConvForm | None") -> Pairs:
    """Every block's last layer, and the gradient at the image of all of them."""
    import jax

    from jaxtex.vgg import LAYERS, VGG16, extract

    loaded = weights.load_vgg16()
    layers = ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3")
    network = VGG16(loaded.params, loaded.mean)
    convs = network.prepare(LAYERS, *_SIZE, 3, form=form)
    image = 255 * _uniform(0, 1, *_SIZE, 3)
    expected = networks.vgg16(
        loaded.params, image[0, ..., ::-1] - np.asarray(loaded.mean, np.float64), LAYERS[-1]
    )
    # Of a size with which each layer adds as much to the gradient as the others.
    noise = np.random.default_rng(1)
    cotangents = {
        layer: (noise.normal(size=expected[layer].shape) / expected[layer].std()).astype(np.float32)
        for layer in layers
    }

    @jax.jit
    def both(convs, image, cotangents):
        found, pull = jax.vjp(lambda image: extract(convs, image, layers), image)
        return found, pull(cotangents)[0]

    found, gradient = both(convs, image, {name: each[None] for name, each in cotangents.items()})
    for layer in layers:
        yield found[layer][0], expected[layer]
    at_image = networks.vgg16_gradient(loaded.params, expected, cotangents)
    yield gradient[0], at_image[..., ::-1]


@canary("vgg16", 5e-5)
def vgg16_as_taken() -> Pairs:
    """VGG16 and its gradient, colour, in the forms that this platform takes."""
    return _vgg16(None)


@canary("vgg16 direct", 5e-5)
def vgg16_direct() -> Pairs:
    """The same with XLA's convolutions."""
    return _vgg16("direct")


@canary("steel", 2e-5)
def steel() -> Pairs:
    """One evaluation of the default preset's layers, on a grey image."""
    from jaxtex.style.settings import Settings

    settings = Settings()
    return evaluation(Objective(tuple(settings.layers), settings.content_layer, _SIZE))


@canary("msg-net", 5e-5)
def msgnet() -> Pairs:
    """An image by the MSG-Net that ships."""
    from jaxtex.style.msgnet import load_model

    model = load_model()
    content, style = _uniform(0, 45, 61, 3), _uniform(1, 50, 38, 3)
    ((_, found),) = model.apply([content], style)
    yield found, np.clip(networks.msgnet(_arrays(model.values), content, style), 0, 1)


@canary("texture model", 2e-5)
def texture_model() -> Pairs:
    """Textures of the DCGAN that ships, whose BatchNorm is folded into its kernels."""
    from jaxtex.texture.dcgan import load_model

    model = load_model()
    tensors = weights.unpacked(weights.read_safetensors(model.path)[0], model.path)
    latents = np.random.default_rng(0).normal(size=(3, model.latent_size)).astype(np.float32)
    yield model.generate(latents), networks.generator(tensors, latents) / 2 + 0.5


@canary("dcgan step", 1e-5)
def dcgan_step() -> Pairs:
    """A training step of a DCGAN: both losses, and both gradients by central differences."""
    import jax

    from jaxtex.texture.dcgan.settings import Settings
    from jaxtex.texture.dcgan.train import start, train_step

    settings = Settings(features=16, batch_size=4)
    parts, state = start(settings)
    before = _arrays(state.generator), _arrays(state.discriminator)
    batch = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)
    after, losses = train_step(parts, settings.rates(), state, batch)
    judge = _arrays(after.discriminator)

    # The step's own randomness: the latents.
    key = jax.random.split(jax.random.fold_in(settings.rates().key(0), 1), 4)[0]
    latents = np.asarray(jax.random.normal(key, (4, settings.latent_size)))
    real, generated = batch / 127.5 - 1, networks.generator(before[0], latents)

    def of_discriminator(values: Mapping[str, Any]) -> float:
        logits = networks.discriminator(values, real), networks.discriminator(values, generated)
        return float(np.mean(np.logaddexp(0, -logits[0])) + np.mean(np.logaddexp(0, logits[1])))

    def of_generator(values: Mapping[str, Any]) -> float:
        textures = networks.generator(values, latents)
        return float(np.mean(np.logaddexp(0, -networks.discriminator(judge, textures))))

    yield losses.discriminator, of_discriminator(before[1])
    yield losses.generator, of_generator(before[0])
    for function, values, moments in (
        (of_discriminator, before[1], after.discriminator_moments),
        (of_generator, before[0], after.generator_moments),
    ):
        # After its first step Adam's first moment is (1 − β₁) times the gradient.
        gradient = _vector(_arrays(moments[0].mu)) / (1 - settings.beta1)
        # A short step: hardly any of the ReLUs' kinks lies within it.
        yield slopes(_of_vector(function, values), _vector(values), gradient, 1e-6)


def _arrays(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.array(value) for name, value in values.items()}


def _vector(values: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([values[name].ravel() for name in sorted(values)]).astype(np.float64)


def _of_vector(
    function: Callable[[Mapping[str, Any]], float], like: Mapping[str, np.ndarray]
) -> Callable[[np.ndarray], float]:
    names = sorted(like)
    ends = np.cumsum([like[name].size for name in names])[:-1]

    def call(vector: np.ndarray) -> float:
        parts = zip(names, np.split(vector, ends), strict=True)
        return function({name: part.reshape(like[name].shape) for name, part in parts})

    return call


def _mean_cosine(n: int, kappa: float) -> float:
    """A_n(κ) by SciPy's Bessel functions."""
    from scipy import special

    return float(special.ive(n / 2, kappa) / special.ive(n / 2 - 1, kappa))


_CONCENTRATIONS = ((3, 10.0), (100, 100.0), (512, 1000.0))


@canary("vmf moments", 0.03)
def vmf_moments() -> Pairs:
    """Mean and variance of the cosine of 40,000 samples; 0.03 is four standard errors."""
    import jax

    from jaxtex.texture import vmf

    for n, kappa in _CONCENTRATIONS:
        direction = np.random.default_rng(n).normal(size=n)
        direction /= np.linalg.norm(direction)
        samples = np.asarray(vmf.sample(jax.random.key(0), direction, kappa, (40_000,)))
        cosines = samples.astype(np.float64) @ direction
        mean = _mean_cosine(n, kappa)
        yield cosines.mean(), mean
        yield cosines.var(), 1 - mean**2 - (n - 1) * mean / kappa


@canary("vmf density", 1e-5)
def vmf_density() -> Pairs:
    """Log density and mean cosine against SciPy's Bessel functions."""
    from scipy import special

    from jaxtex.texture import vmf

    for n, kappa in _CONCENTRATIONS:
        points = np.random.default_rng(n).normal(size=(20, n))
        points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
        bessel = np.log(special.ive(n / 2 - 1, kappa)) + kappa
        constant = (n / 2 - 1) * np.log(kappa) - n / 2 * np.log(2 * np.pi) - bessel
        cosines = points.astype(np.float64) @ points[0]
        yield vmf.log_prob(points, points[0], kappa), constant + kappa * cosines
        yield vmf.mean_resultant_length(kappa, n), _mean_cosine(n, kappa)


@canary("ssim", 1e-5)
def ssim() -> Pairs:
    """SSIM vectors of textures, smooth and rough, against the formula of Wang et al. 2004."""
    from jaxtex.texture.similarity.ssim import ssim_vectors

    rough, across = _uniform(0, 4, 40, 52, 3), np.linspace(0, 1, 52, dtype=np.float32)[:, None]
    textures = np.concatenate([rough, 0.1 * rough[:2] + 0.8 * across])
    expected = [[_mssim(one, other) for other in textures[1:]] for one in textures]
    yield ssim_vectors(textures, textures[1:]), expected


def _mssim(a: np.ndarray, b: np.ndarray) -> float:
    from scipy import ndimage

    a, b = a.astype(np.float64), b.astype(np.float64)

    def mean(x: np.ndarray) -> np.ndarray:
        # 3.5 standard deviations of 1.5 are the window's 5 pixels on either side.
        return ndimage.gaussian_filter(x, (1.5, 1.5, 0), truncate=3.5)[5:-5, 5:-5]

    mean_a, mean_b = mean(a), mean(b)
    covariance = mean(a * b) - mean_a * mean_b
    variances = mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2
    similar = (2 * mean_a * mean_b + 1e-4) * (2 * covariance + 9e-4)
    return float(np.mean(similar / ((mean_a**2 + mean_b**2 + 1e-4) * (variances + 9e-4))))


PROGRAMS: tuple[Callable[[], Check], ...] = (
    vgg16_as_taken,
    vgg16_direct,
    steel,
    msgnet,
    texture_model,
    dcgan_step,
    vmf_moments,
    vmf_density,
    ssim,
)
