"""The rival of PyTorch computes our objective."""

import dataclasses
import functools

import jax
import numpy as np
import pytest

from jaxtex.style import PRESETS, load_network, make_job, objective
from jaxtex.weights import load_vgg16


def grained(seed, height, width, channels=3):
    """An image in [0, 1] without ties."""
    rng = np.random.default_rng(seed)
    picture = rng.uniform(0.1, 0.9, (height, width, channels)).astype(np.float32)
    return np.repeat(picture, 3, -1) if channels == 1 else picture


@functools.cache
def network():
    return load_network()


def make_ours(compiled, preset, canvas="rgb", mask=None, **options):
    """The steps of a job on 48×32 images, the ink term included where the preset has one."""
    channels = 3 if canvas == "rgb" else 1
    settings = PRESETS[preset].with_options(
        scales=1, margin=0, finish_steps=0, steps=1, l2=1e-9, canvas=canvas, **options
    )
    styles = [grained(1, 32, 40, channels), grained(2, 24, 32, channels)]
    job = make_job(
        settings, grained(0, 32, 48, channels), styles, style_weights=[3.0, 1.0], mask=mask
    )
    return compiled.Ours(job, network())


# Shallow, so that they compile soon.
SHALLOW = {"layers": {"conv1_1": 2.0, "conv2_1": 1.0}, "content_layer": "conv1_2"}


def compare(rival, ours):
    """Our total and the rival's, and both gradients, at an image off the content and the box."""
    content = np.asarray(ours.targets.content)
    image = content + np.random.default_rng(3).normal(0, 60, content.shape).astype(np.float32)

    def total(image):
        found = objective.losses(ours.program, ours.convs, ours.targets, ours.coefficients, image)
        return found.total[0]

    loss, gradient = jax.jit(jax.value_and_grad(total))(image)
    results = []
    weights = load_vgg16()
    for last in (False, True):
        compute = rival.Objective(
            rival.spec_of(ours), weights.params, weights.mean, channels_last=last
        )
        leaf = rival.image_of(image).requires_grad_()
        theirs = compute(leaf)
        theirs.backward()
        results.append((float(theirs.detach()), leaf.grad.numpy().transpose(0, 2, 3, 1)))
    return float(loss), np.asarray(gradient), results


@pytest.mark.parametrize(
    ("preset", "canvas"),
    [
        ("steel", "grey"),
        ("steel", "rgb"),
        ("network-of-steel", "rgb"),
        ("reference", "rgb"),
        ("gatys", "rgb"),
    ],
)
def test_the_rival_has_our_loss_and_gradient(rival, compiled, preset, canvas):
    loss, gradient, results = compare(rival, make_ours(compiled, preset, canvas, **SHALLOW))
    for theirs, their_gradient in results:
        assert theirs == pytest.approx(loss, rel=1e-4)
        error = np.linalg.norm(their_gradient - gradient) / np.linalg.norm(gradient)
        assert error < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_the_rival_has_our_loss_on_all_layers(rival, compiled, preset):
    canvas = "grey" if preset == "steel" else "rgb"
    loss, _, results = compare(rival, make_ours(compiled, preset, canvas))
    for theirs, _ in results:
        assert theirs == pytest.approx(loss, rel=1e-4)


def test_the_rival_keeps_to_the_mask(rival, compiled):
    mask = np.zeros((32, 48), np.float32)
    mask[8:24, 8:40] = 1
    loss, gradient, results = compare(rival, make_ours(compiled, "steel", "grey", mask, **SHALLOW))
    for theirs, their_gradient in results:
        assert theirs == pytest.approx(loss, rel=1e-4)
        assert not their_gradient[0, mask == 0].any()
        assert not gradient[0, mask == 0].any()


def test_the_rival_s_loss_of_a_batch_is_that_of_its_images(rival, compiled):
    ours = make_ours(compiled, "steel", "grey", **SHALLOW)
    weights = load_vgg16()
    compute = rival.Objective(rival.spec_of(ours), weights.params, weights.mean)
    content = np.asarray(ours.targets.content)
    noise = np.random.default_rng(3).normal(0, 60, (2, *content.shape[1:]))
    batch = rival.image_of(content + noise.astype(np.float32))
    singles = [float(compute(image[None])) for image in batch]
    assert float(compute(batch)) == pytest.approx(sum(singles), rel=1e-5)
    assert singles[0] != pytest.approx(singles[1], rel=1e-3)


def test_a_batch_of_one_job_has_the_losses_of_the_job(compiled):
    job = make_ours(compiled, "steel", "grey", **SHALLOW).job
    one, three = (compiled.Ours(job, network(), count=count) for count in (1, 3))
    assert three.initial.point.shape[0] == 3
    losses = [ours.advance(ours.start(), 2)[1].total for ours in (one, three)]
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_every_term_of_steel_takes_part_in_the_comparison(rival, compiled):
    weights = rival.spec_of(make_ours(compiled, "steel", "grey", **SHALLOW)).weights
    assert all(weights[name] > 0 for name in ("content", "silhouette", "ink", "outside", "l2"))


def test_the_rival_refuses_another_size_than_the_full_one(rival, compiled):
    ours = make_ours(compiled, "steel", "grey", **SHALLOW)
    ours.job = dataclasses.replace(ours.job, phases=(ours.job.phases[0]._replace(factor=0.5),))
    with pytest.raises(ValueError, match="full size"):
        rival.spec_of(ours)
