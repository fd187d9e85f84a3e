"""What options that several requests have mean, which values are refused; figures as JSON."""

import math
from collections.abc import Mapping
from typing import Any

from jaxtex.errors import SettingsError
from jaxtex.options import Option
from jaxtex.style.settings import FILES, RUN

MAX_MEMORY = Option(
    name="max_memory",
    kind="number",
    help="GiB; beyond, activations are computed twice or band by band.",
    group=RUN,
    low=0,
    above=True,
    unit="GiB",
    optional=True,
    of_a_job=False,
)
CHECKPOINT_EVERY = Option(
    name="checkpoint_every",
    kind="number",
    help="Seconds between two checkpoints.",
    group=FILES,
    default=10.0,
    low=0,
    of_a_job=False,
)


def max_bytes(options: Mapping[str, Any]) -> int | None:
    """`--max-memory` in bytes."""
    limit = MAX_MEMORY.check(options["max_memory"])
    return None if limit is None else int(limit * 2**30)


def check_batch_size(options: Mapping[str, Any]) -> None:
    """Refuses a `--batch-size` below 1."""
    size = options["batch_size"]
    if size is not None and size < 1:
        raise SettingsError(f"--batch-size: {size} is not a whole number of 1 or more")


def check_checkpoint_every(options: Mapping[str, Any]) -> None:
    """Refuses a `--checkpoint-every` below 0."""
    CHECKPOINT_EVERY.check(options["checkpoint_every"])


def weights_digest(options: Mapping[str, Any]) -> str | None:
    """The SHA-256 of `--weights`; None for those that ship.

    Raises:
      WeightsError: the file cannot be read.
    """
    if options["weights"] is None:
        return None
    from jaxtex.weights import digest

    return digest(options["weights"])


def finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with None for what is not a finite number: JSON has no infinity."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }
