"""Whole numbers among the options of commands and the columns of manifests."""

from jaxtex.errors import SettingsError


def whole(name: str, value: float | int, low: int, high: int, what: str = "a whole number") -> int:
    """The value as an int: a manifest may have it as 64.0.

    Raises:
      SettingsError: it is not whole, or not from `low` to `high`; `what` says what it should be.
    """
    if not low <= value <= high or value != int(value):
        option = name.replace("_", "-")
        raise SettingsError(f"--{option}: {value} is not {what} from {low} to {high}")
    return int(value)
