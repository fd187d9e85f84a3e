import json
import resource
import shutil
from contextlib import contextmanager
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtex.errors import CheckpointError, OutputError, RunError
from jaxtex.style.checkpoint import CheckpointStore, Position

IDENTITY = {"steps": 9, "layers": {"conv1_1": 1.0}, "images": "abc", "weights": None}


class State(NamedTuple):
    image: jax.Array
    memory: dict[str, jax.Array]


def state_of(seed: int) -> State:
    values = np.random.default_rng(seed).normal(size=(2, 3, 4)).astype(np.float32)
    return State(
        jnp.asarray(values), {"count": jnp.int32(seed), "failed": jnp.array([True, False])}
    )


def abstract(phase: int) -> State:
    return jax.eval_shape(lambda: state_of(0))


def history(steps: int):
    return np.arange(steps * 8, dtype=np.float32).reshape(steps, 8, 1), np.linspace(0, 3, steps)


def store(folder, *, resume: bool = True, **options) -> CheckpointStore:
    return CheckpointStore(folder, {**IDENTITY, **options}, resume=resume)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint") / "run"
    opened = store(folder, resume=False)
    for steps in (2, 3, 5):
        opened.save(state_of(steps), Position(1, steps - 1), *history(steps))
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A checkpoint to do harm to."""
    return shutil.copytree(saved, tmp_path / "run")


@contextmanager
def small_files(most: int):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_newest_checkpoint_comes_back_to_the_bit(saved):
    found = store(saved).load(abstract)
    assert found.position == (1, 4)
    assert isinstance(found.state, State)
    jax.tree.map(np.testing.assert_array_equal, found.state, state_of(5))
    np.testing.assert_array_equal(found.rows, history(5)[0])
    np.testing.assert_array_equal(found.seconds, history(5)[1])


def test_two_checkpoints_are_kept(saved):
    assert sorted(path.name for path in saved.iterdir()) == ["3", "5"]


@pytest.mark.parametrize("resume", [True, False])
def test_an_empty_folder_starts_anew(tmp_path, resume):
    assert store(tmp_path / "new", resume=resume).load(abstract) is None


def test_a_step_is_saved_once(folder):
    opened = store(folder)
    opened.save(state_of(9), Position(1, 4), *history(5))
    jax.tree.map(np.testing.assert_array_equal, opened.load(abstract).state, state_of(5))


def test_a_checkpoint_is_refused_without_resume(saved):
    with pytest.raises(CheckpointError, match="holds a checkpoint; give --resume"):
        store(saved, resume=False)


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 10},
        {"layers": {"conv1_1": 2.0}},
        {"images": "abd"},
        {"weights": "def"},
        {"another": 1},
    ],
)
def test_a_checkpoint_of_another_job_is_refused_with_what_differs(saved, change):
    (name,) = change
    with pytest.raises(CheckpointError, match="another job, which differs in") as caught:
        store(saved, **change)
    said = str(caught.value).partition("differs in ")[2]
    assert said.startswith(f"{name} (")
    assert said.count(" there, ") == 1


def test_another_shape_is_refused(saved):
    def other(phase: int) -> State:
        return abstract(phase)._replace(image=jax.ShapeDtypeStruct((2, 3, 5), jnp.float32))

    with pytest.raises(CheckpointError, match="cannot be read"):
        store(saved).load(other)


def harm_by_removing(path):
    path.unlink()


def harm_by_cutting(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def harm_by_overwriting(path):
    path.write_bytes(b"\xff" * path.stat().st_size)


@pytest.mark.parametrize("harm", [harm_by_removing, harm_by_cutting, harm_by_overwriting],
                         ids=["missing", "cut", "overwritten"])  # fmt: skip
@pytest.mark.parametrize("part", ["meta", "state", "history"])
def test_damage_is_said_in_one_sentence(folder, harm, part):
    for path in (folder / "5" / part).rglob("*"):
        if path.is_file():
            harm(path)
    with pytest.raises(CheckpointError, match="cannot be read") as caught:
        store(folder).load(abstract)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("part", ["meta", "state", "history"])
def test_a_missing_part_is_damage(folder, part):
    shutil.rmtree(folder / "5" / part)
    with pytest.raises(CheckpointError, match="cannot be read"):
        store(folder).load(abstract)


@pytest.mark.parametrize("meta", [{}, [], {"identity": 3, "phase": 0, "done": 1},
                                  {"identity": IDENTITY, "phase": "x", "done": 1}])  # fmt: skip
def test_a_description_without_its_fields_is_damage(folder, meta):
    (path,) = (path for path in (folder / "5" / "meta").rglob("*") if path.name == "metadata")
    path.write_text(json.dumps(meta))
    with pytest.raises(CheckpointError, match="cannot be read"):
        store(folder)


def test_what_a_killed_save_left_behind_is_ignored(folder):
    shutil.copytree(folder / "5" / "meta", folder / "7.orbax-checkpoint-tmp-123" / "meta")
    assert store(folder).load(abstract).position == (1, 4)


def test_other_files_in_the_folder_are_ignored(folder):
    (folder / "notes.txt").write_text("mine")
    (folder / "frames").mkdir()
    assert store(folder).load(abstract).position == (1, 4)


def test_a_file_is_not_a_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file is not a folder"):
        store(tmp_path / "file")
    with pytest.raises(OutputError, match="cannot be used"):
        store(tmp_path / "file" / "in")


def test_a_full_disk_is_said_and_leaves_the_last_checkpoint(folder):
    opened = store(folder)
    with small_files(100), pytest.raises(RunError, match="cannot be written"):
        opened.save(state_of(6), Position(1, 5), *history(6))
    assert store(folder).load(abstract).position == (1, 4)


def test_it_is_time_after_the_interval(tmp_path):
    assert CheckpointStore(tmp_path / "a", IDENTITY, resume=False, every_seconds=0.0).due()
    assert not CheckpointStore(tmp_path / "b", IDENTITY, resume=False, every_seconds=60.0).due()
