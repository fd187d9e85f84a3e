"""What would jaxtex's programs take on a device that is not here?

XLA compiles them for it: FLOPs, bytes, memory, the time that the device needs at least by its
peaks, and the collectives between devices that share a batch. Nothing is run. For TPUs it needs
pip install 'jaxtex[aot]', for GPUs pip install 'jaxtex[gpu]', for this machine's CPU nothing; a
stylisation at 512×512 takes some minutes to be compiled. Of a stylisation the figures are those of
one evaluation.
"""

import functools
import json
from pathlib import Path
from typing import Any

import _aot
import _table

PROGRAMS = (
    "stylize stylize-tensorfloat32 stylize-bfloat16 stylize-adam stylize-rematerialised vgg16 "
    "style-distances msgnet-targets msgnet-apply msgnet-train dcgan-render dcgan-train vmf-sample "
    "ssim-compare"
)
HEADER = (
    "program", "GFLOP", "GB", "KB/pixel", "temporaries GiB", "arguments GiB", "roofline ms",
)  # fmt: skip


def main() -> int:
    arguments = _table.parser(__doc__)
    add = arguments.add_argument
    add("--target", choices=_aot.TARGETS, required=True, help="the device")
    add("--programs", nargs="+", metavar="NAME", help=f"or `all`; default: {PROGRAMS}")
    add("--sides", nargs="+", type=_table.count, default=[512], metavar="PIXELS",
        help="of stylised images; default: 512")  # fmt: skip
    add("--batches", nargs="+", type=_table.count, default=[4], metavar="COUNT",
        help="images at once; default: 4")  # fmt: skip
    add("--small", action="store_true", help="tiny programs, in seconds")
    add("--devices", type=_table.count, default=4, metavar="COUNT",
        help="that share a batch, of tiny programs, to count collectives; default: 4")  # fmt: skip
    add(
        "--largest",
        action="store_true",
        help="say how large a batch of the first program fits",
    )
    add("--forms", choices=("cpu", "gpu", "tpu"), help="trace as for this platform")
    add("--effort", type=float, default=-1.0, metavar="X",
        help="of XLA on TPU, -1 to 1; default: -1, since more takes very long")  # fmt: skip
    add("--record", type=Path, metavar="FILE", help="write what was found there, as JSON")
    options = arguments.parse_args()
    from jaxtex.errors import SettingsError
    from jaxtex.files import check_output, write_bytes

    if options.record is not None:
        check_output(options.record, overwrite=True)
    target = _aot.TARGETS[options.target]
    _aot.set_up(target, options.devices)
    import _programs

    names = options.programs or PROGRAMS.split()
    known = _programs.programs(_programs.SMALL)
    names = list(known) if names == ["all"] else names
    for name in names:
        if name not in known:
            raise SettingsError(f"programs: {name!r} is unknown; allowed are {', '.join(known)}")

    if options.largest and not names[0].startswith("stylize"):
        raise SettingsError("largest: it is of a stylisation, which must be the first program")
    report = _table.Report(as_json=options.json)
    compiler = Compiler(target, options)
    rows = report.found["programs"] = []
    for side in options.sides:
        for batch in options.batches:
            scale = _programs.LARGE._replace(side=side, batch=batch)
            scale = _programs.SMALL if options.small else scale
            rows += [compiler.measure(name, scale) for name in names]
    report.table(HEADER, [cells(row) for row in rows])
    if options.devices > 1:
        shared = {name: compiler.collectives(name) for name in names}
        report.found["collectives"] = shared
        counted = [[name, said(kinds)] for name, kinds in shared.items() if kinds is not None]
        report.table([f"on {options.devices} devices", "collectives"], counted)
    if options.largest:
        for side in options.sides:
            report.note(compiler.largest_batch(names[0], side))
    if target.source:
        report.note(f"Peaks and bandwidth of {options.target}: {target.source}.")
    if options.record is not None:
        write_bytes(options.record, json.dumps(report.found, indent=2, ensure_ascii=False).encode())
    report.close()
    return 0


class Compiler:
    """Compiles programs by name, each but once."""

    def __init__(self, target: _aot.Target, options: Any) -> None:
        self.target, self.forms = target, options.forms or target.platform
        self.devices = _aot.devices_of(target, options.devices, options.effort)
        self.measure = functools.cache(self._measure)

    def compiled(self, name: str, scale: Any, count: int = 1) -> tuple[Any, dict[str, Any] | None]:
        """A case, and its figures on `count` devices; None where it runs on one alone."""
        import _programs

        from jaxtex import platforms

        with platforms.tracing_for(self.forms):
            case = _programs.programs(scale)[name]()
            if count > 1 and not case.batch:
                return case, None
            return case, _aot.figures(_aot.compile_case(case, self.devices[:count]))

    def _measure(self, name: str, scale: Any) -> dict[str, Any]:
        """What a program takes on one device."""
        _table.progress(f"{name}, {scale.side}×{scale.side}, batch {scale.batch}")
        row: dict[str, Any] = {"name": name, "side": scale.side, "batch": scale.batch}
        try:
            case, found = self.compiled(name, scale)
        except _aot.DoesNotFit as error:
            return {**row, "does_not_fit": str(error)}
        assert found is not None
        row |= found
        row["pixels"] = case.pixels
        row["roofline"] = _aot.roofline(self.target, found, case.precision)
        return row

    def collectives(self, name: str) -> dict[str, int] | None:
        """By kind, of a tiny program on all devices; None where it runs on one alone."""
        import _programs

        _table.progress(f"{name} on {len(self.devices)} devices")
        scale = _programs.SMALL._replace(batch=len(self.devices))
        found = self.compiled(name, scale, len(self.devices))[1]
        return None if found is None else found["collectives"]

    def largest(self, name: str, side: int) -> tuple[int, int] | None:
        """The largest batch by offset and slope of the memory of two, and the larger of the two.

        XLA cuts small batches of images into strips on TPUs, so that 8 and 16 are taken first.
        """
        larger = 16
        while larger > 1:
            rows = [self.of_batch(name, side, batch) for batch in (larger // 2, larger)]
            if not any("does_not_fit" in row for row in rows):
                less, more = (row["held"] for row in rows)
                slope = (more - less) / (larger - larger // 2)
                return int(larger + (self.memory - more) // slope), larger
            larger //= 2
        return None

    def largest_batch(self, name: str, side: int) -> str:
        """The same in words."""
        found = self.largest(name, side)
        if found is None:
            return f"Not even two of {name} at {side}×{side} fit."
        return (
            f"About {found[0]} of {name} at {side}×{side} fit at once, by the memory that "
            f"{found[1] // 2} and {found[1]} take."
        )

    def of_batch(self, name: str, side: int, batch: int) -> dict[str, Any]:
        """`measure` at full size, but for the side and the batch."""
        import _programs

        return self.measure(name, _programs.LARGE._replace(side=side, batch=batch))

    @property
    def memory(self) -> float:
        """Bytes of the device, or of this machine."""
        return (self.target.memory or _table.machine()["memory_gib"] or 0) * 2**30


def cells(row: dict[str, Any]) -> list[str]:
    """A row of the table."""
    title = f"{row['name']} {row['side']} × {row['batch']}"
    if "does_not_fit" in row:
        return [title, "", "", "", row["does_not_fit"], "", ""]
    flops, moved, time = row["flops"], row["bytes"], row["roofline"]
    per_pixel = moved / row["pixels"] / 1e3 if moved and row["pixels"] else None
    return [
        title,
        shown(flops and flops / 1e9),
        shown(moved and moved / 1e9),
        shown(per_pixel),
        shown(row["temporaries"] / 2**30),
        shown(row["arguments"] / 2**30),
        shown(time and time * 1e3),
    ]


def shown(number: float | None) -> str:
    """To three digits; a dash where it is not known."""
    if number is None:
        return "–"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def said(kinds: dict[str, int]) -> str:
    """Collectives in words."""
    return ", ".join(f"{count} {name}" for name, count in kinds.items()) or "none"


if __name__ == "__main__":
    _table.run(main)
