"""The order in which Tab goes through a dialog."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtWidgets import QWidget


def in_order(*fields: QWidget) -> None:
    """Tab goes from each to the next; all belong to one window."""
    for one, next_ in pairwise(fields):
        QWidget.setTabOrder(one, next_)
