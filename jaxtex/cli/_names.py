"""Files' names in errors about arrays."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from jaxtex.errors import JaxtexError


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
