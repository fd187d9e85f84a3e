"""How measurements are timed and shown; nothing here asserts a time."""

import pytest


def test_a_table_is_aligned_markdown(table):
    assert table.markdown(["what", "ms"], [["jaxtex", "1.0"], ["b", "12.25"]]).splitlines() == [
        "| what   |    ms |",
        "| ------ | ----: |",
        "| jaxtex |   1.0 |",
        "| b      | 12.25 |",
    ]


def test_a_comparison_is_a_table_with_ratios_and_is_on_record(table, capsys):
    report = table.Report(as_json=False)
    seconds = {"jaxtex": [0.002, 0.001], "slow": [0.004], "slower": [0.006], "scale": [0.001]}
    columns = {"error": {"slow": "1e-3"}}
    report.compare("what", seconds, beside=["scale"], columns=columns)
    said = capsys.readouterr().out
    assert "| jaxtex |    1.0 |    1.5 | 2.0 |     1.00 |       |" in said
    assert "| slow   |    4.0 |    4.0 | 4.0 |     2.67 |  1e-3 |" in said
    assert "slow / jaxtex: 2.67 by medians, 4.00 by minima" in said
    (found,) = report.found["comparisons"]
    assert found["title"] == "what"
    assert list(found["measured"]) == ["jaxtex", "slow", "slower"]
    assert found["measured"]["jaxtex"] == pytest.approx([2, 1])


def test_rivals_take_turns(table):
    turns = []
    seconds = table.in_turn({name: lambda n=name: turns.append(n) for name in "abc"}, 2)
    assert "".join(turns) == "abcabc"
    assert {name: len(values) for name, values in seconds.items()} == {"a": 2, "b": 2, "c": 2}
