"""The commands, called in this process or in one of their own."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from jaxtex.cli import main

ROOT = Path(__file__).parents[2]


class Answer(NamedTuple):
    """What a command said."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def texture_model(tmp_path_factory) -> Path:
    """A texture model of random weights."""
    from texture_models import lively_model

    return lively_model(tmp_path_factory.mktemp("model") / "lively.safetensors")


@pytest.fixture
def call(capsys):
    """Calls the command line in this process."""

    def call(*words: object) -> Answer:
        before = signal.getsignal(signal.SIGINT)
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        assert signal.getsignal(signal.SIGINT) == before
        return Answer(int(stop.value.code or 0), *capsys.readouterr())

    return call


@pytest.fixture
def refuse(call, tmp_path):
    """Calls the command, which must refuse with one sentence that holds all `parts`."""

    def refuse(*words: object, parts: Sequence[object], code: int = 2) -> Answer:
        before = sorted(tmp_path.rglob("*"))
        answer = call(*words)
        assert answer.code == code, answer.err
        assert answer.out == ""
        assert "Traceback" not in answer.err
        assert answer.err.startswith("jaxtex: ")
        assert answer.err.count("\n") == 1
        for part in parts:
            assert str(part) in answer.err
        assert sorted(tmp_path.rglob("*")) == before
        return answer

    return refuse


@pytest.fixture
def launch() -> Iterator:
    """Starts `python cli.py …` in a process of its own; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def launch(*words: object, python: Sequence[str] = ()) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *python, str(ROOT / "cli.py"), *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "default"},
        )
        started.append(process)
        return process

    yield launch
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.communicate()
