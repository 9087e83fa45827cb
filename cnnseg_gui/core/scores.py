"""How good a fine-tune made a model, as its card says."""

from __future__ import annotations

import json
from dataclasses import dataclass

import msgspec

from cnnseg_gui.core.promotion import UNPROVEN, Verdict


@dataclass(frozen=True)
class Scores:
    """Mean IoU on what is held out, all measured in one run on the same pixels."""

    before: float
    """Of what it began from."""
    after: float
    proposing: float | None = None
    """Of the model that proposed meanwhile, where that was another one."""
    learnt: bool = True
    """Its weights are not those it began with."""

    @classmethod
    def of_card(cls, card: bytes | str) -> Scores | None:
        """None where nothing was held out."""
        metrics = json.loads(card).get("metrics", {})
        if "iou" not in metrics or "iou_before" not in metrics:
            return None
        proposing = metrics.get("iou_proposing")
        return cls(
            float(metrics["iou_before"]),
            float(metrics["iou"]),
            None if proposing is None else float(proposing),
            metrics.get("kept_step") != 0,
        )

    @property
    def worse(self) -> bool:
        """It would propose worse than what proposed before."""
        return self.after < (self.before if self.proposing is None else self.proposing)


def verdict_of(card: bytes | str) -> Verdict | None:
    """What held-out pixels said of it; None where its card is of before there were verdicts."""
    try:
        return msgspec.convert(json.loads(card).get("check"), Verdict | None)
    except msgspec.ValidationError:
        return None


def promotes(card: bytes | str) -> bool:
    """Whether what was learnt is to propose from now on."""
    verdict = verdict_of(card)
    if verdict is not None:
        return verdict.promotes
    scores = Scores.of_card(card)
    return scores is None or not scores.worse


def trust(card: bytes | str) -> str:
    """How far a revision may be trusted, in a few words."""
    scores, verdict = Scores.of_card(card), verdict_of(card)
    if scores is None:
        return "unproven: nothing is held out yet"
    measured = f"held-out IoU {scores.after:.2f}"
    if verdict is None:
        return measured
    if verdict.outcome == UNPROVEN or verdict.over == "tiles":
        return f"{measured}, {verdict.outcome} on {verdict.evidence()}"
    return f"{measured}, {verdict.outcome}"
