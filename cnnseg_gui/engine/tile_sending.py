"""Proposals on their way to the window, rectangle by rectangle."""

from __future__ import annotations

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.engine.messages import ProposedTile
from cnnseg_gui.engine.pipe import Outbox


class TileSender:
    """Sends the finished rectangles of one request's image."""

    def __init__(self, outbox: Outbox, request: int, image: str) -> None:
        self._outbox, self._request, self._image = outbox, request, image

    def send(self, rect: Rect, classes: Pixels, confidence: Pixels) -> None:
        """A rectangle's classes and confidence, both uint8[h, w]."""
        tile = ProposedTile(
            request=self._request,
            image=self._image,
            top=rect.top,
            left=rect.left,
            height=rect.height,
            width=rect.width,
        )
        self._outbox.send(tile, [classes.tobytes(), confidence.tobytes()])
