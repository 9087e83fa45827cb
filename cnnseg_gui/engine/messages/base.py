"""What all messages are."""

from __future__ import annotations

import msgspec


class ProtocolError(Exception):
    """The other side sent something that is no frame: the connection is beyond repair."""


class Message(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """The base of all messages; `request` in them is the number the window gave the job."""
