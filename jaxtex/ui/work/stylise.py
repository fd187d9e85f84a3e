"""A full run with its live picture, all its outputs, its scores and its film."""

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jaxtex import images
from jaxtex.errors import JaxtexError, RunError, Stopped
from jaxtex.files import write_bytes
from jaxtex.images.animation import check_animation_path, open_animation
from jaxtex.jobs.front import Status
from jaxtex.jobs.requests import ScoreRequest, StylizeRequest
from jaxtex.jobs.requests.stylize_outputs import opaque, write_drawing
from jaxtex.ui import text
from jaxtex.ui.device.worker import Turn
from jaxtex.ui.runs import asked
from jaxtex.ui.runs.run import DONE, DRAFT, FAILED, INTERRUPTED, STOPPED, WORKING, Run
from jaxtex.ui.work.look import device

# Seconds between two checkpoints, and between two notes on disk of where the run stands.
_CHECKPOINT, _NOTE = 2.0, 5.0
_LOOKS = 40


def stylise(arguments: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    """Runs what the folder asks for, from its checkpoint with `resume`; returns its last status.

    Raises:
      JaxtexError: it cannot be.
      RunError: it failed.
    """
    run = Run(Path(arguments["folder"]))
    resume = bool(arguments.get("resume"))
    run.tell(WORKING)
    try:
        status = _run(run, turn, resume=resume)
    except JaxtexError as error:
        # What is refused has not begun: it can be put right and tried again.
        run.tell(INTERRUPTED if resume else DRAFT, said=run.plain(str(error)))
        raise
    except RunError as error:
        run.tell(FAILED, said=run.plain(str(error)))
        raise
    run.tell(**status)
    return status


def _run(run: Run, turn: Turn, *, resume: bool) -> dict[str, Any]:
    checkpoint = run.folder / "checkpoint"
    frames = run.folder / "frames"
    if not resume:
        for folder in (checkpoint, frames):
            shutil.rmtree(folder, ignore_errors=True)
    frames.mkdir(exist_ok=True)
    options = asked.options_of(
        run,
        checkpoint=checkpoint,
        checkpoint_every=_CHECKPOINT,
        resume=resume,
        device=device(),
    )
    request = StylizeRequest(options)
    request.check()
    write_bytes(run.folder / "preset.toml", _preset(request).encode())
    images.save_image(_shown(run, "before.png"), request.job.picture(request.job.content))
    watch = _Watch(run, turn)
    front = turn.front(watch.show, look=watch.look, looks=_LOOKS)
    began = time.monotonic()
    result = request.run(front)
    request.write(result)
    status: dict[str, Any] = {
        "state": {"done": DONE, "interrupted": STOPPED, "diverged": FAILED}[result.status],
        "step": int(result.history.step[-1]),
        "steps": watch.steps,
        "seconds": round(time.monotonic() - began - turn.paused, 1),
        "width": result.image.shape[1],
        "height": result.image.shape[0],
        "finished": time.time(),
    }
    if result.status == "diverged":
        status["said"] = text.DIVERGED
    status["without"] = _write_others(run, request, result)
    if result.status == "done":
        shutil.rmtree(checkpoint, ignore_errors=True)
    return status


class _Watch:
    """What is told of a run while it goes."""

    def __init__(self, run: Run, turn: Turn) -> None:
        self.run, self.turn = run, turn
        self.steps = 0
        self.noted = 0.0
        self.first: tuple[int, float] | None = None

    def show(self, status: Status) -> None:
        """Tells how far it is and how long it will take, from its pace in this process."""
        place = status.place
        if place is None:
            return  # It is made ready, as the page says by itself.
        seconds = place.seconds - self.turn.paused
        if self.first is None:
            self.first = place.step, seconds
        done, left = place.step - self.first[0], place.steps - place.step
        told: dict[str, Any] = {"step": place.step, "steps": place.steps, "left": None}
        if done:
            told["left"] = max(0.0, (seconds - self.first[1]) / done * left)
        self.steps = place.steps
        self.turn.tell(**told)
        now = time.monotonic()
        if now - self.noted > _NOTE:
            self.noted = now
            self.run.tell(WORKING, step=place.step, steps=place.steps)

    def look(self, step: int, picture: Any) -> None:
        """Keeps a picture of the run, which the film is made of."""
        name = f"frames/{step:06d}.png"
        images.save_image(self.run.folder / name, picture)
        self.turn.tell(frame=name)


def _preset(request: StylizeRequest) -> str:
    from jaxtex.style import preset_toml

    return preset_toml(request.settings)


def _shown(run: Run, name: str) -> Path:
    folder = run.folder / "shown"
    folder.mkdir(exist_ok=True)
    return folder / name


def _write_others(run: Run, request: StylizeRequest, result: Any) -> dict[str, str]:
    """Writes the further forms of a result; returns why one of them cannot be, by its name."""
    without: dict[str, str] = {}
    try:
        _write_transparent(run, request, result)
    except JaxtexError as error:
        without["transparent.png"] = run.plain(str(error))
    try:
        if result.job.canvas != "ink":
            raise RunError(text.NO_PATHS)
        write_drawing(run.folder / "result.svg", result, request.metadata(result))
    except (RunError, ImportError):
        without["result.svg"] = text.NO_PATHS
    return without


def _write_transparent(run: Run, request: StylizeRequest, result: Any) -> None:
    """What lies behind ink is no part of the run: the result once more, on no ground."""
    files = replace(request.inputs.files, background="transparent")
    inputs = replace(request.inputs, files=files)
    job = inputs.make_job(request.settings, request.options["style_weight"])
    metadata = request.metadata(result)
    images.save_image(run.folder / "transparent.png", job.picture(result.levels), metadata=metadata)


def score(arguments: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    """Measures the result of the run in `folder`; returns the figures, kept in its folder too.

    Raises:
      ImageError: the content has no lettering to be measured.
    """
    run = Run(Path(arguments["folder"]))
    request = run.request
    options = {
        "outputs": [run.folder / "result.png"],
        "content": run.input(request["content"]),
        "style": run.input(request["styles"][0]),
        "background": None,
        "size": None,
        "ocr": False,
        "weights": None,
        "table": None,
        "device": device(),
        "overwrite": False,
    }
    asking = ScoreRequest(options)
    asking.check()
    try:
        (scored,) = asking.run(turn.front())
        found = {key: value for key, value in scored.row().items() if key != "output"}
    except JaxtexError as error:
        found = {"said": run.plain(str(error))}
    write_bytes(run.folder / "score.json", json.dumps(found).encode())
    return found


def film(arguments: Mapping[str, Any], turn: Turn) -> str:
    """Makes a film of the run in `folder` as its `suffix` says; returns the file's name.

    Raises:
      OutputError: the library for it is not installed.
      Stopped: nobody wants it any longer.
    """
    run, suffix = Run(Path(arguments["folder"])), arguments["suffix"]
    path = run.folder / f"film{suffix}"
    check_animation_path(path, overwrite=True)
    animation = open_animation(path)
    for frame in [*sorted((run.folder / "frames").glob("*.png")), run.folder / "result.png"]:
        animation.add(opaque(images.load_image(frame).picture))
        if turn.stopped():
            raise Stopped("")
    animation.save()
    return path.name
