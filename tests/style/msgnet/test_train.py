import csv
import dataclasses
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from msgnet_reference import network, to_torch
from reference import gram, torch_, vgg_features
from reference import network as vgg_network

from jaxtex.errors import CheckpointError, RunError, SettingsError
from jaxtex.images import load_image, read_metadata
from jaxtex.style.msgnet import fit as fitting
from jaxtex.style.msgnet import load_model
from jaxtex.style.msgnet.fit import fit, style_square
from jaxtex.style.msgnet.train import Losses, Settings, prepare, start, train_steps
from jaxtex.training import Dataset, Plan, devices, place_batches, place_state
from jaxtex.weights.msgnet_names import convert

SIZE, FEATURES = 32, 2
TINY = Settings(
    features=FEATURES, size=SIZE, style_sizes=(SIZE,), batch_size=2, seed=2, style_weight=0.5
)
LAYERS = ("conv1_2", "conv2_2", "conv3_3", "conv4_3")


def pool(seed: int, count: int, height: int = 40, width: int = 70) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return list(rng.integers(0, 256, (count, height, width, 3), np.uint8))


CONTENTS = Dataset(pool(0, 3), SIZE, seed=2, turned=False)
STYLES = Dataset(pool(1, 2), SIZE, seed=2, turned=False)


def reference_loss(reference, contents: np.ndarray, style: np.ndarray) -> tuple:
    """Total, content and style loss in PyTorch, float64."""
    torch = torch_()
    reference.target(to_torch(style / 255, "float64"))
    images = reference(to_torch(contents / 255, "float64"))

    def features(rgb):
        return vgg_features(rgb, LAYERS, features="relu")

    found = features(images.permute(0, 2, 3, 1).flip(-1))
    wanted, manner = (features(torch.tensor(x, dtype=torch.float64)) for x in (contents, style))
    content = ((found["conv2_2"] - wanted["conv2_2"]) ** 2).mean()
    apart = [
        ((gram(found[name]) - gram(manner[name])) / found[name].shape[1]).square().mean()
        for name in LAYERS
    ]
    return content + TINY.style_weight * sum(apart), content, sum(apart)


def test_a_step_is_adam_on_the_papers_loss():
    reference = network(FEATURES, seed=1).double()
    state = {name: value.float().numpy() for name, value in reference.state_dict().items()}
    values = {name: jnp.asarray(a) for name, a in convert(state, Path("reference")).items()}
    blueprint, before = start(TINY, values)
    contents, style = CONTENTS.batch(0, 2), STYLES.batch(0, 1)
    mesh = devices()  # placed as a run does it, so that its program is compiled once
    kernels = place_state(prepare(vgg_network(), SIZE, SIZE), mesh)

    def step(state):
        placed = place_batches(contents[None], mesh), place_state(style[None], mesh)
        return train_steps(blueprint, TINY.rates(), kernels, place_state(state, mesh), *placed)

    after, losses = step(before)
    optimiser = torch_().optim.Adam(reference.parameters(), TINY.learning_rate)
    expected = reference_loss(reference, contents, style)
    expected[0].backward()
    optimiser.step()
    expected = [[float(each.detach())] for each in expected]
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    again = reference_loss(reference, contents, style)
    _, second = step(after)
    np.testing.assert_allclose(second, [[float(each.detach())] for each in again], rtol=5e-3)
    assert second.total < losses.total


def test_a_style_square_has_the_size_whose_turn_it_is():
    settings = Settings(style_sizes=(48, 32, 96))
    sizes = [len(style_square(settings, STYLES, step)) for step in range(4)]
    assert sizes == [48, 32, 96, 48]
    first, again = (style_square(settings, STYLES, 0) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (first != style_square(settings, STYLES, 6)).any()


def plan(folder, **options) -> Plan:
    folder.mkdir(exist_ok=True)
    chosen = {"steps": 5, "sample_every": 3, "metadata": {"source": "noise"}, **options}
    return Plan(folder=folder, **chosen)


def run(folder, settings=TINY, contents=CONTENTS, styles=STYLES, model=None, **options):
    return fit(settings, contents, styles, vgg_network(), plan(folder, **options), model=model)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder and outcome of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("fit") / "whole"
    return folder, run(folder)


def files(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_run_leaves_model_samples_losses_and_a_checkpoint(whole):
    folder, outcome = whole
    assert {path.name for path in folder.iterdir()} == {
        "model.safetensors", "losses.csv", "samples-000003.png", "samples-000005.png", "checkpoint",
    }  # fmt: skip
    with (folder / "losses.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["step", "total", "content", "style"]
    np.testing.assert_allclose(np.array(rows[1:], float)[:, 1:], outcome.losses, rtol=1e-5)
    model = load_model(folder)
    assert model.digest == outcome.digest
    assert (model.features, model.metadata["step"]) == (FEATURES, "5")
    assert read_metadata(folder / "samples-000003.png")["style_weight"] == 0.5
    rows, columns, gap = 1 + 3, 1 + 2, 8
    shape = (rows * (SIZE + gap) + gap, columns * (3 * SIZE + gap) + gap, 3)
    assert load_image(folder / "samples-000003.png").rgb.shape == shape


@pytest.mark.slow  # the loop is that of the DCGAN, whose test is quick
def test_several_steps_a_dispatch_have_the_losses_of_one(whole, tmp_path, monkeypatch):
    made = []
    real = fitting.train_steps

    def noted(*arguments):
        made.append(len(arguments[-1]))
        return real(*arguments)

    monkeypatch.setattr(fitting, "train_steps", noted)
    monkeypatch.setattr(fitting, "steps_at_once", lambda mesh: 2)
    outcome = run(tmp_path / "twos", steps=2)
    assert made == [2]
    np.testing.assert_allclose(outcome.losses, whole[1].losses[:2], rtol=1e-3)


def test_a_stopped_run_goes_on_to_the_same_bytes(whole, tmp_path):
    seen = []
    folder = tmp_path / "cut"
    stopped = run(folder, progress=seen.append, stop=lambda: len(seen) == 1)
    assert stopped.status == "interrupted"
    assert isinstance(seen[0].losses, Losses)
    assert 1 <= stopped.step < 5
    run(folder, resume=True)
    if stopped.step != 3:
        (folder / f"samples-{stopped.step:06d}.png").unlink()
    assert files(folder) == files(whole[0])


def test_other_settings_and_other_images_are_refused_by_name(whole):
    with pytest.raises(CheckpointError, match=r"differs in style_weight \(0\.5 there, 5\.0 here\)"):
        run(whole[0], dataclasses.replace(TINY, style_weight=5.0), resume=True)
    with pytest.raises(CheckpointError, match="differs in styles"):
        run(whole[0], styles=CONTENTS, resume=True)


def test_a_run_can_go_on_from_a_models_weights(whole, tmp_path):
    model = load_model(whole[0])
    outcome = run(tmp_path / "on", model=model, steps=1, sample_every=0)
    fresh = run(tmp_path / "new", steps=1, sample_every=0)
    assert outcome.losses[0, 0] != fresh.losses[0, 0]
    before, after = (m.values["first.kernel"] for m in (model, load_model(tmp_path / "on")))
    assert 0 < np.abs(before - after).max() < 3 * TINY.learning_rate
    with pytest.raises(SettingsError, match="features: 3, but the model has 2"):
        start(Settings(features=3), model.values)


def test_losses_that_are_not_finite_end_the_run(tmp_path):
    wild = dataclasses.replace(TINY, learning_rate=1e30)
    with pytest.raises(RunError, match="became non-finite"):
        run(tmp_path / "wild", wild, steps=20)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": 0}, "features: 0"),
        ({"size": 31}, "size: 31 is not a whole number of 32 or more"),
        ({"style_sizes": ()}, r"style_sizes: \[\]"),
        ({"style_sizes": (64, 16)}, r"style_sizes: \[64, 16\]"),
        ({"batch_size": 0}, "batch_size: 0"),
        ({"seed": -1}, "seed: -1"),
        ({"learning_rate": 0.0}, "learning_rate: 0.0"),
        ({"style_weight": float("nan")}, "style_weight: nan"),
        ({"content_weight": -1.0}, "content_weight: -1.0"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_settings_are_refused(change, message):
    with pytest.raises(SettingsError, match=message):
        Settings(**change)
