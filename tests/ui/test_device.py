"""The queue before the device and the turns behind it, with work that takes no time."""

import asyncio
import io
import json
import sys
import threading
from pathlib import Path

import pytest

from jaxtex.errors import JaxtexError, RunError, Stopped
from jaxtex.ui.device import queue as queues
from jaxtex.ui.device import worker as workers
from jaxtex.ui.device.pipe import Writer, messages
from jaxtex.ui.device.queue import Device
from jaxtex.ui.device.tasks import TASKS, Rank, find_task

# A worker that does what it is told, by name, and is done when it is told so.
PROGRAM = """
import sys, time
sys.path.insert(0, {root!r})
from jaxtex.ui.device.pipe import Writer, messages
writer = Writer(sys.stdout.buffer)
for message in messages(sys.stdin.buffer):
    if "stop" in message:
        writer.send({{"id": message["stop"], "failed": "", "kind": "stopped"}})
        continue
    what, id = message["task"], message["do"]
    if what == "die":
        break
    if what == "refuse":
        writer.send({{"id": id, "failed": "size: no", "kind": "refused"}})
    elif what != "wait":
        writer.send({{"id": id, "event": {{"half": True}}}})
        writer.send({{"id": id, "done": message["arguments"]}})
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Has devices start that program in the place of the worker."""
    path = tmp_path / "worker.py"
    root = Path(queues.__file__).parents[3]
    path.write_text(PROGRAM.format(root=str(root)))
    monkeypatch.setattr(queues, "COMMAND", [sys.executable, str(path)])


def with_device(work):
    """Runs `work(device)` in a loop, and closes the device."""

    async def main():
        device = Device()
        try:
            return await asyncio.wait_for(work(device), 60)
        finally:
            await device.close()

    return asyncio.run(main())


def test_an_answer_and_what_was_told_on_the_way(program):
    heard = []

    async def work(device):
        return await device.ask("echo", {"a": 1}, heard=heard.append)

    assert with_device(work) == {"a": 1}
    assert heard == [{"working": True}, {"half": True}]


def test_a_refusal_is_the_command_lines_error(program):
    async def work(device):
        await device.ask("refuse", {})

    with pytest.raises(JaxtexError, match="size: no"):
        with_device(work)


def test_one_run_and_one_preview_at_a_time_and_clicks_at_once(program):
    async def work(device):
        runs = [device.submit("wait", {}, rank=Rank.RUN) for _ in range(3)]
        preview = device.submit("wait", {}, rank=Rank.PREVIEW)
        assert await device.ask("echo", {}) == {}
        assert [job.state for job in (*runs, preview)] == [
            "working", "waiting", "waiting", "working",
        ]  # fmt: skip
        assert [device.place(job) for job in runs] == [0, 1, 2]
        device.drop(runs[1])
        assert [device.place(runs[0]), device.place(runs[2])] == [0, 1]
        with pytest.raises(Stopped):
            await runs[1].answer
        device.drop(runs[0])
        with pytest.raises(Stopped):
            await runs[0].answer
        assert runs[2].state == "working"

    with_device(work)


def test_a_worker_that_ends_fails_its_work_alone_and_is_replaced(program):
    async def work(device):
        run = device.submit("wait", {}, rank=Rank.RUN)
        next_run = device.submit("echo", {"b": 2}, rank=Rank.RUN)
        with pytest.raises(RunError, match="ended by itself"):
            await device.ask("die", {})
        with pytest.raises(RunError, match="ended by itself"):
            await run.answer
        assert await next_run.answer == {"b": 2}

    with_device(work)


def work_through(orders, tasks, monkeypatch):
    """What a worker says to these orders, all there when it begins."""
    monkeypatch.setattr(workers, "find_task", lambda name: tasks[name])
    out = io.BytesIO()
    worker = workers.Worker(Writer(out))
    for order in orders:
        worker._arrived.put(order)
    worker.give_turns(-1)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def order(id, task, rank):
    return {"do": id, "task": task, "arguments": {}, "rank": int(rank)}


def test_work_of_a_higher_rank_goes_between(monkeypatch):
    done = []

    def long(arguments, turn):
        worker = turn._worker
        worker._arrived.put(order("2", "preview", Rank.PREVIEW))
        worker._arrived.put(order("3", "run", Rank.RUN))
        assert not turn.stopped()
        done.append("long")

    def preview(arguments, turn):
        turn._worker._arrived.put(order("4", "click", Rank.CLICK))
        assert not turn.stopped()
        done.append("preview")

    tasks = {
        "long": long,
        "preview": preview,
        "run": lambda arguments, turn: done.append("run"),
        "click": lambda arguments, turn: done.append("click"),
    }
    said = work_through([order("1", "long", Rank.RUN)], tasks, monkeypatch)
    assert done == ["click", "preview", "long", "run"]
    assert [each["id"] for each in said] == ["4", "2", "1", "3"]


def test_work_that_was_dropped_before_its_turn_is_not_begun(monkeypatch):
    def long(arguments, turn):
        turn._worker._stopped.add("2")

    tasks = {"long": long, "never": lambda arguments, turn: pytest.fail("begun")}
    orders = [order("1", "long", Rank.RUN), order("2", "never", Rank.RUN)]
    said = work_through(orders, tasks, monkeypatch)
    assert said[1] == {"id": "2", "failed": "", "kind": "stopped"}


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (JaxtexError("size: no"), "refused", "size: no"),
        (RunError("the disk is full"), "failed", "the disk is full"),
        (MemoryError(), "failed", "MemoryError"),
        (KeyError("x"), "failed", "KeyError: 'x'"),
    ],
)
def test_an_error_ends_its_task_alone(monkeypatch, capsys, error, kind, words):
    def fail(arguments, turn):
        raise error

    tasks = {"fail": fail, "echo": lambda arguments, turn: 5}
    orders = [order("1", "fail", Rank.CLICK), order("2", "echo", Rank.CLICK)]
    said = work_through(orders, tasks, monkeypatch)
    assert said == [{"id": "1", "failed": words, "kind": kind}, {"id": "2", "done": 5}]


def test_messages_end_where_the_other_side_was_cut_short():
    assert list(messages(io.BytesIO(b'{"a": 1}\n{"b":'))) == [{"a": 1}]


def test_threads_do_not_mix_their_messages():
    out = io.BytesIO()
    writer = Writer(out)
    threads = [
        threading.Thread(target=lambda name=name: [writer.send({"n": name}) for _ in range(200)])
        for name in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([json.loads(line) for line in out.getvalue().splitlines()]) == 800


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_there(name):
    assert callable(find_task(name))


def test_what_is_no_task_is_not_imported():
    with pytest.raises(KeyError):
        find_task("os:system")
