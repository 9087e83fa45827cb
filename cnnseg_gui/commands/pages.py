"""The images that files hold: every page of a stack is one, as in a project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cnnseg_gui.commands.output import Ticker, note
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import find_images, read_image, stack
from cnnseg_gui.core.image_table import shown_name
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.formats.export_names import page_stem


@dataclass(frozen=True)
class Page:
    """An image of a file."""

    path: Path
    page: int | None = None
    """From 0; None: the file holds no stack."""

    @property
    def stem(self) -> str:
        """Its name without ending, as an export calls it."""
        return self.path.stem if self.page is None else page_stem(self.path.stem, self.page)

    def __str__(self) -> str:
        """For people: the file, with the page's number behind the first one's."""
        return shown_name(str(self.path), self.page or 0)

    @property
    def fields(self) -> dict[str, object]:
        """For programs: the file, and the page as people count it."""
        return {"image": str(self.path), "page": None if self.page is None else self.page + 1}

    def read(self) -> Pixels:
        """uint8[H, W, 3].

        Raises:
            UserError: it cannot be read.
        """
        return read_image(self.path, self.page or 0).pixels


def find_pages(paths: Iterable[Path]) -> tuple[list[Page], list[str]]:
    """The images of files and folders, and the files that cannot be read, named on stderr.

    Raises:
        UserError: a path does not exist, or there is no file.
    """
    found: list[Page] = []
    failed: list[str] = []
    files = find_images(paths)
    ticker = Ticker()
    for number, path in enumerate(files, start=1):
        try:
            pages = [page for page, _, _ in stack(path)]
        except UserError as error:
            note(error)
            failed.append(str(path))
            continue
        found += [Page(path, page if len(pages) > 1 else None) for page in pages]
        ticker.note(f"{number} of {len(files)} files looked at")
    return found, failed
