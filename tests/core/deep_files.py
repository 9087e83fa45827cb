"""16-bit files as Photoshop, ImageJ and cameras write them, and Pillow and tifffile cannot."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import tifffile

_LITERALS = 200  # between two clear codes: the table stays within codes of 9 bits
_CLEAR, _END, _LZW = 256, 257, 5


def write_deep_png(path: Path, values: np.ndarray, *, xmp: str = "") -> None:
    """uint16[H, W, C], C from 1 to 4, as a PNG of 16 bits; `xmp` goes before the pixels."""
    height, width, channels = values.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    rows = values.astype(">u2").tobytes()
    stride = len(rows) // height
    scanlines = b"".join(b"\0" + rows[i * stride : (i + 1) * stride] for i in range(height))
    chunks = [(b"IHDR", header)]
    if xmp:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp.encode()))
    chunks += [(b"IDAT", zlib.compress(scanlines)), (b"IEND", b"")]
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )
    )


def write_lzw_tiff(path: Path, values: np.ndarray, *, orientation: int = 1) -> None:
    """uint16[H, W, C], C 3 or 4, as an LZW-compressed TIFF of literals only."""
    tifffile.imwrite(
        path,
        iter([_lzw(values.tobytes())]),
        shape=values.shape,
        dtype=values.dtype,
        photometric="rgb",
        extrasamples=["unassalpha"] * (values.shape[2] - 3),
        compression="zlib",  # of another name until the tag is changed
        rowsperstrip=len(values),
        extratags=[(274, "H", 1, orientation)],
    )
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages.first.tags["Compression"].overwrite(_LZW)


def _lzw(data: bytes) -> bytes:
    codes: list[int] = []
    for start in range(0, len(data), _LITERALS):
        codes += [_CLEAR, *data[start : start + _LITERALS]]
    bits = "".join(f"{code:09b}" for code in [*codes, _END])
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
