"""All messages there are."""

from __future__ import annotations

from cnnseg_gui.engine.messages.beside import (
    Embedded,
    LookForSlips,
    ProposeBeside,
    Slips,
    SlipsEnded,
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
    TrainTags,
)
from cnnseg_gui.engine.messages.live import Answer, Answered, Painted
from cnnseg_gui.engine.messages.networks import (
    Describe,
    Described,
    Inside,
    LookInside,
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
    TrainMaterial,
    TrainProgress,
    Unfinished,
    Unusable,
)

Request = (
    Propose
    | ProposeBeside
    | Train
    | LookForSlips
    | Answer
    | Classify
    | Explain
    | TrainTags
    | CheckWeights
    | Describe
    | LookInside
)
"""What the window asks for, and gets exactly one end of."""

AnyMessage = (
    Propose
    | ProposeBeside
    | LookForSlips
    | Train
    | Painted
    | Answer
    | Classify
    | Explain
    | TrainTags
    | CheckWeights
    | Describe
    | LookInside
    | Cancel
    | Supply
    | Ping
    | Ready
    | Networks
    | Pong
    | Want
    | Lightened
    | ProposedTile
    | Proposed
    | Embedded
    | Slips
    | SlipsEnded
    | Answered
    | TrainProgress
    | TrainMaterial
    | Unfinished
    | Unusable
    | Trained
    | Classified
    | Explained
    | Checked
    | Overview
    | Described
    | Inside
    | Cancelled
    | Failed
)
