"""What a metric of results is; each has a module of its own in this room.

Network of Steel (Ter-Sarkisov, ICPRAM 2020) leaves metrics to future work; docs/metrics.md defines
every figure with its range.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtex.style import metrics
from jaxtex.style.metrics.lettering import Lettering
from jaxtex.style.separation import RGB


class Metric(NamedTuple):
    """One way to measure results; a module of this room that has one as `METRIC` is found."""

    name: str
    """Also that of its main figure."""
    prepare: Callable[[Lettering, RGB], Callable[[RGB], Any]]
    """Of a content's lettering and a style no larger, gives what measures results.

    A result comes at the content's size and in its place; what is measured is a named tuple of
    numbers, the main one first, whose names no other metric has.
    """


@functools.cache
def all_metrics() -> tuple[Metric, ...]:
    """The metrics of this room, by the names of their modules."""
    names = sorted(module.name for module in pkgutil.iter_modules(metrics.__path__))
    modules = [importlib.import_module(f"{metrics.__name__}.{name}") for name in names]
    return tuple(module.METRIC for module in modules if hasattr(module, "METRIC"))
