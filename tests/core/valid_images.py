"""Small valid image files of every format, made here."""

from __future__ import annotations

import importlib.util
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image

_HEIGHT, _WIDTH = 48, 64


def valid_images() -> dict[str, list[bytes]]:
    """Files by format, each with a picture that has no flat part: padding would show."""
    noise = np.random.default_rng(0).integers(30, 226, (_HEIGHT, _WIDTH, 3), np.uint8)
    colour = Image.fromarray(noise)
    grey = Image.fromarray(np.ascontiguousarray(noise[..., 0]))
    indexed = grey.convert("P")
    deep = noise[..., 0].astype(np.uint16) * 16
    page = grey.rotate(180)
    found = {
        "png": [
            pillow(colour, "PNG"),
            pillow(grey.point(lambda value: value > 120, "1"), "PNG"),
            pillow(indexed, "PNG"),
            pillow(colour, "PNG", save_all=True, append_images=[colour.rotate(180)]),
        ],
        "png16": [pillow(Image.fromarray(deep), "PNG")],
        "jpeg": [
            pillow(colour, "JPEG", quality=85),
            pillow(grey, "JPEG", quality=60),
            pillow(colour, "JPEG", quality=85, restart_marker_blocks=4),
        ],
        "jpeg-progressive": [pillow(colour, "JPEG", quality=85, progressive=True)],
        "tiff-strips": [
            tiff(noise, photometric="rgb", rowsperstrip=7),
            tiff(noise, photometric="rgb", byteorder=">"),
            tiff(noise[..., 0], bigtiff=True),
            tiff(np.stack([deep, deep[::-1]]), imagej=True),
        ],
        "tiff-tiles": [
            tiff(noise, photometric="rgb", tile=(16, 32)),
            tiff(deep, tile=(32, 16)),
        ],
        "tiff-deflate": [
            tiff(noise, photometric="rgb", compression="zlib", rowsperstrip=9),
            tiff(deep, compression="zlib", predictor=True, tile=(32, 16)),
        ],
        "tiff-lzw": [
            pillow(colour, "TIFF", compression="tiff_lzw"),
            pillow(page, "TIFF", compression="tiff_lzw", save_all=True, append_images=[grey]),
        ],
        "tiff-other": [
            pillow(colour, "TIFF", compression="jpeg"),
            pillow(grey, "TIFF", compression="packbits"),
            pillow(grey.convert("1"), "TIFF", compression="group4"),
            pillow(colour, "TIFF", compression="tiff_adobe_deflate"),
            pillow(grey, "TIFF", compression="lzma"),
            pillow(grey, "TIFF", compression="zstd"),
        ],
        "tiff16": [tiff(deep), tiff(deep.astype(np.float32)), tiff(deep.astype(np.int32) - 900)],
        "gif": [
            pillow(indexed, "GIF"),
            pillow(indexed, "GIF", save_all=True, append_images=[page.convert("P")]),
        ],
        "bmp": [
            pillow(colour, "BMP"),
            pillow(indexed, "BMP"),
            pillow(colour.convert("RGBA"), "BMP"),
            run_lengths(noise[..., 0]),
        ],
        "webp": [
            pillow(colour, "WEBP", quality=70),
            pillow(colour, "WEBP", lossless=True),
            pillow(colour, "WEBP", save_all=True, append_images=[colour.rotate(180)]),
        ],
        "ppm": [
            pillow(colour, "PPM"),
            pillow(grey, "PPM"),
            b"P5 64 48 4095\n" + deep.astype(">u2").tobytes(),
            b"P2 8 2 9\n" + b"1 2 3 4 5 6 7 8\n" * 2,
        ],
        "tga": [pillow(colour, "TGA"), pillow(grey, "TGA", compression="tga_rle")],
        "jp2": [
            pillow(colour, "JPEG2000"),
            pillow(colour, "JPEG2000", no_jp2=True, irreversible=True),
            pillow(Image.fromarray(deep), "JPEG2000"),
        ],
        "avif": [pillow(colour, "AVIF", quality=60, speed=10)],
    }
    if importlib.util.find_spec("pydicom") is not None:
        found["dicom"] = [
            dicom(deep),
            dicom(np.stack([deep, deep[::-1]]), WindowCenter=900, WindowWidth=1700),
            dicom(noise),
        ]
    if importlib.util.find_spec("pylibCZIrw") is not None:
        found["czi"] = [czi(deep[None]), czi(np.stack([deep, deep[::-1]]))]
    return found


def pillow(image: Image.Image, format: str, **options: Any) -> bytes:  # noqa: ANN401
    """A file as Pillow writes it."""
    buffer = io.BytesIO()
    image.copy().save(buffer, format, **options)  # a JPEG leaves its settings in the image
    return buffer.getvalue()


def tiff(values: npt.NDArray[Any], **options: Any) -> bytes:  # noqa: ANN401
    """A file as tifffile writes it."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def run_lengths(values: npt.NDArray[np.uint8]) -> bytes:
    """A BMP file of run lengths (BI_RLE8), every run one pixel long: uint8[H, W]."""
    height, width = values.shape
    rows = [b"".join(bytes((1, value)) for value in row) + b"\0\0" for row in values[::-1]]
    data = b"".join(rows)[:-2] + b"\0\1"
    palette = b"".join(bytes((k, k, k, 0)) for k in range(256))
    start = 14 + 40 + len(palette)
    numbers = (40, width, height, 1 | 8 << 16, 1, len(data), 2835, 2835, 256, 0)
    header = b"".join(number.to_bytes(4, "little") for number in numbers)
    size = (start + len(data)).to_bytes(4, "little")
    return b"BM" + size + bytes(4) + start.to_bytes(4, "little") + header + palette + data


def dicom(values: npt.NDArray[Any], **elements: Any) -> bytes:  # noqa: ANN401
    """A DICOM file, not compressed: uint16[H, W] or [frames, H, W], or uint8[H, W, 3].

    Args:
        elements: further data elements by keyword.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    colours = values.dtype == np.uint8
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.Rows, dataset.Columns = values.shape[:2] if colours else values.shape[-2:]
    dataset.SamplesPerPixel = 3 if colours else 1
    dataset.PhotometricInterpretation = "RGB" if colours else "MONOCHROME2"
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    dataset.BitsAllocated = dataset.BitsStored = values.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    if colours:
        dataset.PlanarConfiguration = 0
    elif values.ndim == 3:
        dataset.NumberOfFrames = len(values)
    dataset.PixelData = values.tobytes()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def czi(
    values: npt.NDArray[Any],
    *,
    scenes: int = 1,
    pixel_size: float = 0.0,
    compression: str | None = None,
) -> bytes:
    """A CZI file, each scene with the same planes beside the one before.

    Args:
        values: uint16[depths, H, W], or [depths, H, W, channels], or uint8[depths, H, W, 3].
        pixel_size: metres.
        compression: as libCZI names it.
    """
    from pylibCZIrw import czi as library

    colours = values.dtype == np.uint8
    channels = 1 if colours or values.ndim == 3 else values.shape[3]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.czi"
        with library.create_czi(str(path), compression_options=compression) as file:
            for scene in range(scenes):
                for depth, plane in enumerate(values):
                    for channel in range(channels):
                        part = plane.reshape(*plane.shape[:2], -1)
                        part = part[..., ::-1] if colours else part[..., channel : channel + 1]
                        file.write(
                            data=np.ascontiguousarray(part),
                            plane={"C": channel, "Z": depth, "T": 0},
                            location=(scene * 2 * plane.shape[1], 0),
                            scene=scene,
                        )
            file.write_metadata(document_name="made", scale_x=pixel_size, scale_y=pixel_size)
        return path.read_bytes()
