"""What do TF32 and bfloat16 do to the Gram matrices, to the line search and to the picture?

Accelerators multiply in less than float32 unless they are told otherwise. Here the CPU takes the
forms that they take and rounds the factors of every product in convolutions and Gram matrices as
they do: to TF32 (GPUs), to two bfloat16 parts of which three products are summed up (TPUs for
`tensorfloat32`), to one bfloat16 (TPUs by default). `bfloat16` keeps the features in that type, as
`--precision bfloat16` does everywhere. Losses, scores and pictures at the end are measured in
float32. The noise of a loss is its distance from a parabola along a line, relative to it.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from _table import EXAMPLES, Report, cpu_only, parser, progress, run

_POINTS = 33
# Of the distance at which noise is measured: grey levels that a pixel changes by, at most.
_REACH = 0.02


def main() -> int:
    """Prints a table of errors and noise, and one of results."""
    options = parser(__doc__)
    options.add_argument("--size", type=int, default=256, help="pixels, the longer side")
    options.add_argument("--content", default="northgate")
    options.add_argument("--style", default="ironwyrm")
    options.add_argument("--pictures", type=Path, help="folder for the results")
    options.add_argument("--quick", action="store_true", help="errors and noise only")
    arguments = options.parse_args()
    cpu_only()
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    report = Report(as_json=arguments.json)
    jobs = {name: _job(precision, arguments) for name, (precision, _) in FORMS.items()}
    start = _start(jobs["float32"])
    exact = None
    rows = []
    for name, job in jobs.items():
        with _multiplied(name):
            found = _at(job, start)
        exact = exact or found
        rows.append([name, *_errors(found, exact), f"{found['noise']:.1e}"])
    report.table(["products", "Gram matrices", "loss", "gradient", "noise of the loss"], rows)
    if not arguments.quick:
        _results(report, jobs, arguments)
    report.close()
    return 0


def _results(report: Report, jobs: dict[str, Any], arguments: Any) -> None:
    import numpy as np

    from jaxtex import images
    from jaxtex.style import load_network, run_jobs
    from jaxtex.style.metrics import Reference

    content, style = (
        images.load_image(EXAMPLES / kind / f"{getattr(arguments, kind)}.png").rgb
        for kind in ("content", "style")
    )
    reference = Reference(content, style)
    rows, first = [], None
    for name, job in jobs.items():
        progress(name)
        with _multiplied(name):
            (outcome,) = run_jobs([job], network=load_network())
        loss = _at(jobs["float32"], outcome.levels, noise=False)["loss"]
        picture = job.picture(outcome.levels)
        first = picture if first is None else first
        (score,) = reference.score([picture])
        measured = score.readability.readability, score.artefacts.artefacts, score.style
        rows.append(
            [
                name,
                f"{outcome.history.total[-1]:.4f}",
                f"{loss:.4f}",
                f"{255 * np.abs(picture - first).mean():.2f}",
                *(f"{value:.3f}" for value in measured),
            ]
        )
        if arguments.pictures:
            images.save_image(arguments.pictures / f"{name.replace(' ', '-')}.png", picture)
    header = ["products", "last loss", "in float32", "pixels differ by, grey levels"]
    report.table([*header, "readability", "artefacts", "style"], rows)


Product = Callable[..., Any]


def _tf32(bind: Product, a: Any, b: Any, **how: Any) -> Any:
    from jax import lax

    return bind(*(lax.reduce_precision(each, 8, 10) for each in (a, b)), **how)


def _bfloat16(bind: Product, a: Any, b: Any, **how: Any) -> Any:
    return bind(_upper(a), _upper(b), **how)


def _three_products(bind: Product, a: Any, b: Any, **how: Any) -> Any:
    high = _upper(a), _upper(b)
    low = _upper(a - high[0]), _upper(b - high[1])
    return bind(*high, **how) + (bind(high[0], low[1], **how) + bind(low[0], high[1], **how))


def _upper(x: Any) -> Any:
    from jax import lax

    return lax.reduce_precision(x, 8, 7)


FORMS: dict[str, tuple[str, Product | None]] = {
    "float32": ("float32", None),
    "TF32": ("tensorfloat32", _tf32),
    "three of bfloat16": ("tensorfloat32", _three_products),
    "one of bfloat16": ("tensorfloat32", _bfloat16),
    "bfloat16 features": ("bfloat16", None),
}


@contextlib.contextmanager
def _multiplied(name: str) -> Iterator[None]:
    """Within it, what is traced in TF32 is multiplied as `name` says, in accelerators' forms."""
    import jax
    from jax import lax

    from jaxtex import platforms

    form = FORMS[name][1]
    kinds = (lax.conv_general_dilated_p, lax.dot_general_p)
    binds = [kind.bind for kind in kinds]

    def rounding(bind: Product) -> Product:
        def product(a: Any, b: Any, **how: Any) -> Any:
            precision = how["precision"]
            if form is None or not precision or precision[0] != lax.Precision.HIGH:
                return bind(a, b, **how)
            return form(bind, a, b, **how)

        return product

    jax.clear_caches()
    try:
        for kind, bind in zip(kinds, binds, strict=True):
            kind.bind = rounding(bind)
        with platforms.tracing_for("gpu"):
            yield
    finally:
        for kind in kinds:
            del kind.bind
        jax.clear_caches()


def _job(precision: str, arguments: Any) -> Any:
    from jaxtex import images
    from jaxtex.style import make_job, resolve_settings

    content, style = (
        images.load_image(EXAMPLES / kind / f"{getattr(arguments, kind)}.png").rgb
        for kind in ("content", "style")
    )
    settings = resolve_settings("steel", size=arguments.size, precision=precision)
    return make_job(settings, content, [style])


def _start(job: Any) -> Any:
    """An image on the way: that after a third of the run, in float32."""
    from jaxtex.style import Hooks, load_network, run_jobs

    seen: list[int] = []

    def stop() -> bool:
        return bool(seen) and seen[-1] > 60

    hooks = Hooks(stop=stop, progress=lambda now: seen.append(now.step))
    return run_jobs([job], network=load_network(), hooks=hooks)[0].levels


def _at(job: Any, levels: Any, *, noise: bool = True) -> dict[str, Any]:
    """Loss, gradient and Gram matrices at an image, and the noise of the loss round it."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    from jaxtex import platforms
    from jaxtex.style import load_network
    from jaxtex.style.objective import features_of, losses
    from jaxtex.style.targets import SharedTargets, at_scale, coefficients_of

    phase = job.phases[-1]
    shared = SharedTargets(load_network())
    levels = at_scale(levels, phase)
    convs = shared.convs(job.program, phase.height, phase.width, levels.shape[-1])
    targets = shared.of(job.program, [job], phase)
    coefficients = coefficients_of([job], phase)

    @jax.jit
    def evaluate(image: Any) -> Any:
        with platforms.products(job.program.precision):
            grams = features_of(job.program, convs, image)[1]
            loss, gradient = jax.value_and_grad(
                lambda image: losses(job.program, convs, targets, coefficients, image).total[0]
            )(image)
        return loss, gradient, grams

    loss, gradient, grams = jax.device_get(evaluate(jnp.asarray(levels[None])))
    found = {"loss": float(loss), "gradient": gradient, "grams": grams}
    if noise:
        along = np.sign(np.random.default_rng(0).normal(size=levels.shape)).astype(np.float32)
        steps = np.linspace(-1, 1, _POINTS)
        values = [
            float(evaluate(jnp.asarray((levels + _REACH * step * along)[None]))[0])
            for step in steps
        ]
        smooth = np.polyval(np.polyfit(steps, values, 2), steps)
        found["noise"] = float(np.sqrt(np.mean((values - smooth) ** 2)) / abs(loss))
    return found


def _errors(found: dict[str, Any], exact: dict[str, Any]) -> list[str]:
    import numpy as np

    def error(a: Any, b: Any) -> float:
        return float(np.linalg.norm(np.subtract(a, b)) / np.linalg.norm(b))

    grams = max(error(found["grams"][layer], gram) for layer, gram in exact["grams"].items())
    return [
        f"{grams:.1e}",
        f"{abs(found['loss'] / exact['loss'] - 1):.1e}",
        f"{error(found['gradient'], exact['gradient']):.1e}",
    ]


if __name__ == "__main__":
    run(main)
