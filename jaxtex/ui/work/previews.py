"""Small pictures of what a run would give: five strengths in one batch, and the presets."""

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxtex import images
from jaxtex.files import write_bytes
from jaxtex.jobs.requests import Files, load_inputs
from jaxtex.jobs.requests.stylize_options import DEFAULTS, INITS, settings_of
from jaxtex.runtime import configure
from jaxtex.style import PRESETS, Hooks, Job, Settings, load_network, run_jobs
from jaxtex.ui.device.worker import Turn
from jaxtex.ui.runs import asked
from jaxtex.ui.runs.asked import STRENGTHS
from jaxtex.ui.runs.run import Run
from jaxtex.ui.work.look import device

# Pixels of the longer side; more where the shorter one would have too few for the deepest layer.
_SIZE, _LEAST_SIDE = 160, 48
# So many pixels of evaluations fit into half a minute on two cores, with time to compile.
_WORK, _FEWEST, _MOST = 2_900_000, 24, 80
# One size alone takes the style up too timidly: at half the size strokes change as a whole.
_SCALES = 2
# Adam goes one grey level a step at 1: in so few steps it would go nowhere.
_QUICK_ADAM = 8.0
_PRESET_STEPS = 40
# Pictures are shown each so many steps.
_EVERY = 2


def strip(arguments: Mapping[str, Any], turn: Turn) -> bool:
    """Writes `strip/0.png` to `strip/4.png` of the run in `folder`, better each few steps.

    Returns whether it came to its end.

    Raises:
      JaxtexError: an image or an option that cannot be.
    """
    run, options, inputs = _begin(arguments)
    settings = settings_of(options | {"strength": None})
    if settings.strength is None:
        settings.at_strength(0)
    small = _small(inputs)
    steps = _steps(inputs, small, len(STRENGTHS))
    jobs = [
        inputs.make_job(
            _quick(settings_of(options | {"strength": strength, "size": small}), steps),
            options["style_weight"],
        )
        for strength in STRENGTHS
    ]
    done = _refine(run, turn, "strip", jobs, [str(index) for index in range(len(jobs))])
    _keep(run, "strip", arguments["key"], done)
    return done


def presets(arguments: Mapping[str, Any], turn: Turn) -> bool:
    """Writes `presets/NAME.png` of every preset, one after the other.

    Returns whether it came to its end.

    Raises:
      JaxtexError: an image or an option that cannot be.
    """
    run, options, inputs = _begin(arguments)
    small = _small(inputs)
    done = True
    for name in PRESETS:
        chosen = {"preset": name, "size": small, "colors": options["colors"]}
        settings = _quick(settings_of(DEFAULTS | chosen), _PRESET_STEPS)
        if settings.optimizer == "adam":
            settings = settings.with_options(learning_rate=_QUICK_ADAM)
        job = inputs.make_job(settings, options["style_weight"])
        done = _refine(run, turn, "presets", [job], [name]) and done
        if not done:
            break
    _keep(run, "presets", arguments["key"], done)
    return done


def _begin(arguments: Mapping[str, Any]) -> tuple[Run, dict[str, Any], Any]:
    run = Run(Path(arguments["folder"]))
    options = DEFAULTS | asked.options_of(run, arguments["options"])
    init = options["init"]
    inputs = load_inputs(
        Files(
            content=options["content"],
            styles=options["style"],
            mask=options["mask"],
            init=None if init is None or init in INITS else Path(init),
            style_mask=options["style_mask"],
            background=options["background"],
        )
    )
    configure(device())
    return run, options, inputs


def _small(inputs: Any) -> int:
    height, width = inputs.content.rgb.shape[:2]
    size = max(_SIZE, round(_LEAST_SIDE * max(height, width) / min(height, width)))
    return min(size, 2 * _SIZE)


def _steps(inputs: Any, size: int, count: int) -> int:
    height, width = inputs.content.rgb.shape[:2]
    height, width = images.fit(height, width, size)
    return max(_FEWEST, min(_MOST, _WORK // (height * width * count)))


def _quick(settings: Settings, steps: int) -> Settings:
    finish = min(settings.finish_steps, steps // 5)
    scales = settings.scales or _SCALES
    return settings.with_options(steps=steps, finish_steps=finish, scales=scales)


@functools.cache
def _network() -> Any:
    return load_network()


def _refine(run: Run, turn: Turn, folder: str, jobs: Sequence[Job], names: Sequence[str]) -> bool:
    """Runs the jobs as one batch, and shows them as they become better."""
    target = run.folder / folder
    target.mkdir(exist_ok=True)
    total = sum(phase.steps for phase in jobs[0].phases)

    def show(step: int, pictures: Sequence[Any]) -> None:
        for name, picture in zip(names, pictures, strict=True):
            images.save_image(target / f"{name}.png", picture)
        turn.tell(names=list(names), step=step, steps=total)

    hooks = Hooks(frame=show, frame_every=_EVERY, stop=turn.stopped)
    outcomes = run_jobs(jobs, network=_network(), hooks=hooks)
    show(total, [job.picture(each.levels) for job, each in zip(jobs, outcomes, strict=True)])
    return outcomes[0].status != "interrupted"


def _keep(run: Run, name: str, key: str, done: bool) -> None:
    """Writes what the pictures were made of, so that they are not made again."""
    if done:
        write_bytes(run.folder / f"{name}.json", json.dumps({"key": key}).encode())
