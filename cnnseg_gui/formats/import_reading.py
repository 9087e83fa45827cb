"""Reads a data set's images and masks one by one, and finds which image of a project each one is.

No project is used here, so that a worker can do it beside the window.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cnnseg_gui.core.attached import ChangedImage, read_attached
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.image_hash import difference_hash, distance
from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.image_table import ImageFacts, ImageRecord, probe_pages
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.formats.dataset import DataSet, ReadImage
from cnnseg_gui.formats.export_names import page_stem

_OTHER_PICTURE = 48
"""Bits: images of one name whose hashes differ by more are two pictures, see `image_hash`."""
_CITYSCAPES = "_leftimg8bit"  # stands behind the names of its images


@dataclass(frozen=True)
class FoundImage:
    """An image of a data set that can go into a project.

    Args:
        entry: as the data set has it.
        image_id: the project's image; None: `facts` are to be added.
        facts: its file, where that could be read.
        mask: uint8[H, W] in the data set's values; None: there is none.
    """

    entry: ReadImage
    image_id: int | None
    facts: ImageFacts | None
    mask: Pixels | None


class ImageMatcher:
    """Which image of a project an image of a data set is: by content, else by a name that is one's.

    Each image of the project is found once.

    Args:
        records: the project's images.
        looks: their `difference_hash`, as far as known: two pictures of one name are kept apart.
    """

    def __init__(self, records: Iterable[ImageRecord], looks: Mapping[int, int]) -> None:
        self._records = {record.id: record for record in records}
        self._looks = looks
        self._found: set[int] = set()
        self._by: dict[Hashable, list[int]] = defaultdict(list)
        pages: dict[Path, int] = defaultdict(int)
        for record in self._records.values():
            pages[record.path] += 1
        for record in self._records.values():
            stem = record.path.stem
            if pages[record.path] > 1:  # as an export calls the pages of a stack
                stem = page_stem(stem, record.page)
            else:
                self._by["name", folded(record.path.name)].append(record.id)
            self._by["stem", folded(stem)].append(record.id)
            self._by["content", record.sha256, record.page].append(record.id)

    def find(self, name: str, facts: ImageFacts | None) -> ImageRecord | None:
        """The project's image.

        Raises:
            UserError: it was found before: the data set has it twice.
        """
        found = self._with_content(name, facts) or self._of_name(name, facts)
        if found is None:
            return None
        if found.id in self._found:
            raise UserError(
                f"{name} is the image {found.name} again",
                remedy="It is left out: the data set's first one counts.",
            )
        self._found.add(found.id)
        return found

    def _with_content(self, name: str, facts: ImageFacts | None) -> ImageRecord | None:
        if facts is None:
            return None
        same = self._by.get(("content", facts.sha256, facts.page), [])
        free = [number for number in same if number not in self._found] or same
        stem = folded(Path(name).stem)
        free = sorted(free, key=lambda n: folded(self._records[n].path.stem) != stem)
        return self._records[free[0]] if free else None

    def _of_name(self, name: str, facts: ImageFacts | None) -> ImageRecord | None:
        path = Path(name.replace("\\", "/"))
        stem = folded(path.stem)
        keys = [("name", folded(path.name)), ("stem", stem)]
        if stem.endswith(_CITYSCAPES):
            keys.append(("stem", stem.removesuffix(_CITYSCAPES)))
        for key in keys:
            found = self._by.get(key, [])
            if len(found) == 1:
                record = self._records[found[0]]
                return record if self._fits(record, facts) else None
        return None

    def _fits(self, record: ImageRecord, facts: ImageFacts | None) -> bool:
        if facts is None:
            return True
        if (facts.height, facts.width) != (record.height, record.width):
            return False
        look = self._looks.get(record.id)
        if look is None:
            try:
                data = read_attached(record.path, record.sha256)
                look = difference_hash(read_image(data, record.page, name=record.name).pixels)
            except ChangedImage:  # how it looked when it was painted on nobody knows
                return False
            except UserError:  # it is gone: nothing but its name is known
                return True
        return facts.look is None or distance(facts.look, look) <= _OTHER_PICTURE

    def knows(self, facts: ImageFacts) -> bool:
        """Whether an image of this content is there."""
        return ("content", facts.sha256, facts.page) in self._by


class DataSetReader:
    """Reads the images of a data set in their order; one mask at a time is held."""

    def __init__(self, data_set: DataSet, matcher: ImageMatcher) -> None:
        self._images: Sequence[ReadImage] = data_set.images
        self._matcher = matcher
        self._added: set[Path] = set()

    def __len__(self) -> int:
        return len(self._images)

    def read(self, place: int) -> FoundImage:
        """The image at that place, from 0, with its mask.

        Raises:
            UserError: it is damaged, there is no image for it, or it was there before.
        """
        entry = self._images[place]
        facts = self._facts(entry)
        record = self._matcher.find(entry.name, facts)
        if record is None:
            if facts is None:
                raise UserError(
                    f"there is no image “{entry.name}”, neither in the data set nor in the project",
                    path=entry.image,
                    remedy="Put it there, or add it to the project.",
                )
            if facts.path in self._added:
                raise UserError(f"{entry.name} is in the data set twice", path=facts.path)
            shape = facts.height, facts.width
        else:
            shape = record.height, record.width
        mask = entry.read_mask(shape) if entry.read_mask is not None else None
        if record is None and facts is not None:
            self._added.add(facts.path)
        return FoundImage(entry, None if record is None else record.id, facts, mask)

    def _facts(self, entry: ReadImage) -> ImageFacts | None:
        """Of its file; how it looks too, if the project has not this content."""
        try:
            if not entry.image.is_file():
                return None
            pages = probe_pages(entry.image)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError):
                raise from_os_error(error, doing="reading the image", path=entry.image) from error
            return None  # a name that no file can have
        if len(pages) > 1:
            raise UserError(
                f"{entry.name} holds {len(pages)} images, and one mask is no stack's",
                path=entry.image,
                remedy="Save its pages as files of their own.",
            )
        facts = pages[0]
        if self._matcher.knows(facts):
            return facts
        pixels = read_image(facts.path).pixels  # the header does not tell a file that was cut off
        return replace(facts, look=difference_hash(pixels))


def folded(name: str) -> str:
    """A name as it is compared: one Unicode form, upper and lower case alike."""
    return unicodedata.normalize("NFC", name).casefold()
