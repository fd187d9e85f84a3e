"""`jaxtex texture search`, move by move, on a model of random weights."""

import json
import signal
import time

import numpy as np
import pytest

from jaxtex.images import read_metadata, save_image

SMALL = ("--count", 20, "--clusters", 4)


@pytest.fixture
def search(call, tmp_path, texture_model):
    """Calls a move of the session in tmp_path/s, and gives its JSON object."""

    def search(move, *words, session=tmp_path / "s"):
        model = ("--model", texture_model) if move == "new" else ()
        answer = call("texture", "search", "--session", session, move, *model, *words, "--json")
        assert answer.code == 0, answer.err
        return json.loads(answer.out)

    return search


@pytest.fixture
def refuse(refuse, tmp_path):
    """Calls a move, which must refuse and touch no file."""

    def refuse_move(*words, parts, session=tmp_path / "s"):
        before = {path: path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*"))}
        refuse("texture", "search", "--session", session, *words, parts=parts)
        assert {path: path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*"))} == before

    return refuse_move


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_whole_search_from_new_to_export(search, tmp_path):
    begun = search("new", *SMALL, "--seed", 5)
    labels = [candidate["label"] for candidate in begun["candidates"]]
    assert len(labels) == 20
    assert labels[0] == "0a1"
    assert labels[-1] == "0far"
    assert sum(candidate["representative"] for candidate in begun["candidates"]) == 4
    assert begun["kappa"] == 0
    picked = search("pick", "0b1", "0c2")
    assert picked["picks"] == ["0b1", "0c2"]
    assert [c["label"] for c in picked["candidates"] if c["picked"]] == ["0b1", "0c2"]
    stepped = search("step")
    assert (stepped["iteration"], stepped["kappa"]) == (1, 100)
    assert stepped["likeness"] > begun["likeness"]
    search("pick", "1a1")
    written = search("export", "-o", tmp_path / "out")["outputs"]
    assert written == [str(tmp_path / "out" / f"{label}.png") for label in ("0b1", "0c2", "1a1")]
    metadata = read_metadata(written[2])
    assert (metadata["seed"], metadata["model"]) == (5, begun["model"])
    assert len(metadata["latent"]) == 100
    assert search("show")["picks"] == ["0b1", "0c2", "1a1"]


def test_a_replay_draws_every_file_again_to_the_byte(search, tmp_path):
    search("new", *SMALL)
    search("pick", "0b1")
    search("step", "--angle", 50)
    search("none")
    search("pick", "2far")
    said = search("replay", "-o", tmp_path / "again")
    assert said["same"]
    assert content(tmp_path / "again") == content(tmp_path / "s")


def test_undo_restores_the_folder_to_the_byte(search, tmp_path):
    search("new", *SMALL)
    search("pick", "0b1")
    before = content(tmp_path / "s")
    search("step")
    search("undo")
    assert content(tmp_path / "s") == before


def test_a_search_goes_back_and_on_another_way(search, tmp_path):
    search("new", *SMALL)
    search("pick", "0b1")
    search("step")
    assert search("back", 0)["iteration"] == 0
    assert search("pick", "--clear")["picks"] == []
    search("pick", "0c1")
    stepped = search("step")
    assert stepped["iteration"] == 2
    assert [origin["parent"] for origin in stepped["rounds"]] == [None, 0, 0]
    assert search("replay", "-o", tmp_path / "again")["same"]


def test_what_a_step_can_reach_are_the_bounds_of_similarity(search, tmp_path):
    from jaxtex.errors import SettingsError
    from jaxtex.jobs.requests.texture import search as requests

    search("new", *SMALL)
    search("pick", "0b1")
    none = dict.fromkeys(("model", "device", "center", "radius", "direction", "kappa", "angle"))
    options = {**none, "similarity": None, "closer": False, "move_center": False}
    least, usual, most = requests.reach(tmp_path / "s", options)
    assert least < usual < most
    with pytest.raises(SettingsError, match="cannot be had"):
        requests.step(tmp_path / "s", {**options, "similarity": least - 0.01})
    moved = requests.step(tmp_path / "s", {**options, "similarity": usual})
    assert moved.session.state.kappa == pytest.approx(100, rel=0.05)


def test_a_search_begins_in_the_direction_of_an_exported_texture(search, refuse, tmp_path):
    search("new", *SMALL)
    search("export", "0b1", "-o", tmp_path / "out")
    png = tmp_path / "out" / "0b1.png"
    latent = np.float32(read_metadata(png)["latent"])
    session = tmp_path / "t"
    search("new", *SMALL, "--direction", png, "--kappa", 100, session=session)
    state = json.loads((session / "session.json").read_text())["history"][0]
    np.testing.assert_allclose(state["direction"], latent / np.linalg.norm(latent), atol=1e-6)
    plain = tmp_path / "plain.png"
    save_image(plain, np.zeros((8, 8, 3), np.float32))
    refuse("new", "--direction", plain, parts=["plain.png", "without a latent"],
           session=tmp_path / "u")  # fmt: skip


def test_angle_and_similarity_set_kappa(search):
    from jaxtex.texture import vmf

    search("new", *SMALL)
    search("pick", "0b1")
    wide = search("step", "--angle", 60)
    assert vmf.mean_angle(wide["kappa"], 100) == pytest.approx(60, abs=0.1)
    search("pick", "1a1")
    near = search("step", "--similarity", 0.85)
    assert near["similarity"] == pytest.approx(0.85, abs=0.01)
    assert near["likeness"] > wide["likeness"]


def test_closer_halves_how_unlike_the_textures_are(search):
    begun = search("new", *SMALL)
    search("pick", "0b1")
    near = search("step", "--closer")
    assert 1 - near["similarity"] == pytest.approx((1 - begun["likeness"]) / 2, abs=0.01)


def test_none_of_these_widens_the_search(search):
    from jaxtex.texture import vmf

    search("new", *SMALL)
    search("pick", "0a1")
    before, after = search("step")["kappa"], search("none")["kappa"]
    cosines = np.asarray(vmf.mean_resultant_length(np.float32([before, after]), 100))
    assert cosines[1] == pytest.approx(cosines[0] / 2, rel=1e-3)


def test_the_centre_and_the_radius_can_be_changed(search):
    search("new", *SMALL, "--radius", 10.2)
    search("pick", "0a1")
    moved = search("step", "--move-center", "--kappa", 0)
    assert moved["center_norm"] == pytest.approx(10.2, rel=1e-5)
    assert moved["radius"] == pytest.approx(5.1)
    assert search("step", "--radius", 2, "--kappa", 0)["radius"] == 2


def test_without_json_the_sheet_is_named_and_show_lists_clusters(call, search, tmp_path):
    search("new", *SMALL)
    answer = call("texture", "search", "--session", tmp_path / "s", "pick", "0b1")
    assert (answer.code, answer.out) == (0, "")
    assert "s/round-00.png: round 0, radius 7.8, κ 0, picked 0b1" in answer.err
    for words in (("show",), ()):
        answer = call("texture", "search", "--session", tmp_path / "s", *words)
        assert answer.out.startswith("a: 0a1 0a2 ")
        assert "picks: 0b1\n" in answer.out


def test_bad_moves_are_refused_and_change_nothing(search, refuse, tmp_path, texture_model):
    search("new", *SMALL)
    refuse("pick", "0z9", parts=["'0z9'", "0a1 to 0far"])
    refuse("pick", parts=["pick: name one label"])
    refuse("undo", parts=["nothing to undo"])
    refuse("back", 0, parts=["stands at round 0 already"])
    refuse("back", 3, parts=["no round 3"])
    refuse("pick", "0a1", "--clear", parts=["labels or --clear"])
    refuse("export", "-o", tmp_path / "out", parts=["nothing is picked"])
    refuse("step", "--move-center", parts=["nothing is picked yet"])
    refuse("step", "--kappa", -3, parts=["--kappa: -3"])
    refuse("step", "--kappa", 3, "--similarity", 0.5, parts=["--kappa and --similarity"])
    refuse("step", "--closer", "--similarity", 0.5, parts=["--similarity and --closer"])
    refuse("step", "--radius", 40, parts=["round 1 of radius 40", "off the prior's shell"])
    refuse("new", "--model", texture_model, parts=["holds a search already", "--overwrite"])
    refuse("replay", "-o", tmp_path / "s", parts=["holds files already"])
    refuse("show", session=tmp_path / "elsewhere", parts=["elsewhere: holds no search"])


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--count", 1), ["count: 1"]),
        (("--count", 10, "--clusters", 10), ["clusters: 10 is not from 1 to 9"]),
        (("--seed", 2**32), ["--seed: 4294967296"]),
        (("--radius", -2), ["--radius: -2"]),
        (("--model", "missing.safetensors"), ["missing.safetensors"]),
    ],
)
def test_a_bad_beginning_leaves_no_folder(refuse, words, parts):
    refuse("new", *words, parts=parts)


def test_the_session_is_asked_for(call):
    answer = call("texture", "search", "show")
    assert answer.code == 2
    assert "--session: name the folder" in answer.err
    assert "Example:" in call("texture", "search", "step", "--help").out


def test_a_session_of_another_model_is_refused(search, refuse, tmp_path):
    from texture_models import lively_model

    search("new", *SMALL)
    other = lively_model(tmp_path / "other.safetensors", seed=9)
    refuse("step", "--model", other, parts=["s: belongs to the model", "--model"])


def test_a_session_of_a_shipped_model_goes_on_anywhere(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("texture", "search", "--session", "s")
    assert call(*words, "new", *SMALL, "--model", "washi").code == 0
    assert json.loads((tmp_path / "s" / "session.json").read_text())["model"]["path"] is None
    (tmp_path / "washi").mkdir()
    answer = call(*words, "none")
    assert answer.code == 0, answer.err


def test_damage_is_refused(search, refuse, tmp_path):
    search("new", *SMALL)
    (tmp_path / "s" / "round-00.npz").write_bytes(b"PK")
    refuse("pick", "0a1", parts=["round-00.npz: cannot be read"])
    (tmp_path / "s" / "session.json").write_text("{")
    refuse("step", parts=["session.json: is damaged"])


def test_a_move_that_is_killed_leaves_the_search_where_it_was(search, launch, tmp_path):
    search("new", *SMALL)
    search("pick", "0b1")
    before = content(tmp_path / "s")
    process = launch("texture", "search", "--session", tmp_path / "s", "step")
    deadline = time.monotonic() + 120
    while not (tmp_path / "s" / "round-01.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    now = content(tmp_path / "s")
    if now["session.json"] == before["session.json"]:
        assert {name: now[name] for name in before} == before
    assert search("step")["iteration"] in (1, 2)
