"""Kernels in eight bits: their error, files of them, and files that do not fit together."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from jaxtex import weights
from jaxtex.errors import WeightsError
from jaxtex.weights import packed, unpacked

VALUES = arrays.arrays(
    np.float32,
    arrays.array_shapes(min_dims=2, max_dims=4, max_side=5),
    elements=st.floats(-1e3, 1e3, width=32),
)


@given(VALUES, st.integers(-2, 1))
def test_no_value_is_further_off_than_half_a_unit(kernel, axis):
    tensors = packed({"kernel": kernel}, {"kernel": axis})
    assert tensors["kernel"].dtype == np.int8
    again = unpacked(tensors, Path("file"))["kernel"]
    largest = abs(np.moveaxis(kernel, axis, 0)).reshape(kernel.shape[axis], -1).max(1)
    off = abs(np.moveaxis(again - kernel, axis, 0)).reshape(len(largest), -1).max(1)
    assert (off <= largest / 254 * 1.001 + 1e-30).all()


def test_a_channel_of_zeros_stays_so():
    kernel = np.zeros((3, 2), np.float32)
    kernel[:, 1] = 1, -2, 3
    again = unpacked(packed({"kernel": kernel}, {"kernel": 1}), Path("file"))["kernel"]
    np.testing.assert_array_equal(again[:, 0], 0)
    np.testing.assert_allclose(again[:, 1], kernel[:, 1], rtol=0.01)


def test_other_tensors_stay_as_they_are():
    tensors = {"bias": np.ones(3, np.float16), "kernel": np.ones((2, 3), np.float32)}
    kept = packed(tensors, {"kernel": -1})
    assert kept["bias"] is tensors["bias"]
    assert unpacked(kept, Path("file"))["bias"] is tensors["bias"]
    assert unpacked(tensors, Path("file")) == tensors


def test_a_file_of_them_is_read_again(tmp_path):
    tensors = packed({"kernel": np.arange(6, dtype=np.float32).reshape(2, 3)}, {"kernel": -1})
    weights.write_safetensors(tmp_path / "packed.safetensors", tensors, {})
    again, _ = weights.read_safetensors(tmp_path / "packed.safetensors")
    assert {name: array.dtype for name, array in again.items()} == {
        "kernel": np.dtype("i1"),
        "kernel.unit": np.dtype("f4"),
    }
    for name, array in again.items():
        np.testing.assert_array_equal(array, tensors[name])


@pytest.mark.parametrize(
    "wrong",
    [
        {"kernel": np.ones((2, 3), np.float32), "kernel.unit": np.ones((1, 3), np.float32)},
        {"kernel": np.ones((2, 3), np.int8), "kernel.unit": np.ones((3,), np.float32)},
        {"kernel": np.ones((2, 3), np.int8), "kernel.unit": np.ones((1, 2), np.float32)},
        {"kernel": np.ones((2, 3), np.int8), "kernel.unit": np.ones((1, 3), np.int8)},
        {"kernel.unit": np.ones((1, 3), np.float32)},
    ],
)
def test_a_unit_that_does_not_go_with_its_kernel_is_refused(wrong):
    with pytest.raises(WeightsError, match=r"file: kernel.unit does not go with a kernel"):
        unpacked(wrong, Path("file"))
