"""DICOM through pydicom, which the extra `dicom` installs. Runs in the decoder's process only.

Source: DICOM PS3.3 2025, C.7.6.3 image pixel, C.11.1 modality LUT, C.11.2 VOI LUT.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.decoded import Decoded
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_file import Source, opened
from cnnseg_gui.core.windowing import Window

if TYPE_CHECKING:
    from pydicom import Dataset

_MICROMETRES_PER_MILLIMETRE = 1e3


def is_dicom(head: bytes) -> bool:
    """By the mark behind the preamble."""
    return head[128:132] == b"DICM"


def page_count(source: Source) -> int:
    """The frames.

    Raises:
        UserError: pydicom is not installed, or there is no image in the file.
    """
    with _header(source) as header:
        return max(1, int(header.get("NumberOfFrames") or 1))


def shape(source: Source, page: int) -> tuple[int, int]:
    """Height and width.

    Raises:
        UserError: pydicom is not installed, or there is no image in the file.
    """
    with _header(source) as header:
        return int(header.Rows), int(header.Columns)


def read(source: Source, page: int) -> Decoded:
    """A frame after the modality's rescaling, dark where the sensor saw nothing.

    Raises:
        UserError: pydicom is not installed, or there is no image in the file.
        Exception: of any kind, where the file is broken or its compression is not known.
    """
    with _header(source, pixels=True) as dataset:
        from pydicom.pixels.processing import apply_color_lut
        from pydicom.pixels.utils import pixel_array

        _check_compression(dataset)
        values = np.asarray(pixel_array(dataset, index=page))
        photometric, window = str(dataset.PhotometricInterpretation), None
        if photometric == "PALETTE COLOR":
            values = np.asarray(apply_color_lut(values, dataset))
            values = (values >> 8 if values.max(initial=0) > 255 else values).astype(np.uint8)
        elif values.ndim == 2:
            top = _top(dataset) if photometric == "MONOCHROME1" else None
            values = _rescaled(values if top is None else _inverted(values, top), dataset)
            window = _window(dataset, mirrored=top)
        kind = values.dtype.name if values.ndim == 2 else photometric
        return Decoded(values, kind, window=window, pixel_size=_pixel_size(dataset))


# ---------------------------------------------------------------------- inside


@contextlib.contextmanager
def _header(source: Source, *, pixels: bool = False) -> Iterator[Dataset]:
    try:
        from pydicom import dcmread
    except ImportError as error:
        raise UserError(
            "this is a DICOM image, and what reads it is not installed",
            remedy='Install it: pip install "cnnseg-gui[dicom]".',
        ) from error
    with opened(source) as file, warnings.catch_warnings():  # this process has one thread
        warnings.simplefilter("ignore")
        dataset = dcmread(file, stop_before_pixels=not pixels)
        if "Rows" not in dataset or "Columns" not in dataset:
            raise UserError("there is no image in this DICOM file", remedy="Leave it out.")
        yield dataset


def _check_compression(dataset: Dataset) -> None:
    from pydicom.pixels.decoders.base import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        known = get_decoder(syntax).is_available
    except NotImplementedError:
        known = False
    if not known:
        raise UserError(
            f"this DICOM file is compressed in a way that is not read here ({syntax.name})",
            remedy="Save it without compression in another program, or leave it out.",
        )


def _inverted(values: npt.NDArray[Any], top: int) -> npt.NDArray[Any]:
    """Bits above those that are stored are nobody's, and would wrap round."""
    return np.asarray(top - (np.minimum(values, top) if top > 0 else values), values.dtype)


def _top(dataset: Dataset) -> int:
    """What a value and its inverse add up to."""
    return -1 if dataset.PixelRepresentation == 1 else (1 << int(dataset.BitsStored)) - 1


def _rescaled(values: npt.NDArray[Any], dataset: Dataset) -> npt.NDArray[Any]:
    """Of the smallest type that holds them, where slope and intercept are whole numbers."""
    from pydicom.pixels.processing import apply_rescale

    slope, intercept = _rescaling(dataset)
    if (slope, intercept) == (1.0, 0.0):
        return values
    rescaled = np.asarray(apply_rescale(values, dataset), np.float64)
    if slope.is_integer() and intercept.is_integer():
        for dtype in (np.int16, np.uint16, np.int32):
            limits = np.iinfo(dtype)
            if rescaled.min() >= limits.min and rescaled.max() <= limits.max:
                return rescaled.astype(dtype)
    return rescaled.astype(np.float32)


def _rescaling(dataset: Dataset) -> tuple[float, float]:
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    if slope is None or intercept is None:
        return 1.0, 0.0
    return float(slope), float(intercept)


def _window(dataset: Dataset, *, mirrored: int | None) -> Window | None:
    """The first window that the file proposes (C.11.2.1.2.1), in rescaled values."""
    centres, widths = dataset.get("WindowCenter"), dataset.get("WindowWidth")
    if centres is None or widths is None:
        return None
    centre, width = (
        float(value[0] if isinstance(value, list) or hasattr(value, "__len__") else value)
        for value in (centres, widths)
    )
    if not (np.isfinite(centre) and np.isfinite(width) and width > 1):
        return None
    low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    if mirrored is None:
        return low, high
    slope, intercept = _rescaling(dataset)
    both = slope * mirrored + 2 * intercept  # what a rescaled value and its inverse add up to
    return both - high, both - low


def _pixel_size(dataset: Dataset) -> float | None:
    """From the distance of columns; the detector's where the patient's is not known."""
    for name in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        spacing = dataset.get(name)
        if spacing is not None and len(spacing) == 2 and 0 < float(spacing[1]) < 1e3:
            return float(spacing[1]) * _MICROMETRES_PER_MILLIMETRE
    return None
