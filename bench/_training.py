"""What the measurements of a network and of its training step share: agreement, and tables.

Rivals are functions without arguments, by name, ours first.
"""

from collections.abc import Callable
from typing import Any

import _table
import numpy as np

from jaxtex.errors import first_line

COMPILED = "PyTorch compiled"

Rivals = dict[str, Callable[[], Any]]


def check(
    using: Rivals,
    training: Rivals,
    difference: Callable[[Any, Any], np.ndarray],
    note: str,
    report: _table.Report,
) -> None:
    """Calls every rival once: what the networks make, and the losses of the first step, must agree.

    `difference` is between what a rival's network makes and what ours does; `note` says the largest
    one. `torch.compile` is left out where it fails.

    Raises:
      RuntimeError: they do not compute the same.
    """
    _table.progress("warming up")
    (expected, *others), (first, *_) = list(using), list(training)
    made, losses = using[expected](), training[first]()
    worst = apart = 0.0
    for name in others:
        try:
            found, theirs = using[name](), training[name]()
        except Exception as error:
            if name != COMPILED:
                raise
            report.note(f"torch.compile failed ({type(error).__name__}: {first_line(error)})")
            del using[name], training[name]
            continue
        worst = max(worst, float(np.abs(difference(found, made)).max()))
        apart = max(apart, *(abs(a / b - 1) for a, b in zip(theirs, losses, strict=True)))
    report.note(note.format(f"{worst:.1e}"))
    report.note(f"the losses of the first step differ by at most {apart:.1e} of them")
    if worst > 1e-3 or apart > 1e-3:
        raise RuntimeError("the rivals do not compute the same")


def measure(
    title: str, rivals: Rivals, rounds: int, report: _table.Report, *, digits: int = 1
) -> None:
    """One table, after a round that warms up."""
    for rival in rivals.values():
        rival()
    _table.progress(f"{title}: {rounds} rounds")
    report.compare(title, _table.in_turn(rivals, rounds), digits=digits)
