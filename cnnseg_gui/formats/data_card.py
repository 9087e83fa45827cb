"""The data card: README.md for people and dataset.json for programs, beside every export."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cnnseg_gui import __version__
from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.formats.export_verifying import Verified

JSON_NAME, README_NAME = "dataset.json", "README.md"


@dataclass(frozen=True)
class CardImage:
    """An image of the data set, for its card; numbers of pixels are those that were written.

    Args:
        file: where it lies in the data set.
        source: the name of the file that it is from, with the sha256 of that.
        page: of that file, from 0, where it holds several images.
        pixels: by class of the data set; what is in none of them is undecided.
        painted: changed by hand, each time they were; accepted: taken over from proposals; both of
            the whole source image.
        proposed: filled by a model in this export.
    """

    file: str
    source: str
    sha256: str
    height: int
    width: int
    split: str
    tags: tuple[str, ...]
    status: str
    pixels: Mapping[int, int]
    painted: int = 0
    accepted: int = 0
    proposed: int = 0
    page: int | None = None


@dataclass(frozen=True)
class Card:
    """What is said of a data set.

    Args:
        options: how it was exported, by the options' names.
        split: ratios, seed and group, where it is split.
        revision: whose proposals fill undecided pixels; empty: only decided pixels are in it.
    """

    title: str
    format_title: str
    classes: tuple[PixelClass, ...]
    options: Mapping[str, object]
    licence: str = ""
    split: str = ""
    revision: str = ""
    verified: Verified | None = None


def write_card(folder: Path, card: Card, images: Sequence[CardImage]) -> None:
    """Writes both files; dataset.json has the SHA-256 of every other file of the folder.

    Raises:
        OSError: they cannot be written, or a file of the folder cannot be read.
    """
    text = _readme(card, images)
    (folder / README_NAME).write_text(text, encoding="utf-8", newline="\n")
    data = _data(card, images)
    data["files"] = {
        path.relative_to(folder).as_posix(): _hash(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    encoded = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    (folder / JSON_NAME).write_bytes(encoded.encode("utf-8", "backslashreplace"))


def _data(card: Card, images: Sequence[CardImage]) -> dict[str, object]:
    names = {cls.index: cls.name for cls in card.classes}
    pixels, holding = _totals(images)
    verified = card.verified
    return {
        "title": card.title,
        "format": card.format_title,
        "software": {"name": "CNNSeg", "version": __version__},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "licence": card.licence,
        "options": dict(card.options),
        "composite_revision": card.revision,
        "read_back": None
        if verified is None
        else {
            "reader": verified.reader,
            "identical": verified.identical,
            "of": verified.images,
            "differing": [
                {"image": d.image, "pixels": d.pixels, "worst_iou": d.worst_iou}
                for d in verified.differing
            ],
        },
        "classes": [
            {
                "index": cls.index,
                "name": cls.name,
                "colour": list(cls.colour),
                "pixels": pixels[cls.index],
                "images": holding[cls.index],
            }
            for cls in card.classes
        ],
        "tags": _tags(images),
        "images": [
            {
                "file": image.file,
                "source": image.source,
                "source_sha256": image.sha256,
                "height": image.height,
                "width": image.width,
                "split": image.split,
                "tags": list(image.tags),
                "status": image.status,
                "pixels": {names[index]: count for index, count in image.pixels.items()},
                "pixels_by_hand": image.painted,
                "pixels_accepted": image.accepted,
                "pixels_proposed": image.proposed,
            }
            for image in images
        ],
    }


def _readme(card: Card, images: Sequence[CardImage]) -> str:
    pixels, holding = _totals(images)
    total = sum(image.height * image.width for image in images)
    sides = sorted({(image.height, image.width) for image in images})
    sizes = " to ".join(f"{width} × {height}" for height, width in sorted({sides[0], sides[-1]}))
    rows = [
        f"| {cls.index} | {_cell(cls.name)} | {pixels[cls.index]:,} |"
        f" {_share(pixels[cls.index], total)} | {holding[cls.index]:,} |"
        for cls in card.classes
    ]
    undecided = total - sum(pixels.values())
    rows.append(f"| | undecided | {undecided:,} | {_share(undecided, total)} | |")
    empty = sum(1 for image in images if image.pixels and set(image.pixels) == {0})
    painted, accepted = _from_sources(images)
    proposed = sum(image.proposed for image in images)
    composite = (
        f"Undecided pixels were filled by revision {card.revision}: {proposed:,} pixels that nobody"
        " has looked at."
        if card.revision
        else "It holds decided pixels only; nothing that was only proposed."
    )
    parts = Counter(image.split for image in images)
    tags = [f"| {_cell(tag)} | {count:,} |" for tag, count in _tags(images).items()]
    lines = [
        f"# {card.title or 'Data set'}",
        "",
        f"{len(images):,} images ({sizes} pixels) as {card.format_title}, written by CNNSeg"
        f" {__version__}.",
        "",
        f"Licence: {card.licence or 'not stated'}",
        "",
    ]
    if card.classes:
        lines += ["## Classes", "", "| index | class | pixels | share | images |"]
        lines += ["| ---: | :--- | ---: | ---: | ---: |", *rows, ""]
        lines += [f"Images with background alone: {empty:,}.", ""]
    if tags:
        lines += ["## Tags", "", "| tag | images |", "| :--- | ---: |", *tags, ""]
    lines += [
        "## Where the labels are from",
        "",
        f"Pixels changed by hand: {painted:,}; taken over from proposals: {accepted:,}.",
        composite,
    ]
    if card.split:
        counts = ", ".join(f"{name or 'none'} {count:,}" for name, count in sorted(parts.items()))
        lines += ["", "## Split", "", f"{card.split}. Images: {counts}."]
    if card.verified is not None:
        lines += ["", "## Read back", "", f"{card.verified.in_words()}."]
    lines += ["", f"Counts of each image and the SHA-256 of every file are in `{JSON_NAME}`.", ""]
    return "\n".join(lines)


def _totals(images: Sequence[CardImage]) -> tuple[Counter[int], Counter[int]]:
    """Pixels, and images that have any, by class."""
    pixels: Counter[int] = Counter()
    holding: Counter[int] = Counter()
    for image in images:
        pixels.update(image.pixels)
        holding.update(index for index, count in image.pixels.items() if count)
    return pixels, holding


def _tags(images: Sequence[CardImage]) -> dict[str, int]:
    """Images that have each tag, the most frequent first."""
    return dict(Counter(tag for image in images for tag in image.tags).most_common())


def _from_sources(images: Sequence[CardImage]) -> tuple[int, int]:
    """Pixels by hand and accepted; tiles of one image count once."""
    once = {(i.source, i.sha256, i.page, i.painted, i.accepted) for i in images}
    return sum(row[-2] for row in once), sum(row[-1] for row in once)


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else ""


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
