"""Where and how precisely to compute: chosen once, by asking and by measuring."""

from __future__ import annotations

import platform
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from cnnseg_gui.core.errors import UserError

_WORTHWHILE = 0.85  # of fp32's time: a smaller win is within the measurement's noise
_PATIENCE = 0.04  # seconds of measuring for each precision, after one warm-up run


@dataclass(frozen=True)
class Compute:
    """A device and what it is good at."""

    device: torch.device
    name: str
    """As its maker calls it."""
    precision: torch.dtype
    """Of weights and activations when proposing."""
    train_precision: torch.dtype
    """Of convolutions when training; weights, norms and losses stay in float32."""
    threads: int
    milliseconds: dict[str, float] = field(default_factory=dict)
    """What was measured to choose the precision, by its name; empty where nothing was."""

    @property
    def trains_in(self) -> str:
        """The name of `train_precision`, e.g. "bfloat16"."""
        return str(self.train_precision).removeprefix("torch.")

    def place(self, tensor: torch.Tensor) -> torch.Tensor:
        """On the device; to a GPU from pinned memory, so that copying overlaps with computing."""
        if self.device.type == "cuda":
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)

    def autocast(self) -> AbstractContextManager[object]:
        """Around the forward pass of a training step."""
        wanted = self.train_precision != torch.float32
        return torch.autocast(self.device.type, dtype=self.train_precision, enabled=wanted)


def choose(preference: str = "auto", threads: int | None = None) -> Compute:
    """The device to compute on.

    Args:
        preference: "auto" (CUDA, else MPS, else the processor), "cpu", "cuda", "cuda:N" or "mps".
        threads: for torch on the processor; its own default where None. Set for the process.

    Raises:
        UserError: the device asked for is not there.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    device = _find(preference)
    if device.type == "cuda":
        return _on_cuda(device)
    if device.type == "mps":
        name = platform.processor() or "Apple GPU"
        return Compute(device, name, torch.float32, torch.float32, torch.get_num_threads())
    times = _measure()
    fast = times["bfloat16"] < _WORTHWHILE * times["float32"]
    precision = torch.bfloat16 if fast else torch.float32
    return Compute(device, _processor(), precision, precision, torch.get_num_threads(), times)


def _find(preference: str) -> torch.device:
    if preference == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda:0")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind, _, number = preference.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (number and not number.isdecimal()):
        raise UserError(
            f"“{preference}” is no device", remedy="Choose auto, cpu, cuda, cuda:N or mps."
        )
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and int(number or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }[kind]
    if not there:
        raise UserError(
            f"the device “{preference}” is not there, or torch cannot use it",
            remedy="Choose auto or cpu; for CUDA check the driver and torch's build.",
        )
    return torch.device(f"cuda:{number or 0}" if kind == "cuda" else kind)


def _on_cuda(device: torch.device) -> Compute:
    # bf16 needs no loss scaling; before Ampere it is emulated, and fp16 is the fast one.
    ampere = torch.cuda.get_device_capability(device)[0] >= 8
    return Compute(
        device,
        torch.cuda.get_device_name(device),
        torch.bfloat16 if ampere else torch.float16,
        torch.bfloat16 if ampere else torch.float32,
        torch.get_num_threads(),
    )


@torch.inference_mode()
def _measure() -> dict[str, float]:
    """Milliseconds of a small convolution in each precision: the best run of a few.

    On one thread, in that thread's own time: with several, a busy machine makes every run as long
    as its slowest thread's wait, and the two precisions look alike (measured: 12.9 and 12.1 ms
    instead of 0.8 and 0.14).
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        conv = nn.Conv2d(32, 32, 3, padding=1).to(memory_format=torch.channels_last)
        x = torch.zeros(1, 32, 128, 128).contiguous(memory_format=torch.channels_last)
        times = {}
        for dtype in (torch.float32, torch.bfloat16):
            conv, x = conv.to(dtype), x.to(dtype)
            runs = [_seconds(conv, x)]  # the first one also makes the kernel
            while sum(runs[1:]) < _PATIENCE and runs[0] < 4 * _PATIENCE and len(runs) < 12:
                runs.append(_seconds(conv, x))
            times[str(dtype).removeprefix("torch.")] = 1000 * min(runs)
        return times
    finally:
        torch.set_num_threads(threads)


def _seconds(conv: nn.Conv2d, x: torch.Tensor) -> float:
    start = time.thread_time()
    conv(x)
    return time.thread_time() - start


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
