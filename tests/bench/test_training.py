"""Rivals of a training step."""

import numpy as np
import pytest


def test_rivals_of_a_training_step_must_agree(training, table):
    def fail():
        raise NotImplementedError("no such thing\nat all")

    def check(image, losses):
        report = table.Report(as_json=False)
        using = {"jaxtex": lambda: np.zeros(4), "PyTorch eager": lambda: image,
                 training.COMPILED: fail}  # fmt: skip
        steps = {"jaxtex": lambda: [2.0, 1.0], "PyTorch eager": lambda: losses,
                 training.COMPILED: fail}  # fmt: skip
        training.check(using, steps, np.subtract, "they differ by {}", report)
        return list(using), list(steps), report

    image = np.array([0, 0, -1e-4, 0])
    *left, report = check(image, [2.0, 1.0002])
    assert left == 2 * [["jaxtex", "PyTorch eager"]]
    assert report.found["notes"][-3:] == [
        "torch.compile failed (NotImplementedError: no such thing)",
        "they differ by 1.0e-04",
        "the losses of the first step differ by at most 2.0e-04 of them",
    ]
    for wrong in [(20 * image, [2.0, 1.0]), (image, [1.99, 1.0])]:
        with pytest.raises(RuntimeError, match="do not compute the same"):
            check(*wrong)
    training.measure("step", {"jaxtex": lambda: None}, 2, report, digits=0)
    assert [len(each["measured"]["jaxtex"]) for each in report.found["comparisons"]] == [2]
