"""Messages between the server and its worker: a line of JSON each, nothing that runs as code."""

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any


class Writer:
    """Writes messages to a binary stream, from any thread."""

    def __init__(self, stream: Any) -> None:
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


def messages(stream: Any) -> Iterator[dict[str, Any]]:
    """The messages that come from a binary stream, until it ends; a line cut short is none."""
    for line in stream:
        if line.endswith(b"\n"):
            yield json.loads(line)
