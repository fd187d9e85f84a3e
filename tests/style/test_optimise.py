import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reference import HISTORY, Objective, Problem, adam, bars, batch, in_jaxtex, noise
from scipy import optimize

from jaxtex import lbfgs
from jaxtex.style import objective, optimise

OPTIMIZERS = ("adam", "lbfgs")


def small(seed: int = 0, **changes) -> Problem:
    """A grey job of shallow layers, which compiles and steps fast."""
    settings = {
        "content": noise(seed, 24, 32, 1),
        "styles": [noise(seed + 50, 28, 20, 1)],
        "layers": {"conv1_1": 1.0, "conv2_1": 1.0},
        "content_layer": "conv1_2",
        "normalization": "relative",
        "weights": {"content": 0.05, "outside": 3.0},
    }
    return Problem(**settings | changes)


def start(optimizer: str, *images: np.ndarray, learning_rate=1.0, project=False):
    count = len(images)
    return optimise.start(
        optimizer, batch(*images), jnp.full(count, learning_rate), jnp.full(count, project)
    )


def run(problem, state, *counts: int):
    """The last state and the history of all chunks as `Losses` of `[steps, b]`."""
    rows = []
    for count in counts:
        state, history = optimise.run_chunk(*problem, state, jnp.int32(count))
        rows.append(jax.tree.map(lambda x, count=count: np.asarray(x)[:count], history))
    return state, jax.tree.map(lambda *parts: np.concatenate(parts), *rows)


def as_numpy(state):
    return jax.tree.map(np.array, state)


@functools.cache
def small_problem():
    return in_jaxtex(small())


@pytest.fixture
def problem():
    return small_problem()


# Adam


def test_adam_history_matches_torch():
    content, style = noise(1, 48, 64), noise(2, 48, 64)
    job = Problem(
        content=content,
        styles=[style],
        layers={"conv1_2": 200.0, "conv4_3": 2000.0},
        content_layer="conv4_2",
        weights={"content": 1.0, "tv": 0.001},
    )
    image = content + np.random.default_rng(3).normal(0, 5, content.shape)
    expected, _ = adam(Objective(job, "float32"), image, steps=10)
    _, history = run(in_jaxtex(job), start("adam", image), 11)
    for column, name in enumerate(HISTORY):
        np.testing.assert_allclose(
            getattr(history, name)[:, 0], expected[:, column], rtol=1e-3, err_msg=name
        )


def test_adam_image_matches_torch_and_row_k_is_after_k_updates(problem):
    image = noise(4, 24, 32, 1)
    expected, expected_image = adam(Objective(small()), image, steps=6, learning_rate=2.0)
    state, history = run(problem, start("adam", image, learning_rate=2.0), 6)
    np.testing.assert_allclose(history.total[:, 0], expected[:6, 0], rtol=1e-3)
    # A pixel whose gradient is near 0 may go the other way: hence the mean.
    assert np.abs(np.asarray(state.point)[0] - expected_image).mean() < 0.01
    assert np.abs(expected_image - image).mean() > 5


@pytest.mark.parametrize("project", [True, False])
def test_adam_with_project_keeps_every_point_in_the_displayable_range(problem, project):
    state = start("adam", bars(24, 32, 5), learning_rate=20.0, project=project)
    inside = []
    for _ in range(4):
        state, _ = run(problem, state, 1)
        inside.append(bool(((state.point >= 0) & (state.point <= 255)).all()))
    assert all(inside) == project


def test_adam_projects_only_the_jobs_that_ask_for_it():
    jobs = in_jaxtex(*3 * [small()])
    image = batch(*3 * [bars(24, 32, 5)])
    state = optimise.start("adam", image, jnp.full(3, 20.0), jnp.array([True, False, True]))
    state, _ = run(jobs, state, 3)
    outside = np.asarray(objective.outside_loss(state.point))
    assert outside[0] == outside[2] == 0 < outside[1]


# L-BFGS


def test_lbfgs_recorded_losses_never_rise(problem):
    _, history = run(problem, start("lbfgs", small().content), 60)
    total = history.total[:, 0]
    # Within rounding, which the line search takes for level.
    assert (np.diff(total) <= 2e-6 * total[:-1]).all()
    assert total[-1] < 0.2 * total[0]


def test_lbfgs_reaches_what_scipys_reaches_with_as_many_evaluations(problem):
    evaluations = 60
    image = noise(5, 24, 32, 1)

    @jax.jit
    @jax.value_and_grad
    def evaluate(image):
        return objective.losses(*problem, image).total[0]

    def scipys(flat):
        value, gradient = evaluate(jnp.asarray(flat.reshape(1, 24, 32, 1), jnp.float32))
        return 1e3 * float(value), 1e3 * np.asarray(gradient, np.float64).ravel()

    found = optimize.minimize(
        scipys,
        image.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxfun": evaluations, "maxcor": 20, "ftol": 0, "gtol": 0, "maxiter": 1000},
    )
    assert found.nfev >= evaluations
    state, history = run(problem, start("lbfgs", image), evaluations)
    assert state.losses.total[0] <= 1.1 * found.fun / 1e3
    assert state.losses.total[0] < 0.1 * history.total[0, 0]


@pytest.mark.parametrize("inset", [0.0, 0.02])
def test_lbfgs_does_not_stall_on_a_saturated_logo(problem, inset):
    # Black and white: on the bounds of the box, flat, full of ties in the pools.
    logo = bars(24, 32, 5)
    job = in_jaxtex(
        small(content=logo, styles=[bars(28, 20, 3)], weights={"content": 0.01, "outside": 3.0})
    )
    image = 255 * inset + (1 - 2 * inset) * logo
    state, history = run(job, start("lbfgs", image), 50, 50)
    total = history.total[:, 0]
    assert total[99] < 0.75 * total[19] < 0.1 * total[0]
    assert total[99] < 0.985 * total[59]
    assert not state.failed.any()


def test_lbfgs_state_is_the_trial_on_the_line_from_the_best_image(problem):
    state, _ = run(problem, start("lbfgs", small().content), 7)
    np.testing.assert_allclose(
        state.point,
        state.best + state.step[:, None, None, None] * state.direction,
        rtol=1e-5,
        atol=1e-3,
    )
    assert float(jnp.vdot(state.gradient, state.direction)) < 0
    assert float(state.slope[0]) == pytest.approx(
        float(jnp.vdot(state.gradient, state.direction)), rel=1e-4
    )


def test_lbfgs_first_step_changes_pixels_by_the_learning_rate_on_average(problem):
    image = small().content
    state, _ = run(problem, start("lbfgs", image, learning_rate=3.0), 1)
    assert np.abs(np.asarray(state.point)[0] - image).mean() == pytest.approx(3.0, rel=1e-3)


lbfgs_update = jax.jit(lbfgs.lbfgs_update)


def quadratic(scales):
    """A stand-in objective with the minimum 0 at 0, without VGG, and its evaluation."""
    scales = jnp.asarray(scales, jnp.float32)

    def evaluate(image):
        def total(image):
            return jnp.sum(scales * jnp.square(image), (1, 2, 3)) / 2

        value = total(image)
        zeros = jnp.zeros_like(value)
        terms = [zeros] * (len(objective.Losses._fields) - 1)
        return objective.Losses(value, *terms), jax.grad(lambda x: jnp.sum(total(x)))(image)

    return evaluate


def steps(evaluate, state, count):
    evaluate = jax.jit(evaluate)
    totals = []
    for _ in range(count):
        state = lbfgs_update(state, *evaluate(state.point))
        totals.append(np.asarray(state.losses.total))
    return state, np.array(totals)


def test_lbfgs_solves_a_badly_scaled_quadratic():
    scales = np.logspace(0, 3, 12).reshape(1, 3, 4, 1)
    state, totals = steps(quadratic(scales), start("lbfgs", np.full((3, 4, 1), 50.0)), 60)
    assert totals[-1, 0] < 1e-6 * totals[0, 0]
    assert np.abs(np.asarray(state.best)).max() < 0.1


def test_lbfgs_line_search_brackets_from_a_far_too_long_first_step():
    image = np.full((3, 4, 1), 50.0)
    state = start("lbfgs", image, learning_rate=1e4)
    state, totals = steps(quadratic(np.ones((1, 3, 4, 1))), state, 10)
    # Halved from 1e4 to below 100 in seven trials; until then the start stays the best.
    assert (totals[:7] == totals[0]).all()
    assert totals[-1, 0] < totals[0, 0]


def test_lbfgs_line_search_lengthens_a_far_too_short_first_step():
    image = np.full((3, 4, 1), 50.0)
    state = start("lbfgs", image, learning_rate=0.2)
    _, totals = steps(quadratic(np.ones((1, 3, 4, 1))), state, 20)
    assert totals[-1, 0] < 1e-4 * totals[0, 0]


def test_lbfgs_search_gives_up_after_its_trials_and_starts_again_shorter():
    def cliff(image):
        # Every move but the tiniest makes the loss larger, whatever the gradient says.
        value = 1.0 + jnp.sum(jnp.abs(image - 50.0), (1, 2, 3))
        terms = [jnp.zeros_like(value)] * (len(objective.Losses._fields) - 1)
        return objective.Losses(value, *terms), jnp.ones_like(image)

    state = start("lbfgs", np.full((3, 4, 1), 50.0))
    state, totals = steps(cliff, state, 1 + lbfgs._MAX_TRIALS)
    assert (totals == 1).all()
    assert state.learning_rate[0] == pytest.approx(0.1)
    assert np.abs(np.asarray(state.point - 50)).mean() == pytest.approx(0.1, rel=1e-3)
    np.testing.assert_array_equal(state.best, 50)


# Both


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_batch_of_three_jobs_equals_three_single_runs(problem, optimizer):
    jobs = [
        small(),
        small(1, layers={"conv1_1": 0.2, "conv2_1": 3.0}),
        small(2, weights={"content": 0.5, "tv": 1e-5}),
    ]
    rates = [1.0, 4.0, 0.3]
    images = [job.content + noise(7, 24, 32, 1) / 10 for job in jobs]
    state = optimise.start(optimizer, batch(*images), jnp.array(rates), jnp.zeros(3, bool))
    state, history = run(in_jaxtex(*jobs), state, 12)
    for i, (job, image, rate) in enumerate(zip(jobs, images, rates, strict=True)):
        single = start(optimizer, image, learning_rate=rate)
        single, expected = run(in_jaxtex(job), single, 12)
        np.testing.assert_allclose(history.total[:, i], expected.total[:, 0], rtol=2e-3)
        error = np.abs(np.asarray(state.best[i] - single.best[0])).mean()
        assert error < 0.02 * np.abs(np.asarray(single.best[0]) - image).mean()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_partition_into_chunks_does_not_change_a_bit(problem, optimizer):
    image = small().content + 1.0
    once, history = run(problem, start(optimizer, image), 10)
    parts, history_of_parts = run(problem, start(optimizer, image), 3, 5, 2)
    jax.tree.map(np.testing.assert_array_equal, parts, once)
    jax.tree.map(np.testing.assert_array_equal, history_of_parts, history)
    # Else a chunk that makes no steps would pass.
    assert len(np.unique(history.total)) > 5


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_empty_chunk_changes_nothing(problem, optimizer):
    state, _ = run(problem, start(optimizer, small().content), 2)
    before = as_numpy(state)
    after, _ = run(problem, state, 0)
    jax.tree.map(np.testing.assert_array_equal, as_numpy(after), before)


def types(state):
    return [(leaf.shape, leaf.dtype, leaf.weak_type) for leaf in jax.tree.leaves(state)]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_chunk_returns_the_types_it_was_given(problem, optimizer):
    # Else the second chunk of every run would compile again.
    state = start(optimizer, small().content)
    before = types(state)
    state, _ = run(problem, state, 1)
    assert types(state) == before


def test_counts_rates_and_coefficients_compile_nothing(problem):
    program, kernels, targets, coefficients = problem
    run(problem, start("adam", small().content), 1)
    chunk = optimise.compiled_chunk(program)
    compiled = chunk._cache_size()
    changed = coefficients._replace(tv=jnp.ones(1), content=jnp.zeros(1))
    run((program, kernels, targets, changed), start("adam", bars(24, 32, 4)), 2, 3)
    run(problem, start("adam", small().content, learning_rate=5.0, project=True), 1)
    assert chunk._cache_size() == compiled


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_history_holds_the_losses_of_the_best_image(problem, optimizer):
    state, history = run(problem, start(optimizer, small().content + 2.0), 9)
    found = jax.jit(objective.losses, static_argnums=0)(*problem, state.best)
    for name in objective.Losses._fields:
        assert getattr(history, name)[-1, 0] == getattr(state.losses, name)[0]
        assert getattr(state.losses, name)[0] == pytest.approx(
            float(getattr(found, name)[0]), rel=1e-3, abs=1e-6
        )


@pytest.fixture(scope="module")
def trio():
    return in_jaxtex(small(), small(1), small(2))


def trio_images():
    return [small(seed).content + 3.0 for seed in range(3)]


def poisoned(problem, value: float):
    """The same problem with a content coefficient that makes the first job's loss not finite."""
    program, kernels, targets, coefficients = problem
    content = coefficients.content.at[0].set(value)
    return program, kernels, targets, coefficients._replace(content=content)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_job_that_stops_being_finite_keeps_its_last_good_image(trio, optimizer, value):
    images = trio_images()
    healthy, history = run(trio, start(optimizer, *images), 4)
    good = as_numpy(healthy)
    state, late = run(poisoned(trio, value), healthy, 30)
    np.testing.assert_array_equal(state.best[0], good.best[0])
    np.testing.assert_array_equal(late.total[:, 0], history.total[-1, 0])
    assert np.isfinite(good.best).all()
    assert state.failed.tolist() == [True, False, False]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_failed_job_does_not_touch_the_others(trio, optimizer):
    images = trio_images()
    expected, expected_history = run(trio, start(optimizer, *images), 4, 12)
    state, first = run(trio, start(optimizer, *images), 4)
    state, rest = run(poisoned(trio, np.nan), state, 12)
    np.testing.assert_array_equal(state.best[1:], expected.best[1:])
    np.testing.assert_array_equal(
        np.concatenate([first.total, rest.total])[:, 1:], expected_history.total[:, 1:]
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("damage", ["image", "coefficient"])
def test_a_job_that_starts_not_finite_fails_alone(trio, optimizer, damage):
    first, *others = trio_images()
    expected, _ = run(trio, start(optimizer, first, *others), 12)
    problem = poisoned(trio, np.nan) if damage == "coefficient" else trio
    if damage == "image":
        first = first.copy()
        first[5, 6] = np.nan
    state, history = run(problem, start(optimizer, first, *others), 12)
    assert state.failed.tolist() == [True, False, False]
    np.testing.assert_array_equal(state.best[0], batch(first)[0])
    np.testing.assert_array_equal(state.best[1:], expected.best[1:])
    assert np.isinf(history.total[:, 0]).all()


def test_lbfgs_takes_a_shorter_step_where_the_loss_overflows():
    def walled(image):
        found, gradient = quadratic(np.ones((1, 3, 4, 1)))(image)
        beyond = jnp.any(image < -100, (1, 2, 3))
        return found._replace(total=jnp.where(beyond, jnp.inf, found.total)), gradient

    state = start("lbfgs", np.full((3, 4, 1), 50.0), learning_rate=300.0)
    state, totals = steps(walled, state, 8)
    assert totals[-1, 0] < 1e-3 * totals[0, 0]
    assert np.isfinite(totals).all()
    assert not state.failed.any()
