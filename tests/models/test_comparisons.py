"""The lecture's numbers, as layers count and compute them."""

from __future__ import annotations

import numpy as np
import pytest

from cnnseg_models.comparisons import kernel_comparisons, overlaps, transposed_ones


def test_small_kernels_one_after_the_other_see_as_much_with_fewer_weights() -> None:
    counted = [(c.one.weights, c.stack.weights) for c in kernel_comparisons()]
    assert counted == [(121, 45), (25, 18), (49, 14)]
    for comparison in kernel_comparisons():
        assert comparison.one.receptive_field == comparison.stack.receptive_field
        assert comparison.one.receptive_field == comparison.one.sizes[0]


@pytest.mark.parametrize(
    ("kernel", "stride", "values"),
    [
        (3, 2, {1, 2, 4}),
        (5, 2, {4, 6, 9}),
        (4, 2, {4}),
        (2, 2, {1}),
        (64, 32, {4}),
    ],
)
def test_a_transposed_convolution_overlaps_unevenly_unless_stride_divides_kernel(
    kernel: int, stride: int, values: set[int]
) -> None:
    assert set(np.unique(transposed_ones(kernel, stride)).tolist()) == values


def test_upsampling_and_convolution_leave_no_pattern() -> None:
    *transposed, upsampled = overlaps()
    assert upsampled.even
    assert [overlap.even for overlap in transposed] == [False, False, True, True, True]
    assert all(overlap.values.shape == (12, 12) for overlap in overlaps())
