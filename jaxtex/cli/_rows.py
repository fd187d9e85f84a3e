"""Rows of figures as JSON."""

import math
from collections.abc import Mapping
from typing import Any


def finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with None for what is not a finite number: JSON has no infinity."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }
