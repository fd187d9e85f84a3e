"""The exceptions of jaxtex: `JaxtexError` for bad input, `RunError` for a run that failed."""


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


class RunError(RuntimeError):
    """A run that failed while it was running; the command line exits with code 1."""


def first_line(error: BaseException) -> str:
    """What another library's error says, short enough for a sentence of ours."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
