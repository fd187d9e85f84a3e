"""A Python of its own with several virtual devices, shared by tests."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def said_on(
    count: int,
    script: str,
    *arguments: Any,
    timeout: int = 300,
    strict: bool = True,
    flags: str = "",
):
    """What a script prints as JSON on so many CPU devices; `strict`: user warnings are errors.

    `flags` are further ones of XLA.
    """
    tests = Path(__file__).parent
    warnings = ("-W", "error::UserWarning") if strict else ()
    done = subprocess.run(
        [sys.executable, *warnings, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (tests, tests.parent))),
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": f"--xla_force_host_platform_device_count={count} {flags}",
        },
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
