"""Work for a run: put into the queue, gone on with, stopped; and what is told of its end."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from jaxtex.errors import Stopped
from jaxtex.files import sha256
from jaxtex.ui.device.queue import Job
from jaxtex.ui.device.tasks import Rank
from jaxtex.ui.house import House
from jaxtex.ui.runs import asked
from jaxtex.ui.runs.run import DRAFT, FAILED, INTERRUPTED, STOPPED, WAITING, WORKING, Run

STYLISE, STRIP, PRESETS, SCORE = "stylise", "strip", "presets", "score"


def start(house: House, run: Run, *, resume: bool = False) -> None:
    """Puts a run at the end of the queue; with `resume` it goes on from its checkpoint.

    Raises:
      SettingsError: an option that is refused.
    """
    if (run.id, STYLISE) in house.jobs:
        return
    asked.check_options(run.request["options"])
    before = {key: value for key, value in run.status.items() if key != "said"}
    run.tell(**{**before, "state": WAITING})
    house.board.live[run.id].clear()
    job = _submit(house, run, STYLISE, Rank.RUN, {"resume": resume}, about=name_of(run))

    def ended(answer: "asyncio.Future[Any]") -> None:
        error = None if answer.cancelled() else answer.exception()
        status = run.status
        if isinstance(error, Stopped) and status["state"] == WAITING:
            # It was taken out of the queue: nothing has happened.
            state = before["state"] if before["state"] in (STOPPED, INTERRUPTED) else DRAFT
            run.tell(**{**before, "state": state})
        elif error is not None and status["state"] in (WAITING, WORKING):
            # The worker ended without a word.
            run.tell(**{**status, "state": FAILED, "said": run.plain(str(error))})
        elif error is None:
            score(house, run)
        house.board.changed(run.id, "runs")

    job.answer.add_done_callback(ended)
    house.board.changed(run.id, "runs")


def stop(house: House, run: Run) -> None:
    """Has a run end with what it has, or leave the queue."""
    job = house.jobs.get((run.id, STYLISE))
    if job is not None:
        house.device.drop(job)
        house.board.tell(run.id, stopping=True)


def preview(house: House, run: Run, task: str, options: Mapping[str, Any]) -> None:
    """Has the strip of strengths or that of presets made, unless it is there or being made."""
    key = preview_key(run, task, options)
    if key == made_of(run, task):
        return
    job = house.jobs.get((run.id, task))
    if job is not None:
        if job.arguments["key"] == key:
            return
        house.device.drop(job)
        del house.jobs[run.id, task]
    house.board.live[run.id].pop(task, None)
    _submit(
        house, run, task, Rank.PREVIEW, {"key": key, "options": dict(options)}, about=name_of(run)
    )


def score(house: House, run: Run) -> None:
    """Has the result measured, unless it is being measured."""
    if (run.id, SCORE) not in house.jobs:
        _submit(house, run, SCORE, Rank.PREVIEW, {}, about=name_of(run))


def preview_key(run: Run, task: str, options: Mapping[str, Any]) -> str:
    """What decides the previews, in short: images, masks and options that are not compared."""
    request = run.request
    names = [request.get("content"), *request.get("styles", ())]
    names += [request.get(role) for role in ("mask", "style_mask", "init")]
    digests = [None if name is None else sha256(run.input(name)) for name in names]
    left_out = ("strength", "size", "steps", "finish_steps", "preset" if task == PRESETS else "")
    kept = {name: value for name, value in sorted(options.items()) if name not in left_out}
    return hashlib.sha256(json.dumps([digests, kept]).encode()).hexdigest()


def made_of(run: Run, task: str) -> str | None:
    """The key of the previews that are there; None where there are none, or unfinished ones."""
    try:
        return json.loads((run.folder / f"{task}.json").read_bytes())["key"]
    except (OSError, ValueError, KeyError):
        return None


def name_of(run: Run) -> str:
    """A run in words: its images by name."""
    request = run.request
    return " × ".join([request.get("content") or "", *request.get("styles", ())])


def _submit(
    house: House, run: Run, task: str, rank: Rank, arguments: Mapping[str, Any], *, about: str
) -> Job:
    def heard(event: dict[str, Any]) -> None:
        if task == STYLISE:
            house.board.tell(run.id, **event)
        else:
            house.board.tell(run.id, **{task: {**house.board.live[run.id].get(task, {}), **event}})

    whole = {"folder": str(run.folder), **arguments}
    job = house.device.submit(task, whole, rank=rank, about=about, heard=heard)
    house.jobs[run.id, task] = job

    def ended(answer: "asyncio.Future[Any]") -> None:
        if house.jobs.get((run.id, task)) is job:
            del house.jobs[run.id, task]
        error = None if answer.cancelled() else answer.exception()
        if error is not None and not isinstance(error, Stopped):
            house.board.tell(run.id, **{f"{task}_refused": run.plain(str(error))})
        else:
            house.board.tell(run.id, **{f"{task}_refused": None})

    job.answer.add_done_callback(ended)
    return job
