"""`jaxtex doctor`: versions, devices, weights and numerical canaries."""

import faulthandler
import sys
from dataclasses import asdict
from typing import Any

import click

from jaxtex import cli
from jaxtex.cli._options import json_option


@click.command()
@click.option(
    "--deep", is_flag=True, help="Compare whole programs with float64, too: about two minutes."
)
@json_option
@click.pass_context
def doctor(ctx: click.Context, deep: bool, as_json: bool) -> None:
    """Check versions, devices, weights and numerics of this machine.

    Compiled kernels are compared with float64 references, which takes some seconds. Exits 1 when a
    check fails.

    \b
    Examples:
      jaxtex doctor
      jaxtex doctor --deep     # for a JAX, or a device, that is new here
    """
    from jaxtex.health import examine, sections, status

    if sys.__stderr__ is not None and not faulthandler.is_enabled():
        # Should a compiled program crash the process, this says in which check.
        faulthandler.enable(sys.__stderr__)
    report: dict[str, list[dict[str, Any]]] = {name: [] for name in sections(deep)}
    ok = True
    for section, check in examine(deep):
        ok = ok and check.ok
        word = status(check)
        report[section].append({"status": word, **asdict(check)})
        if not as_json:
            click.echo(f"{word:4}  {check.name:18} {check.detail}")
            sys.stdout.flush()
    if as_json:
        cli.print_json({"ok": ok, **report})
    if not ok:
        ctx.exit(1)
