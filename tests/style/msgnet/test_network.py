import functools
from pathlib import Path

import jax
import numpy as np
import pytest
from flax import nnx
from msgnet_reference import from_torch, network, to_torch
from reference import torch_

from jaxtex.errors import SettingsError
from jaxtex.style.msgnet import MSGNet
from jaxtex.style.msgnet.train import Settings, start
from jaxtex.weights import msgnet_names as convert_msgnet
from jaxtex.weights import take_apart

SIZE, STYLE_SIZE = (45, 62), (33, 40)


def images(seed: int, count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=(count, height, width, 3)).astype(np.float32)


CONTENTS, STYLES = images(0, 2, *SIZE), images(1, 2, *STYLE_SIZE)


def ours(reference) -> tuple:
    """The blueprint and the reference's weights."""
    state = {name: value.numpy() for name, value in reference.state_dict().items()}
    values = convert_msgnet.convert(state, Path("reference.model"))
    blueprint, _ = start(Settings(features=len(values["match"]) // 4))
    return blueprint, values


@functools.partial(jax.jit, static_argnums=0)
def stylised(blueprint, values, contents, styles):
    net = blueprint.build(values)
    return net(contents, net.target(styles))


def reference_of(features: int):
    reference = network(features)
    with torch_().no_grad():
        # CoMatch's first weights make maps so small that rounding would be seen in the gradient.
        reference.ins.weight.mul_(100)
    return reference


@pytest.mark.parametrize(("features", "styles"), [(3, 2), (96, 1)])
def test_images_are_those_of_the_authors_network(features, styles):
    """One by one there, together here; with 96 features CPUs take Winograd's form."""
    reference = reference_of(features)
    blueprint, values = ours(reference)
    found = stylised(blueprint, values, CONTENTS, STYLES[:styles])
    for index, content in enumerate(CONTENTS):
        style = STYLES[index % styles]
        reference.target(to_torch(style[None]))
        expected = from_torch(reference(to_torch(content[None])), *SIZE)
        assert expected.std() > 1e-3
        np.testing.assert_allclose(255 * found[index], 255 * expected[0], rtol=0, atol=1e-4)


def test_gradients_are_those_of_the_authors_network():
    reference = reference_of(3).double()
    weights = images(2, 2, *SIZE) - 0.5
    for index, content in enumerate(CONTENTS):
        reference.target(to_torch(STYLES[index][None], "float64"))
        result = reference(to_torch(content[None], "float64"))[..., : SIZE[0], : SIZE[1]]
        (result / 255 * to_torch(weights[index][None], "float64") / 255).sum().backward()
    gradients = {name: p.grad.numpy() for name, p in reference.named_parameters()}
    expected = convert_msgnet.convert(gradients, Path("gradients"))
    blueprint, values = ours(reference_of(3))

    @jax.jit
    @jax.grad
    def gradient(values):
        return (stylised(blueprint, values, CONTENTS, STYLES) * weights).sum()

    found = gradient(values)
    for name, slope in expected.items():
        if np.abs(slope).max() > 1e-3:  # a bias before a norm has none
            # A ReLU that rounding puts on its other side counts a little.
            apart = np.linalg.norm(found[name] - slope)
            assert apart < 0.02 * np.linalg.norm(slope), name


def test_blank_images_stay_finite():
    blueprint, values = ours(reference_of(3))
    blank = np.ones_like(CONTENTS), np.ones_like(STYLES)
    assert np.isfinite(stylised(blueprint, values, *blank)).all()


def test_weights_are_drawn_as_pytorch_draws_them():
    _, values = take_apart(MSGNet(features=16, rngs=nnx.Rngs(5)))
    for name, fan_in in (("first", 147), ("blocks.2.middle", 9 * 16), ("up.0.shortcut", 64)):
        for role in ("kernel", "bias"):
            values_ = np.asarray(values[f"{name}.{role}"]) * fan_in**0.5
            assert np.abs(values_).max() <= 1
        kernel = np.asarray(values[f"{name}.kernel"]) * fan_in**0.5
        assert kernel.std() == pytest.approx(3**-0.5, rel=0.05)
        assert kernel.min() < -0.95
    match = np.asarray(values["match"])
    assert match.min() >= 0
    assert match.max() <= 0.02
    assert match.mean() == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize("features", [0, 1025])
def test_a_wrong_number_of_features_is_refused(features):
    with pytest.raises(SettingsError, match=f"features: {features}"):
        MSGNet(features=features, rngs=nnx.Rngs(0))
