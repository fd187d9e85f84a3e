"""`summary.html`: what came of a batch on one page, with thumbnails and metrics."""

import html
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jaxtex import images
from jaxtex.errors import ImageError
from jaxtex.files import write_bytes
from jaxtex.images.pages import document, webp
from jaxtex.jobs.caches import ImageCache
from jaxtex.jobs.kinds import PlannedJob
from jaxtex.jobs.requests import load_inputs
from jaxtex.jobs.results.folder import SUMMARY, ResultFolder
from jaxtex.runtime import forget_programs
from jaxtex.style.metrics import Reference, Score
from jaxtex.version import __version__
from jaxtex.vgg import VGG16

# A page with more could not be looked at: the first ones are shown.
_MOST_PICTURES = 200
_MOST_FAILURES = 1000
_SIDE = 320


def write_summary(
    folder: ResultFolder,
    jobs: Sequence[PlannedJob],
    *,
    network: Callable[[], VGG16] | None,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Writes the page from what is in the folder; with `network`, what is shown is also scored.

    `network` gives VGG16, and is called where there is something to score. When `stopped` says so,
    what is left is not scored.

    Raises:
      RunError: the disk is full or fails.
    """
    wanted = {job.output for job in jobs}
    records = {
        record["output"]: record for record in folder.records() if record["output"] in wanted
    }
    done = [job for job in jobs if records.get(job.output, {}).get("status") == "done"]
    failed = [records[job.output] for job in jobs
              if records.get(job.output, {}).get("status") == "failed"]  # fmt: skip
    cache, scorer = ImageCache(), _Scorer(network)
    figures = []
    for job in done[:_MOST_PICTURES]:
        try:
            picture = images.load_image(folder.path / job.output).picture
        except ImageError:
            continue
        score = None if stopped() else scorer.score(job, picture, cache)
        figures.append(_figure(records[job.output], webp(picture, _SIDE), score))
    title = f"{len(done)} of {len(jobs)} jobs done"
    seconds = sum(record["seconds"] for record in records.values())
    body = _BODY.format(
        version=html.escape(__version__),
        seconds=f"{seconds:.0f}",
        failures=_failures(failed),
        count=_count(len(figures), len(done)),
        figures="".join(figures),
    )
    write_bytes(folder.path / SUMMARY, document(title, body).encode())


class _Scorer:
    """Scores results; consecutive ones of the same images share what is computed of these."""

    def __init__(self, network: Callable[[], VGG16] | None) -> None:
        self.network = network
        self._key: Any = None
        self._reference: Reference | None = None

    def score(self, job: PlannedJob, picture: Any, cache: ImageCache) -> Score | None:
        """The score of a job's picture; None where it cannot be scored."""
        files = job.compared()
        if self.network is None or files is None:
            return None
        key = files.content, files.styles[0], files.background, job.composed
        try:
            if key != self._key:
                self._key, self._reference = key, None
                # Each may be of another shape, with programs of its own.
                forget_programs()
                inputs = load_inputs(files, cache.load)
                share, longer = job.composed
                self._reference = Reference(
                    inputs.content.picture,
                    inputs.styles[0].picture,
                    background=files.color,
                    network=self.network(),
                    composition=share,
                    composed_at=longer,
                )
            return None if self._reference is None else self._reference.score([picture])[0]
        except ImageError:
            return None


def _figure(record: Mapping[str, Any], source: str, score: Score | None) -> str:
    name = html.escape(record["output"])
    link = html.escape(urllib.parse.quote(record["output"]))
    said = [f"{record['seconds']:.1f} s"]
    if record.get("loss") is not None:
        said.append(f"loss {record['loss']:.4g}")
    if score is not None:
        said.append(str(score))
    return (
        f'<figure><a href="{link}"><img src="{source}" alt="{name}" loading="lazy"></a>'
        f"<figcaption><b>{name}</b><br>{html.escape(', '.join(said))}</figcaption></figure>"
    )


def _failures(failed: Sequence[Mapping[str, Any]]) -> str:
    if not failed:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{html.escape(record["output"])}</th>'
        f"<td>{html.escape(str(record['error']))}</td></tr>"
        for record in failed[:_MOST_FAILURES]
    )
    more = len(failed) - _MOST_FAILURES
    note = f"<p>and {more} more, see results.jsonl</p>" if more > 0 else ""
    table = f'<div class="wide"><table class="reasons">{rows}</table></div>'
    return f"<h2>{len(failed)} failed</h2>{table}{note}"


def _count(shown: int, done: int) -> str:
    return "" if shown == done else f"<p>The first {shown} of {done}.</p>"


_BODY = """<p>By jaxtex {version}; {seconds} s of batches. Settings and losses of each job are in
<a href="results.jsonl">results.jsonl</a> and in the images themselves. <b>Readability</b> is 1
where every letter is as in the content, <b>artefacts</b> is 0 where the background is clean,
<b>style</b> is 0 for the content itself and 1 for the style itself.</p>
{failures}
<h2>Results</h2>
{count}<div class="gallery">{figures}</div>"""
