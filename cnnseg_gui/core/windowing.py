"""Numbers of any type as 8-bit colours: windowed between two percentiles, not clipped at 255."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.mask import Pixels

_PERCENT = 0.35, 99.65  # as ImageJ's and napari's auto-contrast: a few outliers may saturate
_SAMPLE = 4_000_000  # values looked at for the percentiles
_BAND = 4_000_000  # values converted at a time: a large image costs little beside its result


Window = tuple[float, float]
"""The values shown as black and as white."""


def to_rgb8(values: npt.NDArray[Any], window: Window | None = None) -> tuple[Pixels, Window | None]:
    """Values as they are shown, and the window used.

    Args:
        values: [H, W] or [H, W, C] of any type. Two channels are grey with alpha or grey with
            something else, and of more than three the first three are colours: the window is that
            of the channels that are shown.
        window: instead of the one found from the values.

    Returns:
        uint8[H, W, 3], C-contiguous, and the values shown as black and as white; None where they
        had 8 bits or one.
    """
    if values.ndim == 2:
        values = values[..., None]
    values = values[..., :3] if values.shape[2] >= 3 else values[..., :1]
    if values.dtype in (np.bool_, np.uint8):
        window = None
        values = values.astype(np.uint8) * np.uint8(255) if values.dtype == np.bool_ else values
    else:
        window = window or window_of(values)
        values = windowed(values, window)
    if values.shape[2] == 1:
        values = np.repeat(values[..., 0], 3, axis=1).reshape(*values.shape[:2], 3)
    return np.ascontiguousarray(values), window


def window_of(values: npt.NDArray[Any]) -> Window:
    """Percentiles of the finite values; the whole range where they coincide; never empty."""
    step = max(1, int(np.sqrt(values.size / _SAMPLE)))
    sample = _real(values[::step, ::step]).ravel()
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = (float(edge) for edge in np.percentile(sample, _PERCENT))
    if not high > low:
        low, high = float(sample.min()), float(sample.max())
    return (low, high) if high > low else (low, low + max(1.0, abs(low)))


def windowed(values: npt.NDArray[Any], window: Window) -> Pixels:
    """Numbers of any shape through a window: uint8 of that shape, NaN as black."""
    low, high = window
    out = np.empty(values.shape, np.uint8)
    rows = max(1, _BAND // max(1, values[:1].size))
    with np.errstate(over="ignore", invalid="ignore"):  # NaN, infinity and 1e300 are dealt with
        factor = 255.0 / (high - low)
        for top in range(0, len(values), rows):
            scaled = _real(values[top : top + rows])
            scaled -= low
            scaled *= factor
            np.fmax(scaled, 0.0, out=scaled)  # of NaN and a number the number
            np.fmin(scaled, 255.0, out=scaled)
            out[top : top + rows] = np.rint(scaled, out=scaled)
    return out


# ---------------------------------------------------------------------- inside


def _real(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """float64: float32 would make one value of large integers that differ by little."""
    with np.errstate(over="ignore", invalid="ignore"):  # of signalling NaNs
        magnitudes = np.abs(values) if np.iscomplexobj(values) else values
        return magnitudes.astype(np.float64)
