"""The examples of `--demo`: in the gallery once, and asked for as small runs."""

import asyncio

from jaxtex.ui import demo
from jaxtex.ui.device.queue import Device, Job
from jaxtex.ui.device.tasks import Rank
from jaxtex.ui.house import House


class NoDevice(Device):
    """One that looks at nothing and never comes to a run."""

    def __init__(self):
        self.submitted = []

    async def ask(self, task, arguments, **more):
        assert task == "look"
        return {"role": arguments["role"]}

    def submit(self, task, arguments, **more):
        self.submitted.append(task)
        answer = asyncio.get_running_loop().create_future()
        return Job("1", task, arguments, Rank.RUN, "", answer, print)


def fill(folder):
    """What a server does that starts with `--demo` in this folder."""

    async def main():
        house = House(folder, NoDevice())
        await demo._fill(house)
        return house

    return asyncio.run(main())


def test_the_gallery_is_filled_once(tmp_path):
    first = fill(tmp_path)
    kept = [run.request for run in first.runs.all()]
    assert len(kept) == 6
    assert first.device.submitted == ["stylise"] * 6
    assert all(asked["options"]["size"] <= 320 for asked in kept)
    again = fill(tmp_path)
    assert not again.device.submitted
    assert [run.request for run in again.runs.all()] == kept
