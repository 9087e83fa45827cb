"""CZI (Zeiss) through pylibCZIrw, which the extra `czi` installs. Runs in the decoder's process.

A page is one plane of one scene: scenes, then time, then depth, depth changing quickest. Channels
are the image's channels.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnseg_gui.core.decoded import Decoded, truncated
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_file import Source, on_disk, size_of

if TYPE_CHECKING:
    from pylibCZIrw.czi import CziReader

_MICROMETRES_PER_METRE = 1e6
_MAX_CHANNELS = 4
_LARGE = 16_000_000
_PIXELS_PER_BYTE = 4096
"""Slides are stored where there is tissue only; of a file with less than this nothing is left."""
_X_SCALE = re.compile(r'<Distance\s+Id="X"\s*>.{0,200}?<Value>\s*([\d.eE+-]+)\s*</Value>', re.S)


def is_czi(head: bytes) -> bool:
    """By the identifier of its first segment."""
    return head.startswith(b"ZISRAWFILE")


def page_count(source: Source) -> int:
    """Scenes × times × depths.

    Raises:
        UserError: pylibCZIrw is not installed.
    """
    with _opened(source) as file:
        return len(_scenes(file)) * _extent(file, "T") * _extent(file, "Z")


def shape(source: Source, page: int) -> tuple[int, int]:
    """Height and width of a page's scene.

    Raises:
        UserError: pylibCZIrw is not installed, or the file is too short for such a size.
    """
    with _opened(source) as file:
        _, _, width, height = _area(file, page)
        if width * height > max(_LARGE, _PIXELS_PER_BYTE * size_of(source)):
            raise truncated()
        return height, width


def read(source: Source, page: int) -> Decoded:
    """All channels of a plane, at most four, [H, W] or [H, W, C].

    Raises:
        UserError: pylibCZIrw is not installed.
        Exception: of any kind, where the file is broken.
    """
    with _opened(source) as file:
        starts = {axis: start for axis, (start, _) in file.total_bounding_box.items()}
        scene, time, depth = _place(file, page)
        plane = {"T": starts.get("T", 0) + time, "Z": starts.get("Z", 0) + depth}
        channels = []
        for channel in range(min(_MAX_CHANNELS, _extent(file, "C"))):
            plane["C"] = starts.get("C", 0) + channel
            values = file.read(roi=_area(file, page), plane=plane, scene=_scenes(file)[scene])
            values = values[..., ::-1]  # stored as blue, green, red
            if values.shape[2] >= 3:
                channels = [values[..., :3]]
                break
            channels.append(values[..., :1])
        values = channels[0] if len(channels) == 1 else np.concatenate(channels, axis=2)
        values = values[..., 0] if values.shape[2] == 1 else values
        return Decoded(values, str(values.dtype), pixel_size=_pixel_size(file))


# ---------------------------------------------------------------------- inside


@contextlib.contextmanager
def _opened(source: Source) -> Iterator[CziReader]:
    try:
        from pylibCZIrw import czi
    except ImportError as error:
        raise UserError(
            "this is a CZI image, and what reads it is not installed",
            remedy='Install it: pip install "cnnseg-gui[czi]".',
        ) from error
    with on_disk(source, suffix=".czi") as path, czi.open_czi(str(path)) as file:
        yield file


def _scenes(file: CziReader) -> list[int | None]:
    """Their numbers; one without a number where the file has no scenes."""
    return sorted(file.scenes_bounding_rectangle) or [None]


def _extent(file: CziReader, axis: str) -> int:
    start, end = file.total_bounding_box.get(axis, (0, 1))
    return max(1, int(end) - int(start))


def _place(file: CziReader, page: int) -> tuple[int, int, int]:
    """Which scene, time and depth, each from 0."""
    rest, depth = divmod(page, _extent(file, "Z"))
    scene, time = divmod(rest, _extent(file, "T"))
    return scene, time, depth


def _area(file: CziReader, page: int) -> tuple[int, int, int, int]:
    """x, y, width and height of a page's scene."""
    scene = _scenes(file)[_place(file, page)[0]]
    area: Any = (
        file.total_bounding_rectangle if scene is None else file.scenes_bounding_rectangle[scene]
    )
    return int(area.x), int(area.y), int(area.w), int(area.h)


def _pixel_size(file: CziReader) -> float | None:
    """From the metadata's text: a hostile one is not given to a parser of XML."""
    found = _X_SCALE.search(file.raw_metadata)
    try:
        size = float(found[1]) * _MICROMETRES_PER_METRE if found else 0.0
    except ValueError:
        return None
    return size if 0 < size < 1e6 else None
