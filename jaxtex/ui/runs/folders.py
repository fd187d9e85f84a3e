"""What all folders of a server have in common: small JSON files, free names, archives."""

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from jaxtex.files import write_bytes


def read_json(path: Path) -> dict[str, Any]:
    """An object that was written as JSON; an empty one where there is none, or a damaged file."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes an object as JSON, whole or not at all."""
    write_bytes(path, json.dumps(value, ensure_ascii=False, allow_nan=False).encode())


def free_name(stem: str, taken: Callable[[str], bool], suffix: str = "") -> str:
    """`stem` and `suffix`, with a number between them where that name is `taken`."""
    number, found = 1, f"{stem}{suffix}"
    while taken(found):
        number += 1
        found = f"{stem}-{number}{suffix}"
    return found


def packed(files: Sequence[tuple[str, bytes]]) -> bytes:
    """Files as a ZIP archive, the same bytes for the same files."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data)
    return target.getvalue()
