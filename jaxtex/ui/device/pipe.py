"""Messages between the server and its worker: a line of JSON each, nothing that runs as code."""

import json
import threading
from collections.abc import Iterator, Mapping
from typing import IO, Any


class Writer:
    """Writes messages, from any thread."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.lock = threading.Lock()

    def send(self, message: Mapping[str, Any]) -> None:
        """Writes one message.

        Raises:
          OSError: nobody reads any longer.
        """
        line = json.dumps(message, ensure_ascii=True, allow_nan=False) + "\n"
        with self.lock:
            self.stream.write(line.encode())
            self.stream.flush()


def messages(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The messages that come, until the other side ends; a line cut short by that is no message."""
    for line in stream:
        if line.endswith(b"\n"):
            yield json.loads(line)
