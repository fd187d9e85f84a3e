"""A search as all tabs see it, with a device whose moment of answering the test chooses."""

import asyncio

import pytest
from made_searches import begin, step

from jaxtex.errors import SettingsError
from jaxtex.texture.search import open_session
from jaxtex.ui.device import queue
from jaxtex.ui.house import House
from jaxtex.ui.textures.desk import Desk


class Device(queue.Device):
    """Makes moves as the worker does, one after the other, each when it is let."""

    def __init__(self):
        self.asked, self.gate, self.grouped = [], asyncio.Event(), asyncio.Event()
        self.gate.set()

    async def ask(self, task, arguments, *, heard=None):
        if task == "texture-reach":
            return [0.2, 0.5, 0.9]
        move = arguments["move"]
        self.asked.append((move, arguments.get("labels")))
        await self.gate.wait()
        found = open_session(arguments["folder"])
        if move == "pick":
            labels = arguments["labels"]
            found = found.pick(labels) if labels else found.clear()
        elif move == "step":
            found = step(found)
        elif move == "back":
            found = found.back(arguments["iteration"])
        return {"iteration": found.state.iteration}


class SlowSheets(Device):
    """Tells that a round can be read, and is at work until `sheets` is set."""

    def __init__(self):
        super().__init__()
        self.sheets = asyncio.Event()

    async def ask(self, task, arguments, *, heard=None):
        if task == "texture-move" and arguments["move"] == "step":
            self.asked.append(("step", None))
            before = open_session(arguments["folder"])
            heard({"grouped": before.state.iteration + 1})
            await self.sheets.wait()
            step(before)
            return {}
        return await super().ask(task, arguments, heard=heard)


@pytest.fixture
def play(tmp_path, monkeypatch):
    """Runs a test's steps with a desk, and then all that it has begun."""

    def play(steps, device=Device):
        async def run():
            tasks = []
            monkeypatch.setattr(
                Desk, "_start", lambda desk, work: tasks.append(asyncio.ensure_future(work))
            )
            house = House(tmp_path, device())
            begin(house.searches.folder / "made")
            desk = Desk(house, house.searches.find("made"))
            await steps(desk, house.device)
            while pending := [task for task in tasks if not task.done()]:
                await asyncio.gather(*pending)
            return desk, house.device

        return asyncio.run(run())

    return play


def test_a_pick_is_seen_at_once_and_quick_ones_are_written_together(play):
    async def steps(desk, device):
        device.gate.clear()
        desk.toggle("0a1")
        assert desk.picks() == ("0a1",)
        await asyncio.sleep(0)
        for label in ("0b1", "0c1", "0a1"):
            desk.toggle(label)
        assert desk.picks() == ("0b1", "0c1")
        assert desk.all_picks() == ["0b1", "0c1"]
        device.gate.set()

    desk, device = play(steps)
    assert device.asked == [("pick", ["0a1"]), ("pick", ["0b1", "0c1"])]
    assert desk.session().state.picks == ("0b1", "0c1")
    assert desk.reach == (0.2, 0.5, 0.9)


def test_a_step_waits_for_picks_that_are_on_their_way(play):
    async def steps(desk, device):
        desk.toggle("0b1")
        desk.start("step")

    desk, device = play(steps)
    assert device.asked == [("pick", ["0b1"]), ("step", None)]
    assert desk.session().history[-2].picks == ("0b1",)


def test_of_two_moves_at_once_one_is_made(play):
    async def steps(desk, device):
        desk.start("step")
        desk.start("step")
        assert desk.busy
        desk.toggle("0a1")

    desk, device = play(steps)
    assert device.asked == [("step", None)]
    assert not desk.busy
    assert (desk.now(), desk.picks()) == (1, ())


def test_a_round_that_is_seen_can_be_picked_from_and_left_before_its_sheets_are_there(play):
    async def steps(desk, device):
        desk.start("step")
        while desk.busy:
            await asyncio.sleep(0)
        assert (desk.now(), desk.session().state.iteration) == (1, 0)
        desk.toggle("1a1")
        assert desk.picks() == ("1a1",)
        desk.start("back", iteration=0)
        assert desk.busy
        assert len(device.asked) == 1
        device.sheets.set()

    desk, device = play(steps, SlowSheets)
    assert device.asked == [("step", None), ("pick", ["1a1"]), ("back", None)]
    assert [state.action for state in desk.session().history] == ["new", "step", "pick", "back"]


def test_a_refused_move_is_said_without_the_servers_folder(play):
    class Refusing(Device):
        async def ask(self, task, arguments, *, heard=None):
            raise SettingsError(f"{arguments['folder']}: belongs to another model")

    async def steps(desk, device):
        desk.start("step")

    desk, _ = play(steps, Refusing)
    assert desk.said == "made: belongs to another model"
    assert (desk.busy, desk.moving, desk.now()) == (False, None, 0)


def test_what_a_command_does_is_seen(play):
    async def steps(desk, device):
        desk.session()
        before = desk.house.board.number(desk.topic)
        desk.check()
        assert desk.house.board.number(desk.topic) == before
        open_session(desk.search.folder).pick(["0b1"])
        desk.check()
        assert desk.house.board.number(desk.topic) != before
        assert desk.picks() == ("0b1",)

    play(steps)


def test_a_search_is_renamed_when_its_picks_are_written(play):
    async def steps(desk, device):
        device.gate.clear()
        desk.toggle("0a1")
        await asyncio.sleep(0)
        ending = asyncio.ensure_future(desk.end("other"))
        await asyncio.sleep(0)
        assert desk.gone is None
        device.gate.set()
        await ending
        desk.toggle("0b1")
        desk.start("step", options={})

    desk, device = play(steps)
    assert desk.gone == "/textures/other"
    assert device.asked == [("pick", ["0a1"])]
    assert not desk.search.folder.exists()
    assert open_session(desk.search.folder.with_name("other")).state.picks == ("0a1",)


def test_a_removed_search_takes_no_move(play):
    async def steps(desk, device):
        await desk.end(None)
        desk.start("none", options={})

    desk, device = play(steps)
    assert (desk.gone, device.asked) == ("/textures", [])
    assert not desk.search.folder.exists()
