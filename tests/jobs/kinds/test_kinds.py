"""Applications of MSG-Net and sheets of textures among the jobs of a batch."""

import itertools
import pickle
import shutil

import jax
import numpy as np
import pytest
from logos import bars
from msgnet_models import random_model
from texture_models import lively_model
from tiny_jobs import pixels

from jaxtex import images
from jaxtex.errors import SettingsError
from jaxtex.jobs.caches import Models
from jaxtex.jobs.kinds import msgnet, texture
from jaxtex.jobs.kinds.plan import plan
from jaxtex.jobs.kinds.table import KINDS
from jaxtex.jobs.manifests.columns import COLUMNS
from jaxtex.jobs.manifests.manifest import Manifest, Row
from jaxtex.jobs.requests.texture import sample as requests
from jaxtex.style.msgnet import StyleModel, image_bytes, load_model
from jaxtex.texture.dcgan.latents import write_points


@pytest.fixture(scope="session")
def nets(tmp_path_factory):
    """Two networks of random weights."""
    folder = tmp_path_factory.mktemp("nets")
    return [random_model(folder / f"{seed}.safetensors", seed=seed) for seed in range(2)]


@pytest.fixture(scope="session")
def lively(tmp_path_factory):
    """A texture model of random weights."""
    return lively_model(tmp_path_factory.mktemp("lively") / "lively.safetensors")


@pytest.fixture
def net(nets):
    """The columns of an application of the first network."""

    def net(number, content="c1.png", style="s1.png", **more):
        return {"job": "msgnet", "content": content, "style": style, "model": str(nets[0]),
                "output": f"{number}.png", **more}  # fmt: skip

    return net


@pytest.fixture
def sheet(lively):
    """The columns of a sheet."""

    def sheet(number, **more):
        row = {"job": "texture", "output": f"t{number}.png", "model": str(lively), "count": 4}
        return row | more

    return sheet


def bad_rows(folder, *rows):
    manifest = Manifest(name="rows", folder=folder)
    for line, row in enumerate(rows, 1):
        if "style" in row:
            row["style"] = (row["style"],) if isinstance(row["style"], str) else row["style"]
        manifest.rows.append(Row(line, row))
    jobs, bad = plan(manifest, folder / "out")
    assert jobs == []
    return [each.reason for each in bad]


def expected(folder, job):
    """The picture of an application by the model alone."""
    model = load_model(job.model)
    content, style = (images.load_image(path).rgb for path in job.files)
    if job.size:
        content = images.resize(content, *images.fit(*content.shape[:2], job.size))
    longest = job.style_size or max(content.shape[:2])
    style = images.resize(style, *images.fit(*style.shape[:2], longest))
    ((_, picture),) = model.apply([content], style)
    return picture


def test_every_kind_has_columns_and_work():
    assert set(KINDS) == set(COLUMNS)


def test_applications_of_one_model_style_and_shape_run_together_each_as_if_alone(
    engine, planned, net, nets, folder, monkeypatch
):
    images.save_image(folder / "c3.png", np.roll(bars(), 9, axis=1))
    rows = [net(0), net(1, "c2.png"), net(2, "tall.png"), net(3, "c3.png"), net(4, style="s2.png"),
            net(5, "c2.png", style_size=40), net(6, "c2.png", model=str(nets[1]))]  # fmt: skip
    shapes, targets = [], []
    real = msgnet.stylise
    monkeypatch.setattr(msgnet, "stylise", lambda *words: shapes.append(words[2].shape)
                        or real(*words))  # fmt: skip
    real_target = StyleModel.target
    monkeypatch.setattr(StyleModel, "target", lambda self, style: targets.append(style.shape)
                        or real_target(self, style))  # fmt: skip
    jobs = planned(*rows)
    found = engine(jobs)
    assert engine.whole
    # Three of one shape fill up to four; each model, style and size of a style has its target.
    assert sorted(shape[0] for shape in shapes) == [1, 1, 1, 1, 4]
    assert len(targets) == 4
    for job in jobs:
        picture = pixels(found[job.output])
        np.testing.assert_allclose(picture, expected(folder, job), atol=1.01 / 255)
    pictures = [pixels(found[f"{number}.png"]) for number in (0, 1, 3, 4, 6)]
    for first, second in itertools.combinations(pictures, 2):
        assert np.abs(first - second).max() > 0.03


def test_models_are_loaded_once(engine, planned, net, nets, sheet, monkeypatch):
    loads = []
    for module in (msgnet, texture):
        real = module.load_model

        def counted(path, real=real):
            loads.append(path)
            return real(path)

        monkeypatch.setattr(module, "load_model", counted)
    models = Models()
    manifest = Manifest(name="rows", folder=nets[0].parent)
    rows = [net(0), net(1), net(2, model=str(nets[1])), sheet(0), sheet(1)]
    for row in rows[:3]:
        row.update(content=str(nets[0]), style=(str(nets[0]),))
    manifest.rows = [Row(line, row) for line, row in enumerate(rows)]
    assert plan(manifest, nets[0].parent / "out", models=models)[1] == []
    engine(planned(sheet(0)), models=models)
    assert sorted(set(loads)) == sorted(loads[:3])
    # `planned` has models of its own.
    assert len(loads) == 4


def test_vgg16_is_loaded_once_and_for_stylisations_alone(engine, planned, net, sheet, network):
    loads = []

    def load():
        loads.append(network)
        return network

    assert len(engine(planned(net(0), sheet(0)), network=load)) == 2
    assert loads == []
    rows = [{"content": f"c{n}.png", "style": "s1.png", "output": f"{n}.png"} for n in (1, 2)]
    assert len(engine(planned(*rows), network=load, batch_size=1)) == 2
    assert len(loads) == 1


def test_out_of_memory_halves_the_applications_and_spares_the_sheets(
    engine, planned, net, sheet, monkeypatch
):
    sizes, warnings = [], []
    real = msgnet.stylise

    def little(blueprint, values, contents, target):
        sizes.append(len(contents))
        if len(contents) > 1:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating")
        return real(blueprint, values, contents, target)

    monkeypatch.setattr(msgnet, "stylise", little)
    jobs = planned(sheet(0), *(net(number) for number in range(6)))
    found = engine(jobs, batch_size=4, warn=warnings.append)
    assert all(each.image is not None for each in found.values())
    assert sizes == [4, 2, 1, 1, 1, 1, 1, 1]
    assert warnings == [f"out of memory with {n} jobs at once: going on with half of them"
                        for n in (4, 2)]  # fmt: skip


def test_what_never_fits_fails_alone(engine, planned, net, sheet, monkeypatch):
    def none(*arguments):
        raise MemoryError

    monkeypatch.setattr(msgnet, "stylise", none)
    monkeypatch.setattr(requests, "sample", none)
    found = engine(planned(net(0), net(1), sheet(0)))
    assert engine.whole
    reasons = {each.error for each in found.values()}
    assert reasons == {"not even a single job fits into memory (MemoryError)"}


def test_applications_take_no_more_memory_than_they_may(engine, planned, net, monkeypatch):
    sizes = []
    real = msgnet.stylise
    monkeypatch.setattr(msgnet, "stylise", lambda *words: sizes.append(len(words[2]))
                        or real(*words))  # fmt: skip
    engine(planned(*(net(number) for number in range(5))), max_bytes=2 * image_bytes(40, 64))
    assert sizes == [2, 2, 1]


def test_what_is_damaged_fails_its_own_job(engine, planned, net, nets, sheet, folder):
    (folder / "cut.png").write_bytes((folder / "c1.png").read_bytes()[:-40])
    images.save_image(folder / "small.png", bars(12, 40))
    shutil.copy(nets[0], folder / "mine.safetensors")
    jobs = planned(net(0), net(1, "cut.png"), net(2, "small.png"), net(3, "tall.png"),
                   net(4, model=str(folder / "mine.safetensors")), sheet(0), sheet(1, radius=30.0),
                   sheet(2, similarity=-0.9))  # fmt: skip
    (folder / "tall.png").write_bytes((folder / "c2.png").read_bytes())
    shutil.copy(nets[1], folder / "mine.safetensors")
    found = engine(jobs)
    assert engine.whole
    assert {name for name, each in found.items() if each.image is not None} == {"0.png", "t0.png"}
    for name, part in [
        ("1.png", "cut.png: the image is damaged or cut short"),
        ("2.png", "small.png: is 40×12 pixels; MSG-Net needs 16×16"),
        ("3.png", "tall.png: has changed since it was checked"),
        ("4.png", "mine.safetensors: has changed since it was checked"),
        ("t1.png", "the sphere: 4 of 4 points lie off the prior's shell"),
        ("t2.png", "similarity: -0.9 cannot be had"),
    ]:
        assert part in found[name].error


def test_images_that_are_not_finite_fail_their_jobs(engine, planned, net, monkeypatch):
    real = msgnet.stylise
    monkeypatch.setattr(msgnet, "stylise", lambda *words: real(*words) * np.nan)
    (found,) = engine(planned(net(0))).values()
    assert "values that are not finite" in found.error


def test_rows_that_cannot_be_run_are_bad(folder, net, nets, lively, sheet):
    (folder / "junk.safetensors").write_bytes(b"junk")
    assert [reason.split("; ")[0].removeprefix(f"{folder}/") for reason in bad_rows(
        folder,
        net(0, model="junk.safetensors"), net(1, model=str(lively)), net(2, "none.png"),
        net(3, style=("s1.png", "s2.png")), net(4, size=15), net(5, size=64.5),
        net(6, style_size=20_000), {"job": "msgnet", "style": "s1.png"}, net(7, output="a.gif"),
        sheet(0, model=str(nets[0])), sheet(1, count=0), sheet(2, count=2.5), sheet(3, seed=-1),
        sheet(4, kappa=3, angle=20), sheet(5, direction="axis:100"), sheet(6, center="none.npy"),
        sheet(7, direction="none.npz"), sheet(8, output="../a.png"),
    )] == [
        "junk.safetensors: is not a whole .safetensors file (Error while deserializing header: "
        "header too small)",
        f"{lively}: holds dcgan",
        "none.png: no such file",
        "style: msgnet takes one image",
        "--size: 15 is not a number of pixels from 16 to 16384",
        "--size: 64.5 is not a number of pixels from 16 to 16384",
        "--style-size: 20000 is not a number of pixels from 16 to 16384",
        "content is missing",
        "a.gif: cannot write '.gif'",
        f"{nets[0]}: holds msgnet",
        "--count: 0 is not a number from 1 to 10000",
        "--count: 2.5 is not a number from 1 to 10000",
        "--seed: -1 is not a whole number from 0 to 4294967295",
        "--kappa and --angle both say how far from the direction",
        "axis:100 is not one of the axes 0 to 99",
        "none.npy: no such file of points",
        "none.npz: no such file of points",
        "output: '../a.png' leads out of the output folder",
    ]  # fmt: skip


def test_the_identity_is_of_all_that_decides_a_picture_and_of_nothing_else(
    planned, folder, net, nets, sheet, lively
):
    (folder / "net").mkdir()
    shutil.copy(nets[0], folder / "net" / "model.safetensors")
    shutil.copy(folder / "c1.png", folder / "copy.png")
    vector = np.random.default_rng(0).normal(size=(1, 100)).astype(np.float32)
    write_points(folder / "v.npz", vector, load(lively))
    np.save(folder / "w.npy", 2 * vector)
    same = [
        [net(0), net(1, "copy.png"), net(2, model="net"), net(3, size=None)],
        [net(4, size=64), net(5, size=64.0)],
        [sheet(0), sheet(1, direction="axis:1"), sheet(2, kappa=0), sheet(3, seed=0.0)],
        [sheet(4, direction="v.npz", angle=20), sheet(5, direction="w.npy", angle=20.0)],
        *([row] for row in [
            net(6, "c2.png"), net(7, style="s2.png"), net(8, model=str(nets[1])),
            net(9, style_size=64),
            sheet(6, count=5), sheet(7, seed=1), sheet(8, direction="random"), sheet(9, kappa=9),
            sheet(10, angle=20), sheet(11, similarity=0.9), sheet(12, labels=True),
            sheet(13, radius=8), sheet(14, center="v.npz"), sheet(15, direction="axis:2"),
        ]),
    ]  # fmt: skip
    rows = [{k: v for k, v in row.items() if v is not None} for rows in same for row in rows]
    jobs = iter(planned(*rows))
    found = [{next(jobs).identity() for _ in rows} for rows in same]
    assert all(len(each) == 1 for each in found)
    assert len(set.union(*found)) == len(same)


def load(path):
    from jaxtex.texture.dcgan import load_model

    return load_model(path).digest


def test_a_row_names_a_model_that_ships(planned, sheet):
    named, other = planned(sheet(0, model="washi"), sheet(1))
    assert named.model_digest == load("washi") != other.model_digest
    rows = [{"job": "extend", "texture": "seed:1", "output": f"{n}.png"} for n in range(2)]
    usual, extended = planned(rows[0], {**rows[1], "model": "washi"})
    assert usual.digest == extended.digest


def test_jobs_of_all_kinds_can_be_sent_to_other_processes(planned, net, sheet):
    style = {"content": "c1.png", "style": "s1.png"}
    for job in planned(style, net(0), sheet(0, direction="random", angle=30)):
        copy = pickle.loads(pickle.dumps(job))
        assert (copy.identity(), copy.output, copy.kind) == (job.identity(), job.output, job.kind)


def test_a_seed_that_is_no_key_is_refused_by_its_name():
    with pytest.raises(SettingsError, match=r"^--seed: 0\.5 is not a whole number"):
        requests.check({"seed": 0.5})
