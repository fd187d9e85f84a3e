"""A preset of one's own: written as a file, and used by Python and by the command line.

python custom_preset.py LOGO BAND OUT
"""

import sys
from pathlib import Path
from typing import Any

import jaxtex

PRESET = """\
preset = "steel"        # start from this one
content_weight = 0.2    # hold on to the content more
tv = 0.001              # and smooth a little

[layers]                # coefficients take the place of the preset's
conv1_1 = 1.0
conv1_2 = 1.0
conv4_2 = 2.0
"""


def main(logo: Path, band: Path, output: Path, **options: Any) -> jaxtex.Result:
    output.mkdir(exist_ok=True)
    preset = output / "mine.toml"
    preset.write_text(PRESET, encoding="utf-8")
    result = jaxtex.stylize(logo, band, preset=preset, output=output / "out.png", **options)
    print(f"also: jaxtex stylize {logo} {band} -o again.png --preset {preset}")
    return result


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
