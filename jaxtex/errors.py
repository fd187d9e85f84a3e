"""The exceptions of jaxtex: `JaxtexError` for bad input, `RunError` for a run that failed.

`Stopped` is for a run that was asked to stop.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class JaxtexError(ValueError):
    """Bad input: one sentence that names the file or option, the value and what is allowed.

    The command line prints it and exits with code 2.
    """


class ImageError(JaxtexError):
    """An image file or array that cannot be used."""


class OutputError(JaxtexError):
    """An output path that cannot be written or must not be overwritten."""


class SettingsError(JaxtexError):
    """An option, preset or coefficient outside its range."""


class WeightsError(JaxtexError):
    """A weights file that is missing, damaged or of another architecture."""


class CheckpointError(JaxtexError):
    """A checkpoint that is damaged or belongs to another job."""


class ManifestError(JaxtexError):
    """A manifest that cannot be read, or rows of it that cannot be run."""


class RunError(RuntimeError):
    """A run that failed while it was running; the command line exits with code 1."""


class Stopped(Exception):
    """A run that ended early because it was asked to; what it says is what is kept.

    The command line prints it and exits with code 130.
    """


def first_line(error: BaseException) -> str:
    """What another library's error says, short enough for a sentence of ours."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


@contextmanager
def named(names: Mapping[str, Path]) -> Iterator[None]:
    """Puts a file's name where an error's sentence begins with what the file is, `content: …`."""
    try:
        yield
    except JaxtexError as error:
        what, colon, rest = str(error).partition(":")
        if colon and what in names:
            raise type(error)(f"{names[what]}:{rest}") from None
        raise
