"""The folder of a search, on textures that a formula draws."""

import json
import os

import numpy as np
import pytest

from jaxtex import images
from jaxtex.errors import CheckpointError, OutputError, RunError, SettingsError
from jaxtex.texture import search, sphere
from jaxtex.texture.search import rounds, session

N = 100
MODEL = session.ModelId("ab" * 32, N, None)


def waves(latents):
    """Stripes whose direction, width and colour are the latent's first coordinates."""
    y, x = np.mgrid[0:24, 0:24] / 24
    a, b, c, d = np.asarray(latents)[:, :4, None, None].swapaxes(0, 1)
    wave = np.sin(8 * a * x + 8 * b * y + 4 * c)
    red, blue = 0.5 + 0.4 * wave, 0.5 + 0.4 * np.tanh(d) * wave
    return np.stack([red, (red + blue) / 2, blue], -1).astype(np.float32)


def begin(folder, seed=1):
    history = search.new(N, seed=seed)
    return session.create(folder, MODEL, history, waves, count=20, clusters=4)


def step(searching):
    points = searching.points(searching.state.picks)
    return searching.go_on(search.step(searching.history, points), waves)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_new_search_has_a_sheet_and_one_for_each_cluster(tmp_path):
    begun = begin(tmp_path / "s")
    names = [path.name for path in begun.sheets()]
    assert names == ["round-00.png", *(f"round-00-{letter}.png" for letter in "abcd")]
    assert set(content(tmp_path / "s")) == {*names, "round-00.npz", "session.json"}


def test_a_search_is_read_back_as_it_was(tmp_path):
    done = step(begin(tmp_path).pick(["0b1", "0a2"])).pick(["1c1"])
    again = session.open_session(tmp_path)
    assert (again.model, again.count, again.clusters) == (MODEL, 20, 4)
    assert [state.action for state in again.history] == ["new", "pick", "step", "pick"]
    for one, other in zip(done.history, again.history, strict=True):
        assert rounds_state(one) == rounds_state(other)
    assert again.picks() == ["0b1", "0a2", "1c1"]


def rounds_state(state):
    return {**vars(state), "center": state.center.tobytes(), "direction": state.direction.tobytes()}


def test_a_step_goes_the_way_of_the_picks(tmp_path):
    begun = begin(tmp_path).pick(["0b1"])
    (point,) = begun.points(["0b1"])
    state = step(begun).state
    np.testing.assert_allclose(state.direction, point / np.linalg.norm(point), atol=1e-6)


def test_picks_are_edged_in_orange_and_representatives_in_blue(tmp_path):
    begun = begin(tmp_path)

    def colours():
        pixels = np.rint(images.load_image(begun.sheets()[0]).rgb * 255).astype(int)
        return {"#{:02x}{:02x}{:02x}".format(*pixel) for pixel in pixels.reshape(-1, 3)}

    assert rounds.REPRESENTATIVE in colours()
    assert rounds.PICKED not in colours()
    begun.pick(["0a1", "0b1", "0c1", "0d1"])
    assert rounds.PICKED in colours()
    assert rounds.REPRESENTATIVE not in colours()


def test_undo_restores_every_byte(tmp_path):
    begun = begin(tmp_path)
    first = content(tmp_path)
    picked = begun.pick(["0a1"])
    second = content(tmp_path)
    stepped = step(picked)
    assert stepped.undo().state.picks == ("0a1",)
    assert content(tmp_path) == second
    session.open_session(tmp_path).undo()
    assert content(tmp_path) == first


def test_a_replay_reproduces_every_file_to_the_byte(tmp_path):
    done = step(begin(tmp_path / "s").pick(["0b1", "0far"]))
    done = done.go_on(search.none_of_these(done.history), waves).pick(["2a1"])
    assert done.replay(tmp_path / "again", waves) == []
    assert content(tmp_path / "again") == content(tmp_path / "s")


def test_a_search_that_went_back_keeps_all_rounds_and_is_replayed(tmp_path):
    done = step(begin(tmp_path / "s").pick(["0b1"]))
    line = content(tmp_path / "s")
    done = step(done.back(0).clear().pick(["0c1"])).pick(["2a1", "1a1"])
    assert session.open_session(tmp_path / "s").picks() == ["0c1", "2a1", "1a1"]
    assert {name for name in content(tmp_path / "s") if name.endswith(".npz")} == {
        "round-00.npz", "round-01.npz", "round-02.npz",
    }  # fmt: skip
    assert done.replay(tmp_path / "again", waves) == []
    assert content(tmp_path / "again") == content(tmp_path / "s")
    for _ in range(5):
        done = done.undo()
    assert content(tmp_path / "s") == line


def test_labels_after_a_way_back_are_found(tmp_path):
    done = step(begin(tmp_path / "s").pick(["0b1"])).back(0)
    assert done.points(["1a1"]).shape == (1, N)
    (path,) = step(done).export(tmp_path / "out", ["2a1"])
    assert images.read_metadata(path)["label"] == "2a1"


def test_a_search_without_a_way_back_is_readable_by_those_that_know_none(tmp_path):
    done = step(begin(tmp_path).pick(["0b1"]))
    assert json.loads((tmp_path / "session.json").read_text())["format"] == 1
    done.back(0)
    assert json.loads((tmp_path / "session.json").read_text())["format"] == 2


def test_a_pick_writes_the_sheets_that_it_changes_and_what_a_broken_move_left(tmp_path):
    begun = begin(tmp_path)

    def written(change):
        before = {path: path.stat().st_ino for path in begun.sheets()}
        change()
        return [path.name for path, number in before.items() if path.stat().st_ino != number]

    whole, first, second, *_ = (path.name for path in begun.sheets())
    assert written(lambda: begun.pick(["0b1"])) == [whole, second]
    state = session.open_session(tmp_path)
    assert written(lambda: state.pick(["0b1", "0a1"])) == [whole, first]
    state = session.open_session(tmp_path)
    late = (tmp_path / "session.json").stat().st_mtime_ns + 10**9
    os.utime(tmp_path / second, ns=(late, late))
    assert len(written(lambda: state.clear())) == 5


def test_a_round_is_shown_while_it_comes_about(tmp_path):
    told = []
    begun = begin(tmp_path / "s")
    watch = search.Watch(
        drawn=lambda textures: told.append(len(textures)),
        grouped=lambda state: told.append(len(begun.round(state.iteration).labels)),
    )
    begun.go_on(search.none_of_these(begun.history), waves, watch)
    assert told == [19, 20]


def test_a_replay_tells_what_is_not_the_same(tmp_path):
    done = begin(tmp_path / "s")
    sheet = done.sheets()[0]
    sheet.write_bytes(sheet.read_bytes() + b"x")
    assert done.replay(tmp_path / "again", waves) == ["round-00.png"]
    with pytest.raises(OutputError, match="holds files already"):
        done.replay(tmp_path / "s", waves)


def test_labels_of_all_rounds_are_found_and_others_refused(tmp_path):
    done = step(begin(tmp_path).pick(["0b1"]))
    points = done.points(["0b1", "1far"])
    np.testing.assert_array_equal(
        points[0], done.round(0).points[done.round(0).labels.index("0b1")]
    )
    np.testing.assert_array_equal(points[1], done.round(1).points[-1])
    for label in ("0z1", "2a1", "b1", "a", ""):
        with pytest.raises(
            SettingsError, match=r"has no texture .*; the last round has 1a1 to 1far"
        ):
            done.pick(["1a1", label])


def test_an_exported_texture_carries_all_it_takes_to_draw_it_again(tmp_path):
    done = begin(tmp_path / "s", seed=7).pick(["0b1"])
    (path,) = done.export(tmp_path / "out", done.picks())
    metadata = images.read_metadata(path)
    assert (metadata["seed"], metadata["model"], metadata["label"]) == (7, MODEL.digest, "0b1")
    latent = np.float32(metadata["latent"])
    np.testing.assert_array_equal(latent, done.points(["0b1"])[0])
    drawn = np.rint(waves(latent[None])[0] * 255)
    np.testing.assert_array_equal(np.rint(images.load_image(path).rgb * 255), drawn)


def test_an_export_overwrites_only_when_told(tmp_path):
    done = begin(tmp_path / "s")
    done.export(tmp_path / "out", ["0a1"])
    with pytest.raises(OutputError, match=r"0a1\.png: exists already"):
        done.export(tmp_path / "out", ["0a2", "0a1"])
    assert set(content(tmp_path / "out")) == {"0a1.png"}
    done.export(tmp_path / "out", ["0a1"], overwrite=True)
    with pytest.raises(SettingsError, match="export: nothing is picked"):
        done.export(tmp_path / "none", done.picks())
    assert not (tmp_path / "none").exists()


def test_a_search_in_the_folder_is_replaced_only_when_told(tmp_path):
    step(begin(tmp_path, seed=1))
    with pytest.raises(OutputError, match="holds a search already"):
        session.check_new(tmp_path, overwrite=False)
    begin(tmp_path, seed=2)
    assert not list(tmp_path.glob("round-01*"))
    assert session.open_session(tmp_path).state.seed == 2


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(OutputError, match="holds files already"):
        session.check_new(tmp_path, overwrite=True)


def test_another_model_is_refused(tmp_path):
    begun = begin(tmp_path)
    begun.check_digest(MODEL.digest)
    with pytest.raises(SettingsError, match="belongs to the model abababababab…; this one is cdcd"):
        begun.check_digest("cd" * 32)


def test_a_command_that_is_killed_leaves_the_search_where_it_was(tmp_path, monkeypatch):
    picked = begin(tmp_path).pick(["0a1"])
    before = content(tmp_path)

    def full(handle):
        if os.fstat(handle).st_size > 20_000:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="No space left"):
        step(picked)
    assert {name: data for name, data in content(tmp_path).items() if name in before} == before
    assert session.open_session(tmp_path).state.picks == ("0a1",)


def broken(change):
    def apply(folder):
        path = folder / "session.json"
        found = json.loads(path.read_text())
        change(found)
        path.write_text(json.dumps(found))

    return apply


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda s: (s / "session.json").unlink(), "holds no search; begin one"),
        (lambda s: (s / "session.json").write_text("{"), r"session\.json: is damaged"),
        (lambda s: (s / "session.json").write_text("[]"), r"session\.json: is damaged"),
        (broken(lambda c: c.update(format=9)), "is of format 9; this version reads 1 and 2"),
        (broken(lambda c: c.update(history=[])), "is damaged .*no beginning"),
        (broken(lambda c: c["history"][0].update(radius=-1)), "is damaged .*radius: -1"),
        (broken(lambda c: c["history"][0].update(center=[0])), "is damaged .*model's size"),
        (broken(lambda c: c["history"][0].pop("seed")), "is damaged .*seed"),
        (broken(lambda c: c["model"].update(digest=3)), "is damaged"),
        (broken(lambda c: c.update(clusters=99)), "is damaged .*clusters: 99"),
    ],
)
def test_a_damaged_session_is_refused(tmp_path, damage, message):
    begin(tmp_path)
    damage(tmp_path)
    with pytest.raises(CheckpointError, match=message):
        session.open_session(tmp_path)


def points_of(folder, points):
    with np.load(folder / "round-00.npz") as file:
        arrays = dict(file)
    np.savez(folder / "round-00.npz", **{**arrays, "points": points})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda s: (s / "round-00.npz").unlink(), r"round-00\.npz: cannot be read"),
        (lambda s: (s / "round-00.npz").write_bytes(b"PK\3\4"), r"round-00\.npz: cannot be read"),
        (lambda s: points_of(s, np.ones((20, 5))), r"has the shape \[20, 5\]"),
        (lambda s: points_of(s, np.ones((3, N))), r"round-00\.npz: cannot be read"),
        (lambda s: points_of(s, np.full((20, N), 9.0)), "off the prior's shell"),
    ],
)
def test_a_damaged_round_is_refused(tmp_path, damage, message):
    begun = begin(tmp_path)
    damage(tmp_path)
    with pytest.raises(CheckpointError, match=message):
        begun.pick(["0a1"])


def test_the_centre_and_the_radius_of_each_round_are_kept(tmp_path):
    begun = begin(tmp_path).pick(["0a1"])
    picked = begun.points(["0a1"])
    history = search.step(begun.history, picked, move_center=True, kappa=0.0)
    moved = begun.go_on(history, waves)
    np.testing.assert_array_equal(moved.state.center, picked[0])
    distance = np.linalg.norm(moved.round().points - picked[0], axis=1)
    np.testing.assert_allclose(distance, sphere.default_radius(N) / 2, rtol=1e-5)
    assert session.open_session(tmp_path).state.radius == pytest.approx(3.9)
