"""What options that several requests have mean, which values are refused; figures as JSON."""

import math
from collections.abc import Mapping
from typing import Any

from jaxtex.errors import SettingsError


def max_bytes(options: Mapping[str, Any]) -> int | None:
    """`--max-memory` in bytes."""
    limit = options["max_memory"]
    if limit is None:
        return None
    if not 0 < limit < float("inf"):
        raise SettingsError(f"--max-memory: {limit} is not a number of GiB above 0")
    return int(limit * 2**30)


def check_batch_size(options: Mapping[str, Any]) -> None:
    """Refuses a `--batch-size` below 1."""
    size = options["batch_size"]
    if size is not None and size < 1:
        raise SettingsError(f"--batch-size: {size} is not a whole number of 1 or more")


def check_checkpoint_every(options: Mapping[str, Any]) -> None:
    """Refuses a `--checkpoint-every` below 0."""
    seconds = options["checkpoint_every"]
    if not 0 <= seconds < float("inf"):
        raise SettingsError(f"--checkpoint-every: {seconds} is not a number of 0 or more")


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
