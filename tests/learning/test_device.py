"""Choosing a device."""

from __future__ import annotations

import time

import pytest
import torch

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.learning.device import choose


def test_the_processor_is_always_there_and_is_measured() -> None:
    compute = choose("cpu")
    assert compute.device == torch.device("cpu")
    assert compute.name
    assert set(compute.milliseconds) == {"float32", "bfloat16"}
    assert all(value > 0 for value in compute.milliseconds.values())


def test_bf16_is_taken_only_where_it_wins() -> None:
    compute = choose("cpu")
    faster = compute.milliseconds["bfloat16"] < compute.milliseconds["float32"]
    assert faster or compute.precision == torch.float32
    assert compute.precision in (torch.float32, torch.bfloat16)


def test_choosing_takes_less_than_a_blink() -> None:
    choose("cpu")
    start = time.thread_time()
    choose("cpu")
    assert time.thread_time() - start < 0.3


def test_measuring_leaves_the_threads_as_asked() -> None:
    before = torch.get_num_threads()
    try:
        assert choose("cpu", threads=1).threads == 1
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_auto_finds_a_device() -> None:
    assert choose().device.type in ("cuda", "mps", "cpu")


@pytest.mark.parametrize("name", ["tpu", "cuda:x", "", "CUDA"])
def test_a_name_that_is_no_device_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="no device"):
        choose(name)


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match=r"cuda:99.*is not there") as caught:
        choose("cuda:99")
    assert caught.value.remedy


def test_training_runs_in_the_training_precision() -> None:
    compute = choose("cpu")
    conv = torch.nn.Conv2d(1, 1, 1)
    with compute.autocast():
        assert conv(torch.zeros(1, 1, 2, 2)).dtype == compute.train_precision
