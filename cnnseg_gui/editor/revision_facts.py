"""What a revision's card says, for the panels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from cnnseg_gui.core.forecast import Forecast, forecast
from cnnseg_gui.core.promotion import Verdict
from cnnseg_gui.core.revisions import Revision
from cnnseg_gui.core.scores import Scores, trust, verdict_of


@dataclass(frozen=True)
class RevisionFacts:
    """A revision with its numbers."""

    revision: Revision
    proposes: bool
    """It is the one that proposes now."""
    network: str
    parent: str
    """Its name, or what it began from else."""
    images: int
    held_out: int
    steps: int
    seconds: float
    scores: Scores | None
    verdict: Verdict | None
    dice: float | None
    by_class: dict[str, tuple[float, float]]
    """IoU and Dice."""
    by_image: dict[str, tuple[float, float]]
    """IoU before and after by the image's content."""

    @property
    def outcome(self) -> str:
        """The verdict in a word or two."""
        if self.verdict is not None:
            return self.verdict.outcome
        return "unproven" if self.scores is None else "not checked"

    @property
    def line(self) -> str:
        """The second line of its row in the list."""
        measured = f"IoU {self.scores.after:.2f} · " if self.scores else ""
        noun = "image" if self.images == 1 else "images"
        return f"{self.outcome} · {measured}{self.images} {noun}"

    @property
    def trust(self) -> str:
        return trust(self.revision.card)


def facts_of(revisions: Sequence[Revision], proposing: Revision | None) -> list[RevisionFacts]:
    """Of all revisions of a project, in their order.

    Args:
        proposing: one of them; None: something else proposes.
    """
    names = {revision.sha256: revision.name for revision in reversed(revisions)}
    return [_facts(revision, names, proposing) for revision in revisions]


def forecast_of(facts: Sequence[RevisionFacts]) -> Forecast:
    """Through the scores of all that was promoted."""
    scored = [
        (one.images, one.dice)
        for one in facts
        if one.revision.promoted and one.dice is not None and one.images
    ]
    return forecast([images for images, _ in scored], [dice for _, dice in scored])


def _facts(revision: Revision, names: dict[str, str], proposing: Revision | None) -> RevisionFacts:
    card = json.loads(revision.card)
    parent = str(card.get("parent") or "")
    dice = card.get("dice")
    return RevisionFacts(
        revision=revision,
        proposes=proposing is not None and revision.name == proposing.name,
        network=str(card.get("network", "")),
        parent=names.get(parent, "the starter" if parent else "its beginning"),
        images=int(card.get("images", 0)),
        held_out=int(card.get("held_out", 0)),
        steps=int(card.get("steps", 0)),
        seconds=float(card.get("seconds", 0.0)),
        scores=Scores.of_card(revision.card),
        verdict=verdict_of(revision.card),
        dice=float(dice) if isinstance(dice, float | int) else None,
        by_class={
            str(name): (float(found["iou"]), float(found["dice"]))
            for name, found in (card.get("by_class") or {}).items()
        },
        by_image={
            str(key): (float(found[0]), float(found[1]))
            for key, found in (card.get("by_image") or {}).items()
        },
    )
