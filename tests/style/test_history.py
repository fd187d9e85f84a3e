import csv
import errno
import os
import sys

import numpy as np
import pytest

from jaxtex.errors import OutputError, RunError
from jaxtex.style import History, Losses
from jaxtex.style.history import COLUMNS, check_history_path


@pytest.fixture
def history():
    values = [np.linspace(9, 1, 5, dtype=np.float32) + n for n in range(len(Losses._fields))]
    return History(Losses(*values), np.array([0.0, 0.0, 0.5, 0.75, 2.0]))


def test_columns_are_the_documented_ones():
    assert COLUMNS == ("step", "total", "content", "style", "tv", "seconds")


def test_the_file_has_a_row_for_each_step(history, tmp_path):
    path = tmp_path / "h.csv"
    history.save(path)
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert [int(row[0]) for row in rows] == [0, 1, 2, 3, 4]
    for column, name in enumerate(COLUMNS):
        found = np.array([float(row[column]) for row in rows])
        np.testing.assert_array_equal(found.astype(np.float32), getattr(history, name))


def test_the_suffix_may_be_upper_case(history, tmp_path):
    history.save(tmp_path / "h.CSV")
    assert (tmp_path / "h.CSV").read_text().startswith("step,total,")


@pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib")
def test_a_plot_is_a_png(history, tmp_path):
    pytest.importorskip("matplotlib")
    history.save(tmp_path / "h.png")
    assert (tmp_path / "h.png").read_bytes().startswith(b"\x89PNG")


def test_a_plot_without_matplotlib_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    check_history_path(tmp_path / "h.csv", overwrite=False)
    with pytest.raises(OutputError, match=r"h\.png: a plot needs matplotlib"):
        check_history_path(tmp_path / "h.png", overwrite=False)


@pytest.mark.parametrize("name", ["h.txt", "h", "h.jpg"])
def test_another_suffix_is_refused(tmp_path, name):
    with pytest.raises(OutputError, match=f"{name}: a history is written as .csv or .png"):
        check_history_path(tmp_path / name, overwrite=False)


def test_an_existing_file_is_kept_without_overwrite(tmp_path):
    (tmp_path / "h.csv").touch()
    with pytest.raises(OutputError, match="exists already"):
        check_history_path(tmp_path / "h.csv", overwrite=False)
    check_history_path(tmp_path / "h.csv", overwrite=True)


def test_a_full_disk_leaves_nothing_and_names_the_file(history, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"h\.csv: cannot be written \(No space left"):
        history.save(tmp_path / "h.csv")
    assert not list(tmp_path.iterdir())
