import csv
import dataclasses
import threading

import numpy as np
import pytest
from reference import network

from jaxtex.errors import CheckpointError, RunError, SettingsError
from jaxtex.images import load_image, read_metadata
from jaxtex.texture.dcgan import fit as fitting
from jaxtex.texture.dcgan import load_model
from jaxtex.texture.dcgan.fit import fit
from jaxtex.texture.dcgan.model import load_origin
from jaxtex.texture.dcgan.settings import Settings
from jaxtex.texture.dcgan.train import Losses
from jaxtex.training import Dataset, Plan

TINY = Settings(features=1, latent_size=4, batch_size=4, seed=2)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    rng = np.random.default_rng(0)
    return Dataset(list(rng.integers(0, 256, (20, 70, 70, 3), np.uint8)), 64, seed=2)


def plan(folder, **options) -> Plan:
    folder.mkdir(exist_ok=True)
    chosen = {"steps": 6, "sample_every": 4, "metadata": {"source": "noise"}, **options}
    return Plan(folder=folder, **chosen)


@pytest.fixture(scope="module")
def whole(dataset, tmp_path_factory):
    """The folder and outcome of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("fit") / "whole"
    return folder, fit(TINY, dataset, plan(folder))


def rows(folder) -> list[list[str]]:
    with (folder / "losses.csv").open(newline="") as file:
        return list(csv.reader(file))


def test_a_run_leaves_model_samples_losses_and_a_checkpoint(whole):
    folder, outcome = whole
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "model.safetensors", "losses.csv", "samples-000004.png", "samples-000006.png", "checkpoint",
    }  # fmt: skip
    assert outcome.status == "done"
    assert outcome.losses.shape == (6, len(Losses._fields))
    assert rows(folder)[0] == [
        "step", "discriminator_loss", "generator_loss", "real", "generated", "apart",
    ]  # fmt: skip
    table = np.array(rows(folder)[1:], float)
    np.testing.assert_array_equal(table[:, 0], np.arange(1, 7))
    np.testing.assert_allclose(table[:, 1:], outcome.losses, rtol=1e-5)


def test_the_model_is_that_of_the_last_step(whole):
    folder, outcome = whole
    model = load_model(folder)
    assert model.digest == outcome.digest
    assert model.metadata["step"] == "6"
    assert model.metadata["source"] == "noise"


def test_samples_are_a_grid_of_the_run(whole):
    folder, _ = whole
    path = folder / "samples-000004.png"
    assert load_image(path).rgb.shape == (8 * 66 + 2, 8 * 66 + 2, 3)
    assert read_metadata(path)["step"] == 4


def files(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_stopped_run_goes_on_to_the_same_bytes(dataset, whole, tmp_path):
    folder = tmp_path / "cut"
    seen = []
    stopped = fit(TINY, dataset, plan(folder, progress=seen.append, stop=lambda: len(seen) == 1))
    assert stopped.status == "interrupted"
    assert 1 <= stopped.step < 6
    assert load_model(folder).metadata["step"] == str(stopped.step)
    outcome = fit(TINY, dataset, plan(folder, resume=True))
    assert outcome.status == "done"
    (folder / f"samples-{stopped.step:06d}.png").unlink()
    assert files(folder) == files(whole[0])


@pytest.fixture(scope="module")
def by_twos(dataset, tmp_path_factory):
    """The same run with two steps a dispatch."""
    folder = tmp_path_factory.mktemp("fit") / "twos"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "steps_at_once", lambda mesh: 2)
        outcome = fit(TINY, dataset, plan(folder, steps=5, sample_every=3))
    return folder, outcome


def test_several_steps_a_dispatch_have_the_losses_of_one(by_twos, whole):
    np.testing.assert_allclose(by_twos[1].losses, whole[1].losses[:5], rtol=1e-3)


def test_dispatches_of_several_steps_begin_at_their_multiples_and_end_at_sheets(
    dataset, by_twos, tmp_path, monkeypatch
):
    """A run that goes on from step 2 makes the same dispatches, and so the same bytes."""
    made = []
    real = fitting.train_steps

    def noted(networks, rates, state, batches, eye):
        made.append(len(batches))
        return real(networks, rates, state, batches, eye)

    monkeypatch.setattr(fitting, "train_steps", noted)
    monkeypatch.setattr(fitting, "steps_at_once", lambda mesh: 2)
    folder = tmp_path / "cut"
    options = {"steps": 5, "sample_every": 3}
    assert fit(TINY, dataset, plan(folder, **options, stop=lambda: True)).step == 2
    outcome = fit(TINY, dataset, plan(folder, **options, resume=True))
    assert made == [2, 1, 1, 1]
    assert outcome.digest == by_twos[1].digest


def test_what_goes_wrong_with_a_batch_ends_the_run(dataset, tmp_path, monkeypatch):
    def broken(self, step, count):
        if step == 2:
            raise MemoryError("no more")
        return real(self, step, count)

    real, threads = Dataset.batch, threading.active_count()
    monkeypatch.setattr(Dataset, "batch", broken)
    with pytest.raises(MemoryError, match="no more"):
        fit(TINY, dataset, plan(tmp_path / "broken"))
    assert threading.active_count() == threads


def test_more_steps_go_on_from_a_run_that_was_done(dataset, whole, tmp_path):
    folder = tmp_path / "longer"
    fit(TINY, dataset, plan(folder, steps=4))
    assert fit(TINY, dataset, plan(folder, resume=True)).digest == whole[1].digest


def test_progress_tells_step_losses_and_speed(dataset, tmp_path):
    seen = []
    fit(TINY, dataset, plan(tmp_path / "run", steps=3, progress=seen.append))
    assert [progress.step for progress in seen][-1] == 3
    assert all(progress.images_per_second > 0 for progress in seen)
    assert seen[-1].seconds_left == 0


def test_a_folder_with_a_checkpoint_is_refused_without_resume(dataset, whole):
    with pytest.raises(CheckpointError, match="give --resume"):
        fit(TINY, dataset, plan(whole[0]))


def test_other_settings_and_other_images_are_refused_by_name(dataset, whole):
    folder = whole[0]
    other = Settings(**{**TINY.to_dict(), "learning_rate": 1e-3})
    with pytest.raises(CheckpointError, match=r"differs in learning_rate \(0\.0002 there"):
        fit(other, dataset, plan(folder, resume=True))
    images = Dataset([255 - image for image in dataset.pool], 64, seed=2)
    with pytest.raises(CheckpointError, match="differs in images"):
        fit(TINY, images, plan(folder, resume=True))


def test_losses_that_are_not_finite_end_the_run(dataset, tmp_path):
    wild = Settings(**{**TINY.to_dict(), "learning_rate": 1e30})
    with pytest.raises(RunError, match="became non-finite"):
        fit(wild, dataset, plan(tmp_path / "wild", steps=50))


@pytest.mark.parametrize(
    ("change", "message"), [({"steps": 0}, "steps: 0"), ({"sample_every": -1}, "sample_every: -1")]
)
def test_a_bad_plan_is_refused(tmp_path, change, message):
    with pytest.raises(SettingsError, match=message):
        plan(tmp_path, **change)


REFINED = dataclasses.replace(TINY, refine_after=2)


@pytest.fixture(scope="module")
def refined(dataset, tmp_path_factory):
    """The folder and outcome of a run whose last steps refine."""
    folder = tmp_path_factory.mktemp("fit") / "refined"
    return folder, fit(REFINED, dataset, plan(folder, steps=5), vgg=network())


def test_the_second_phase_begins_at_its_step(refined, whole):
    apart = refined[1].losses[:, Losses._fields.index("apart")]
    assert (apart[:2] == 0).all()
    assert (apart[2:] > 0).all()
    np.testing.assert_array_equal(refined[1].losses[:2], whole[1].losses[:2])


def test_the_generator_rests_until_its_new_discriminator_can_judge(dataset, refined, tmp_path):
    fit(TINY, dataset, plan(tmp_path / "short", steps=2))
    before, after = (load_origin(path).generator for path in (tmp_path / "short", refined[0]))
    np.testing.assert_array_equal(before.project[...], after.project[...])


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_refined_run_that_was_cut_goes_on_to_the_same_bytes(dataset, refined, tmp_path, at):
    folder = tmp_path / "cut"
    fit(REFINED, dataset, plan(folder, steps=at), vgg=network())
    outcome = fit(REFINED, dataset, plan(folder, steps=5, resume=True), vgg=network())
    assert outcome.digest == refined[1].digest
    np.testing.assert_array_equal(outcome.losses, refined[1].losses)


def test_a_dispatch_of_several_steps_is_parted_where_the_second_phase_begins(
    dataset, refined, tmp_path, monkeypatch
):
    monkeypatch.setattr(fitting, "steps_at_once", lambda mesh: 3)
    options = {"steps": 5, "sample_every": 0}
    outcome = fit(REFINED, dataset, plan(tmp_path / "many", **options), vgg=network())
    np.testing.assert_allclose(outcome.losses, refined[1].losses, rtol=2e-3)


def test_refining_without_weights_is_refused(dataset, tmp_path):
    with pytest.raises(SettingsError, match="refine_after: needs the weights of VGG16"):
        fit(REFINED, dataset, plan(tmp_path / "blind", steps=3))


def test_a_model_is_gone_on_from(dataset, whole, tmp_path):
    origin = load_origin(whole[0])
    outcome = fit(TINY, dataset, plan(tmp_path / "on", steps=1), origin=origin)
    assert outcome.digest != whole[1].digest
    with pytest.raises(CheckpointError, match="model"):
        fit(TINY, dataset, plan(tmp_path / "on", resume=True))
