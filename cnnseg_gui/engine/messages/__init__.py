"""The protocol between the window and the engine: framed, typed messages on a pipe.

Images travel as the bytes of their file, asked for by content hash when the engine lacks them
(`Want` → `Supply`), masks as packed tiles, weights as safetensors. So the engine never touches the
project, the window is its only writer, and the same messages go over any pipe, `ssh` included.
`frames` says what is on the pipe; the messages stand by subject.

Neither Qt nor torch is imported here.
"""

from __future__ import annotations

from cnnseg_gui.engine.messages.base import (
    Message,
    ProtocolError,
)
from cnnseg_gui.engine.messages.beside import (
    Embedded,
    LookForSlips,
    ProposeBeside,
    Slip,
    Slips,
    SlipsEnded,
)
from cnnseg_gui.engine.messages.every import AnyMessage, Request
from cnnseg_gui.engine.messages.frames import (
    MAGIC,
    MAX_BLOCK,
    MAX_HEADER,
    Decoder,
    encode,
    encode_head,
)
from cnnseg_gui.engine.messages.jobs import (
    Cancel,
    Cancelled,
    Failed,
    Lightened,
    Ping,
    Pong,
    Ready,
    Supply,
    Want,
)
from cnnseg_gui.engine.messages.labels import (
    Checked,
    CheckWeights,
    Classified,
    Classify,
    Explain,
    Explained,
    TagImage,
    TrainTags,
)
from cnnseg_gui.engine.messages.live import (
    Answer,
    Answered,
    Painted,
)
from cnnseg_gui.engine.messages.networks import (
    Describe,
    Described,
    Inside,
    LookInside,
    NetworkFacts,
    Networks,
    Overview,
)
from cnnseg_gui.engine.messages.proposing import (
    Propose,
    Proposed,
    ProposedTile,
)
from cnnseg_gui.engine.messages.training import (
    Train,
    Trained,
    TrainImage,
    TrainMaterial,
    TrainProgress,
    Unfinished,
    Unusable,
)

EXIT_CANNOT_START = 3
"""The engine's exit code where a restart would not help; it has said why by `Failed`."""

__all__ = [
    "EXIT_CANNOT_START",
    "MAGIC",
    "MAX_BLOCK",
    "MAX_HEADER",
    "Answer",
    "Answered",
    "AnyMessage",
    "Cancel",
    "Cancelled",
    "CheckWeights",
    "Checked",
    "Classified",
    "Classify",
    "Decoder",
    "Describe",
    "Described",
    "Embedded",
    "Explain",
    "Explained",
    "Failed",
    "Inside",
    "Lightened",
    "LookForSlips",
    "LookInside",
    "Message",
    "NetworkFacts",
    "Networks",
    "Overview",
    "Painted",
    "Ping",
    "Pong",
    "Propose",
    "ProposeBeside",
    "Proposed",
    "ProposedTile",
    "ProtocolError",
    "Ready",
    "Request",
    "Slip",
    "Slips",
    "SlipsEnded",
    "Supply",
    "TagImage",
    "Train",
    "TrainImage",
    "TrainMaterial",
    "TrainProgress",
    "TrainTags",
    "Trained",
    "Unfinished",
    "Unusable",
    "Want",
    "encode",
    "encode_head",
]
