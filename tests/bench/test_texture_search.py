"""The study of the search for textures."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from bench_scripts import BENCH
from texture_models import lively_model

from jaxtex.texture.dcgan import load_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(lively_model(tmp_path_factory.mktemp("model") / "lively.safetensors"))


@pytest.fixture(scope="module")
def textures(model):
    return model.generate(np.random.default_rng(0).normal(size=(24, model.latent_size)))


def test_a_person_picks_the_nearest_and_slips_as_often_as_said(searchers, textures):
    measure = searchers.Measure(textures)
    person = searchers.Person(measure, textures[5], np.random.default_rng(0))
    far = person.distances(textures)
    assert far[5] == pytest.approx(0, abs=1e-4)
    second = int(np.argsort(far)[1])
    taken = [person.choose(far) for _ in range(500)]
    assert set(taken) == {5, second}
    assert taken.count(second) / 500 == pytest.approx(searchers.SLIP, abs=0.06)


def test_the_distance_is_in_units_of_two_textures_and_does_not_mind_shifts(searchers, textures):
    measure = searchers.Measure(textures)
    vectors = measure.vectors(textures)
    apart = [searchers.distances(vectors, each) for each in vectors]
    between = np.array(apart)[~np.eye(len(textures), dtype=bool)]
    assert between.mean() == pytest.approx(1, rel=0.3)
    shifted = measure.vectors(np.roll(textures, 8, (1, 2)))
    assert np.mean(np.abs(shifted - vectors).sum(1)) < between.mean() / 2


def test_percentiles_count_what_is_nearer(searchers):
    known = np.arange(200.0)
    assert searchers.percentile(known, 0) == 0
    assert searchers.percentile(known, 50) == 25
    assert searchers.percentile(known, 1e9) == 100


@pytest.mark.parametrize("name", ["ms_ssim", "cw_ssim"])
def test_a_texture_is_most_similar_to_itself(descriptors, textures, name):
    found = getattr(descriptors, name)(8)(textures)
    assert found.shape == (24, 8)
    assert np.allclose(np.diag(found), 1, atol=1e-4)
    assert (found <= 1 + 1e-4).all()
    assert np.allclose(found[:8], found[:8].T, atol=1e-4)


def test_cw_ssim_minds_small_shifts_less_than_ssim(descriptors, textures):
    pair = np.stack([textures[0], np.roll(textures[0], 1, 1)])
    moved = {name: getattr(descriptors, name)(1)(pair)[1, 0] for name in ("ssim", "cw_ssim")}
    assert moved["cw_ssim"] > moved["ssim"]


def test_the_best_pick_never_gets_worse_and_a_search_nears_its_target(searchers, model, textures):
    measure = searchers.Measure(textures)
    ends = []
    for kappa in ((0.0,), (100.0, 200.0, 400.0)):
        start = searchers.Way("here", None, kappa, from_best=True).start
        person = searchers.Person(measure, textures[3], np.random.default_rng(1))
        best = searchers.search(start, model, person, 7, 6)
        assert best == sorted(best, reverse=True)
        ends.append(best[-1])
    assert ends[1] < ends[0]


def test_directions_are_unit_latents_and_steps_stay_on_the_sphere(searchers, model):
    directions = searchers.principal(model)
    assert np.allclose(np.linalg.norm(directions, axis=1), 1)
    searcher = searchers.Components(directions, model, 3)
    first = searcher.show()
    searcher.take(first.points[2], 1.0)
    then = searcher.show()
    assert then.textures.shape == first.textures.shape == (searchers.SHOWN, 64, 64, 3)
    assert np.allclose(then.points[0], first.points[2], atol=1e-5)
    assert np.allclose(np.linalg.norm(then.points, axis=1), 7.8, atol=1e-3)


@pytest.mark.slow
def test_the_same_seed_has_the_same_figures(tmp_path):
    model = lively_model(tmp_path / "lively.safetensors")

    def tables():
        words = f"--json --model {model} --count 20 --targets 2 --rounds 2 --seed 3".split()
        done = subprocess.run(
            [sys.executable, BENCH / "texture_search.py", *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={**os.environ, "JAXTEX_CACHE": str(tmp_path / "cache")},
        )
        assert done.returncode == 0, done.stderr
        clusters, *rounds = json.loads(done.stdout)["tables"]
        return [[{**row, "seconds": ""} for row in clusters], *rounds]

    first = tables()
    assert tables() == first
    assert [list(table[0])[-1] for table in first] == ["seconds", "round 2", "round 2"]
