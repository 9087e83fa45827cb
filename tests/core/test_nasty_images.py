"""Every file of the collection of odd and broken images opens as it should, or says why not."""

from __future__ import annotations

import csv
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import page_count, read_header, read_image

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "nasty_images"
BEYOND_PILLOW = {
    "bit_depth/sar_vv.tif": (200, 200),  # complex numbers: their magnitudes
    "bit_depth/dicom_file01.dcm": (512, 512),
}
_SECONDS = 10.0
_BYTES = 10**9

_READ_ALL = """
import json, sys, time
from pathlib import Path
from cnnseg_gui.core.decoder_process import SHARED
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import page_count, read_header, read_image
for line in sys.stdin:
    path, began = Path(line.rstrip("\\n")), time.monotonic()
    said = {"path": str(path), "size": None, "header": None, "error": None}
    try:
        said["size"] = read_image(path).pixels.shape[1::-1]
        said["header"] = read_header(path)[::-1]
        said["pages"] = page_count(path)
    except UserError as error:
        said |= {"error": str(error), "named": error.path, "remedy": error.remedy}
    print(json.dumps(said | {"seconds": time.monotonic() - began}))
peaks = []
for process in ("self", SHARED.process_id):  # not `ru_maxrss`: it is inherited from who starts it
    status = Path(f"/proc/{process}/status")
    found = status.read_text() if status.exists() else ""
    peaks += [int(line.split()[1]) for line in found.splitlines() if line.startswith("VmHWM")]
SHARED.close()
print(json.dumps({"peaks": peaks}))
"""


def rows() -> list[dict[str, str]]:
    """The manifest's entries whose files are here."""
    if not FOLDER.is_dir():
        return []
    manifest = (FOLDER / "MANIFEST.csv").read_text(encoding="utf-8")
    found = csv.DictReader(manifest.splitlines())
    return [row for row in found if (FOLDER / row["name"]).exists()]


def expected(row: dict[str, str]) -> tuple[int, int] | None:
    """Width and height as the eye should see them, None for a file that is to be refused.

    By what two other readers made of it: Pillow tells truncated files, Qt turns by EXIF and
    checks PNG's checksums. A file kept for being corrupt that Qt refuses is refused here too.
    """
    if row["name"] in BEYOND_PILLOW:
        return BEYOND_PILLOW[row["name"]]
    corrupt = row["name"].startswith("corrupt/")
    if not row["pillow_opens"].startswith("yes") or (corrupt and row["qt_opens"] == "no"):
        return None
    width, _, height = (row["qt_size_after_autotransform"] or row["pillow_size"]).partition("x")
    return int(width), int(height)


@pytest.fixture(scope="module")
def read() -> dict[str, Any]:
    """What one process made of all files, and what memory in KiB it and its decoder took."""
    if not rows():
        pytest.skip("the collection is not here")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _READ_ALL],
        input="".join(f"{FOLDER / row['name']}\n" for row in rows()),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, ""), "a decoder complained beside the one line"
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line.get("path", "peaks"): line for line in lines}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["name"])
def test_it_opens_at_its_size_or_says_why(row: dict[str, str], read: dict[str, Any]) -> None:
    if row["name"].endswith(".dcm") and importlib.util.find_spec("pydicom") is None:
        pytest.skip("pydicom is not installed")
    path = str(FOLDER / row["name"])
    said, size = read[path], expected(row)
    if size is None:
        assert said["error"] is not None, "it should be refused"
        assert "\n" not in said["error"]
        assert said["named"] == path
        assert said["remedy"]
        assert "crashed" not in said["error"]
    else:
        assert said["error"] is None
        assert tuple(said["size"]) == tuple(said["header"]) == size
        frames = int(row["pillow_frames"] or 1)
        assert said["pages"] == (1 if path.endswith((".mpo", ".psd")) else frames)
    assert said["seconds"] < _SECONDS


def test_none_takes_more_memory_than_a_gigabyte(read: dict[str, Any]) -> None:
    peaks = read["peaks"]["peaks"]
    if not sys.platform.startswith("linux"):
        pytest.skip("memory is measured on Linux only")
    assert len(peaks) == 2
    assert max(peaks) * 1024 < _BYTES


@pytest.mark.parametrize("shape", ["Landscape", "Portrait"])
def test_photographs_are_upright_whatever_way_they_are_stored(shape: str) -> None:
    paths = sorted((FOLDER / "exif_orientation").glob(f"{shape}_*.jpg"))
    if len(paths) < 2:
        pytest.skip("the collection is not here")
    first, *others = (read_image(path).pixels[::8, ::8].astype(int) for path in paths)
    for other in others:
        assert np.abs(first - other).mean() < 12


def test_every_truncated_image_is_refused_by_its_name(tmp_path: Path) -> None:
    """Cut anywhere, a photograph is refused: it is never shown with a grey rest."""
    photo = FOLDER / "generated" / "progressive_444.jpg"
    if not photo.exists():
        pytest.skip("the collection is not here")
    data = photo.read_bytes()
    for part in range(1, 20):
        path = tmp_path / f"cut {part}.jpg"
        path.write_bytes(data[: len(data) * part // 20])
        with pytest.raises(UserError, match=f"cut {part}.jpg"):
            read_image(path)


def test_pages_of_the_collection_are_as_tall_as_they_say() -> None:
    paths = sorted((FOLDER / "multi_frame").glob("*"))
    if not paths:
        pytest.skip("the collection is not here")
    for path in paths:
        for page in range(page_count(path)):
            assert read_image(path, page).pixels.shape[:2] == read_header(path, page)
