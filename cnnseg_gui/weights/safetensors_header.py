"""Whether a file has the form of safetensors: its header against its length, nothing loaded.

The format: a uint64 header length, the header as JSON (name → dtype, shape, data_offsets), the
tensors' bytes without gaps (github.com/huggingface/safetensors).
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

from cnnseg_gui.core.errors import UserError

_MAX_HEADER = 100_000_000  # as the reference implementation
_MAX_SIDES = 64  # more than any tensor has; keeps the product below quickly computed
_BYTES = {
    **{"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4},
    **{"F16": 2, "BF16": 2, "I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1},
}


def check_safetensors(path: Path) -> None:
    """Reads the header only.

    Raises:
        UserError: the file is damaged, or something else.
        OSError: it cannot be read.
    """
    try:
        _check(path)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"this is no undamaged safetensors file ({error})",
            path=path,
            remedy="Choose another file.",
        ) from error


def _check(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        if len(head) < 8:
            raise ValueError("it is too short")
        (length,) = struct.unpack("<Q", head)
        if length > min(_MAX_HEADER, size - 8):
            raise ValueError("its header is longer than the file")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    if not header:
        raise ValueError("it holds no tensor")
    end = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"][0]):
        start, stop = _whole_numbers(entry["data_offsets"])
        shape = _whole_numbers(entry["shape"])
        if start != end or stop - start != _BYTES[entry["dtype"]] * math.prod(shape):
            raise ValueError(f"“{name[:80]}” does not lie where it should")
        end = stop
    if 8 + length + end != size:
        raise ValueError("its length is not what its header says")


def _whole_numbers(values: object) -> list[int]:
    if not isinstance(values, list) or len(values) > _MAX_SIDES:
        raise ValueError("a shape or place is no list of a few numbers")
    if any(type(value) is not int or not 0 <= value < 2**63 for value in values):
        raise ValueError("a shape or place holds something that is no size")
    return values
