"""Memory that runs out is told from a defect."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cnnseg_gui.learning.memory import is_out_of_memory


def test_torch_and_numpy_running_out_of_memory_are_recognised() -> None:
    with pytest.raises(RuntimeError) as of_torch:
        torch.empty(2**50, dtype=torch.uint8)
    with pytest.raises(MemoryError) as of_numpy:
        np.empty(2**60, np.uint8)
    assert is_out_of_memory(of_torch.value)
    assert is_out_of_memory(of_numpy.value)


def test_a_wrong_shape_is_no_lack_of_memory() -> None:
    with pytest.raises(RuntimeError) as error:
        torch.zeros(2, 3) @ torch.zeros(2, 3)
    assert not is_out_of_memory(error.value)
