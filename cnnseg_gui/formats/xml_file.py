"""XML from anyone: no document type, no entities, nothing fetched (defusedxml)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree as safe
from defusedxml import DefusedXmlException

from cnnseg_gui.core.errors import UserError

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(value: object) -> str:
    """What XML 1.0 can hold of a text (section 2.2)."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(value))


def parse(data: bytes, path: Path) -> Element:
    """The root of a document.

    Raises:
        UserError: it is no XML, or hostile.
    """
    root: Element | None = None
    for root in elements(data, path):  # noqa: B007 - the last one to end is the root
        pass
    if root is None:
        raise UserError("this XML is empty", path=path)
    return root


def elements(data: bytes, path: Path) -> Iterator[Element]:
    """Every element as it ends: those inside of another one before it.

    Raises:
        UserError: it is no XML, or hostile.
    """
    try:
        for _, element in safe.iterparse(io.BytesIO(data), forbid_dtd=True):
            yield element
    except DefusedXmlException as error:
        raise UserError(
            f"this XML declares a document type or entities ({type(error).__name__})",
            path=path,
            remedy="Remove its DOCTYPE.",
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise UserError(f"this is no XML ({error})", path=path) from error
