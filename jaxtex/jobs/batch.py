"""What `jaxtex batch` is asked for: all rows checked first, then run by an engine, then shown."""

import functools
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jaxtex.errors import ManifestError, RunError, SettingsError, Stopped
from jaxtex.jobs.front import Front, Status
from jaxtex.jobs.requests.common import max_bytes, weights_digest

if TYPE_CHECKING:
    from jaxtex.jobs.engines import State
    from jaxtex.jobs.kinds import PlannedJob
    from jaxtex.jobs.manifests import BadRow, Manifest
    from jaxtex.vgg import VGG16

_MOST_AT_ONCE = 65_536


def parse_batch_size(value: Any) -> int | None:
    """The most jobs at once that a text asks for; None for `auto`.

    Raises:
      SettingsError: it is neither `auto` nor a whole number from 1 to 65536.
    """
    if value is None or value == "auto":
        return None
    if not str(value).isdecimal() or not 1 <= int(value) <= _MOST_AT_ONCE:
        raise SettingsError(f"--batch-size: {value!r} is not auto or a whole number from 1")
    return int(value)


class Counts(NamedTuple):
    """What came of a batch."""

    jobs: int
    run: int
    """Those whose results were not there."""
    done: int
    failed: int

    @property
    def whole(self) -> bool:
        """Whether all that was to run did."""
        return self.done + self.failed == self.run


class BatchRequest:
    """The jobs of a manifest, or of two folders, and the folder that their results go to."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """`options` are those of `jaxtex batch`, by their names with underscores.

        The manifest may also be its rows, each a mapping.
        """
        self.options = options

    def check(self) -> None:
        """Checks every option and row before work starts, and loads VGG16 where it is needed.

        Raises:
          JaxtexError: an option, the folder or the manifest cannot be; without `skip_bad` also
            where a row cannot.
        """
        options = self.options
        self._check_options()
        manifest = self._manifest()

        from jaxtex.runtime import configure

        configure(options["device"])
        from jaxtex.jobs.caches import Models
        from jaxtex.jobs.kinds import describe, parse_shard, shard
        from jaxtex.jobs.kinds.plan import plan
        from jaxtex.jobs.results import ResultFolder
        from jaxtex.style import load_network

        share = None if options["shard"] is None else parse_shard(options["shard"])
        self.folder = ResultFolder(options["output"], share)
        self.folder.check(resume=options["resume"], overwrite=options["overwrite"])
        self.network: Callable[[], VGG16] = functools.cache(
            functools.partial(load_network, options["weights"])
        )
        self.models = Models()
        digest = weights_digest(options)
        jobs, bad = plan(manifest, options["output"], weights=digest, models=self.models)
        if bad and not (options["skip_bad"] and jobs):
            raise ManifestError(describe(bad, manifest.name, len(bad) + len(jobs)))
        self.bad: Sequence[BadRow] = bad
        self.jobs: Sequence[PlannedJob] = jobs if share is None else shard(jobs, *share)
        self.gathers = share is None
        self.scored = options["score"] and self.gathers
        if any(job.needs_network or (self.scored and job.compared()) for job in self.jobs):
            # Weights that cannot be used are refused before work starts.
            self.network()

    def _check_options(self) -> None:
        options = self.options
        max_bytes(options)
        workers = options["workers"]
        if workers is not None and workers < 1:
            raise SettingsError(f"--workers: {workers} is not a whole number of 1 or more")
        if options["engine"] != "ray" and (options["address"] or workers):
            raise SettingsError("--address and --workers: go with --engine ray")
        if options["engine"] == "ray":
            if options["profile"] is not None:
                raise SettingsError("--profile: goes with --engine local")
            if importlib.util.find_spec("ray") is None:
                raise SettingsError("--engine ray: needs Ray; install jaxtex[ray]")

    def _manifest(self) -> "Manifest":
        from jaxtex.jobs.manifests import of_rows, parse_settings, product, read_manifest

        options = self.options
        contents, styles = options["contents"], options["styles"]
        folders = contents is not None and styles is not None
        if (options["manifest"] is None) != folders or (contents is None) != (styles is None):
            raise SettingsError("name what to run: a manifest, or --contents DIR and --styles DIR")
        defaults = parse_settings(options["settings"])
        if folders:
            return product(contents, styles, defaults, without=options["output"])
        if not isinstance(options["manifest"], Path):
            return of_rows(options["manifest"], defaults)
        return read_manifest(options["manifest"], defaults)

    def run(self, front: Front) -> Counts:
        """Runs what is missing, and writes the page of all where nothing stopped it.

        Raises:
          RunError: a result cannot be written, or the device failed.
        """
        from jaxtex.jobs.results import write_summary

        for row in self.bad:
            front.say(f"skipped line {row.line}: {row.reason}")
        resume, overwrite = self.options["resume"], self.options["overwrite"]
        with self.folder.opened(self.jobs, resume=resume, overwrite=overwrite) as missing:
            engine = self._engine(front)
            engine.run(missing)
            counts = Counts(len(self.jobs), len(missing), engine.done, engine.failed)
            if counts.whole and self.gathers:
                write_summary(
                    self.folder,
                    self.jobs,
                    network=self.network if self.scored else None,
                    stopped=front.stopped,
                )
        return counts

    def _engine(self, front: Front) -> Any:
        from jaxtex.jobs.engines import LocalEngine, RayEngine

        options = self.options
        shared: dict[str, Any] = {
            "deliver": self.folder.write,
            "batch_size": options["batch_size"],
            "max_bytes": max_bytes(options),
            "stopped": front.stopped,
            "report": lambda state: front.show(_status(state)),
            "warn": front.say,
        }
        if options["engine"] == "ray":
            names = ("address", "workers", "weights", "device")
            return RayEngine(**shared, **{name: options[name] for name in names})
        return LocalEngine(
            network=self.network, models=self.models, profile=options["profile"], **shared
        )

    def report(self, counts: Counts, seconds: float) -> dict[str, Any]:
        """The JSON object of `--json`."""
        output = self.options["output"]
        return {
            "output": str(output),
            "summary": str(output / "summary.html") if counts.whole and self.gathers else None,
            **counts._asdict(),
            "skipped": [{"line": row.line, "reason": row.reason} for row in self.bad],
            "seconds": round(seconds, 3),
        }

    def conclude(self, counts: Counts) -> None:
        """Says how a run ended that did not do all that it was asked for.

        Raises:
          Stopped: it was stopped before the end.
          RunError: jobs failed.
        """
        if not counts.whole:
            there = counts.jobs - counts.run + counts.done
            raise Stopped(f"{there} of {counts.jobs} jobs are done; --resume goes on")
        if counts.failed:
            output = self.options["output"]
            raise RunError(
                f"{counts.failed} of {counts.run} jobs failed; results.jsonl in {output} says why"
            )


def _status(state: "State") -> Status:
    over = state.done + state.failed
    parts = [f"{over}/{state.total} jobs"]
    if state.failed:
        parts.append(f"{state.failed} failed")
    if over:
        rate = over / state.seconds
        parts.append(f"{rate:.2f}/s" if rate >= 0.1 else f"{rate * 60:.2f}/min")
        if over < state.total:
            parts.append(f"about {(state.total - over) / rate:.0f} s left")
    parts.append(f"device busy {state.busy:.0%}")
    step = state.step
    if step is not None:
        parts.append(
            f"{state.size} at {step.width}×{step.height}, step {step.step}/{step.steps}, "
            f"loss {step.loss:.4g}"
        )
    return Status("  ".join(parts), share=over / max(1, state.total), place=state)
