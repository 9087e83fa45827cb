"""How good a fine-tune made a model, as its card says."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Scores:
    """Mean IoU on the held-out images, all measured in one run on the same pixels."""

    before: float
    """Of what it began from."""
    after: float
    proposing: float | None = None
    """Of the model that proposed meanwhile, where that was another one."""

    @classmethod
    def of_card(cls, card: bytes | str) -> Scores | None:
        """None where no image was held out: the model is unproven."""
        metrics = json.loads(card).get("metrics", {})
        if "iou" not in metrics or "iou_before" not in metrics:
            return None
        proposing = metrics.get("iou_proposing")
        return cls(
            float(metrics["iou_before"]),
            float(metrics["iou"]),
            None if proposing is None else float(proposing),
        )

    @property
    def worse(self) -> bool:
        """It would propose worse than what proposed before."""
        return self.after < (self.before if self.proposing is None else self.proposing)
