"""The sheet of all keys as plain text and as HTML in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from cnnseg_gui.ui.actions import Actions
from cnnseg_gui.ui.keys.gestures import gestures
from cnnseg_gui.ui.keys.spec import GROUPS, native

_HEADING_LINES = 2  # what a heading with its distance takes of a column, in rows
_GESTURES = "Mouse and Pen"


@dataclass(frozen=True)
class SheetGroup:
    """A heading and its rows: what is done, and the keys that do it as this desktop writes them."""

    title: str
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def sheet_groups(actions: Actions, search: str = "") -> list[SheetGroup]:
    """What has a key or a gesture at the moment; every word sought is in the row or its heading."""
    words = search.lower().split()
    made: dict[str, list[tuple[str, tuple[str, ...]]]] = {title: [] for title in GROUPS}
    for spec in actions.live():
        keys = tuple(map(native, actions.bindings.keys(spec.name)))
        if keys:
            made[spec.group].append((spec.label.rstrip("…"), keys))
    made[_GESTURES] = [(what, (how,)) for what, how in gestures(actions.bindings)]
    found = []
    for title, rows in made.items():
        kept = tuple(
            (what, keys)
            for what, keys in rows
            if all(word in f"{title} {what} {' '.join(keys)}".lower() for word in words)
        )
        if kept:
            found.append(SheetGroup(title, kept))
    return found


def as_text(groups: Sequence[SheetGroup]) -> str:
    """One row a line, the keys in a column of their own."""
    width = max((len(what) for group in groups for what, _ in group.rows), default=0)
    blocks = [
        "\n".join(
            [group.title, *(f"  {what:<{width}}  {', '.join(keys)}" for what, keys in group.rows)]
        )
        for group in groups
    ]
    return "\n\n".join(blocks) + "\n"


def as_html(groups: Sequence[SheetGroup], *, columns: int, key_colour: str) -> str:
    """The groups in columns of about the same height.

    Args:
        key_colour: #rrggbb behind a key.
    """
    width = 100 // columns
    cells = "".join(
        f'<td width="{width}%" valign="top" style="padding-right:24px">{"".join(column)}</td>'
        for column in _columns(
            [_group_html(group, key_colour) for group in groups], groups, columns
        )
    )
    return f'<table width="100%"><tr>{cells}</tr></table>'


def _columns(made: Sequence[str], groups: Sequence[SheetGroup], columns: int) -> list[list[str]]:
    """In order, a new column where the last one has its share."""
    heights = [len(group.rows) + _HEADING_LINES for group in groups]
    share = sum(heights) / columns
    result: list[list[str]] = [[] for _ in range(columns)]
    above = 0
    for html, height in zip(made, heights, strict=True):
        middle = above + height / 2
        result[min(int(middle / share), columns - 1)].append(html)
        above += height
    return result


def _group_html(group: SheetGroup, key_colour: str) -> str:
    rows = "".join(
        f'<tr><td style="padding:2px 12px 2px 0">{escape(what)}</td>'
        f'<td style="padding:2px 0">{_keys_html(keys, key_colour)}</td></tr>'
        for what, keys in group.rows
    )
    return f'<h3 style="margin:10px 0 4px 0">{escape(group.title)}</h3><table>{rows}</table>'


def _keys_html(keys: Sequence[str], colour: str) -> str:
    return "&nbsp; ".join(
        f'<span style="background-color:{colour}">&nbsp;{escape(key)}&nbsp;</span>' for key in keys
    )
