"""How large a pixel is, where a TIFF file says it in a way that can be believed.

OME-XML and ImageJ say it on purpose. The resolution that every TIFF file has room for is believed
in centimetres, and in inches from 400 dpi on: below, it is what a camera or an editor writes into
any picture (72, 96, 180, 300).
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

_MICROMETRES = {
    "pm": 1e-6,
    "nm": 1e-3,
    "micron": 1.0,
    "microns": 1.0,
    "um": 1.0,
    "\u00b5m": 1.0,  # micro sign
    "\u03bcm": 1.0,  # Greek mu
    "\\u00B5m": 1.0,  # as ImageJ escapes it
    "mm": 1e3,
    "cm": 1e4,
    "inch": 25_400.0,
    "m": 1e6,
}
_X_RESOLUTION, _RESOLUTION_UNIT = 282, 296
_INCH, _CENTIMETRE = 2, 3
_BELIEVED_DPI = 400.0


def tiff_pixel_size(source: Path | bytes) -> float | None:
    """Micrometres per pixel, across; None where the file does not say, or is no TIFF file."""
    import tifffile

    try:
        with tifffile.TiffFile(source if isinstance(source, Path) else io.BytesIO(source)) as tiff:
            size = _of_ome(tiff) or _of_imagej(tiff) or _of_resolution(tiff)
    except Exception:  # noqa: BLE001 - broken tags do not spoil the pixels
        return None
    return size if size is not None and 0 < size < 1e6 else None


def _of_ome(tiff: Any) -> float | None:  # noqa: ANN401 - tifffile's pages are untyped unions
    if not tiff.is_ome:
        return None
    found = re.search(r'PhysicalSizeX="([\d.eE+-]+)"', tiff.ome_metadata)
    unit = re.search(r'PhysicalSizeXUnit="([^"]+)"', tiff.ome_metadata)
    scale = _MICROMETRES.get(unit[1]) if unit else 1.0
    return float(found[1]) * scale if found and scale else None


def _of_imagej(tiff: Any) -> float | None:  # noqa: ANN401
    scale = _MICROMETRES.get(str((tiff.imagej_metadata or {}).get("unit", "")))
    per_unit = _per_unit(tiff)
    return scale / per_unit if scale and per_unit else None


def _of_resolution(tiff: Any) -> float | None:  # noqa: ANN401
    unit = tiff.pages.first.tags.get(_RESOLUTION_UNIT)
    per_unit = _per_unit(tiff)
    if unit is None or not per_unit:
        return None
    if int(unit.value) == _CENTIMETRE:
        return _MICROMETRES["cm"] / per_unit
    if int(unit.value) == _INCH and per_unit >= _BELIEVED_DPI:
        return _MICROMETRES["inch"] / per_unit
    return None


def _per_unit(tiff: Any) -> float | None:  # noqa: ANN401
    tag = tiff.pages.first.tags.get(_X_RESOLUTION)
    if tag is None:
        return None
    numerator, denominator = tag.value
    return numerator / denominator if denominator else None
