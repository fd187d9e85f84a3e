"""Says what the megabytes of a wheel are, and fails where there are more than it may have.

python docs/wheel_sizes.py WHEEL
"""

import sys
import zipfile
from collections import Counter
from pathlib import PurePath

MOST = 90_000_000
_REASONS = {
    "_weights": "VGG16 (float32, unchanged), MSG-Net, DCGAN: nothing is downloaded at run time",
    "_examples": "logos and styles of the first commands and of `jaxtex ui --demo`; tutorials",
    "_bench": "`jaxtex bench`: measured on the machine where it runs",
    "ui": "the pages of `jaxtex ui`",
}


def sizes(wheel: str) -> Counter[str]:
    """Packed bytes by the folder in the package; all that is code together."""
    found: Counter[str] = Counter()
    with zipfile.ZipFile(wheel) as archive:
        for each in archive.infolist():
            room = PurePath(each.filename).parts[1]
            found[room if room in _REASONS else "code"] += each.compress_size
    return found


def main(wheel: str) -> None:
    """Prints the table; exits with 1 where the wheel is too large."""
    found = sizes(wheel)
    for room, size in found.most_common():
        print(
            f"{size / 1e6:6.2f} MB  {room:10}  {_REASONS.get(room, 'the library and its licences')}"
        )
    total = sum(found.values())
    print(f"{total / 1e6:6.2f} MB  of {MOST / 1e6:.0f} allowed")
    sys.exit(total > MOST)


if __name__ == "__main__":
    main(sys.argv[1])
