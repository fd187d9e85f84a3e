"""The modules that the scripts of `bench/` share."""

import pytest
from bench_scripts import BENCH


@pytest.fixture
def rival(monkeypatch):
    """`bench/_torch.py`, or a skip without PyTorch."""
    pytest.importorskip("torch", reason="the rival is PyTorch")
    monkeypatch.syspath_prepend(str(BENCH))
    import _torch

    return _torch


@pytest.fixture
def table(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import _table

    return _table


@pytest.fixture
def compiled(monkeypatch):
    """`bench/_ours.py`."""
    monkeypatch.syspath_prepend(str(BENCH))
    import _ours

    return _ours


@pytest.fixture
def training(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import _training

    return _training


@pytest.fixture
def searchers(monkeypatch):
    """`bench/_searchers.py`."""
    monkeypatch.syspath_prepend(str(BENCH))
    import _searchers

    return _searchers


@pytest.fixture
def descriptors(monkeypatch):
    """`bench/_descriptors.py`."""
    monkeypatch.syspath_prepend(str(BENCH))
    import _descriptors

    return _descriptors
