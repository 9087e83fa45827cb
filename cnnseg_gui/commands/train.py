"""`cnnseg train`: learns from a project's decided pixels, and stores a revision."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cnnseg_gui.commands.arguments import add_device, count, network_option, seconds, seed
from cnnseg_gui.commands.output import Ticker, answer, counted, note
from cnnseg_gui.commands.searching import add_look_in, look_in
from cnnseg_gui.core import model_choice
from cnnseg_gui.core.attached import check_attached, read_attached
from cnnseg_gui.core.database import PATIENCE_S
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.model_classes import class_mapping
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.revisions import Revision
from cnnseg_gui.core.scores import promotes, verdict_of

if TYPE_CHECKING:
    from cnnseg_gui.learning.fit import Fitted, Progress
    from cnnseg_gui.learning.model import Model
    from cnnseg_gui.learning.sampling import Example

HELP = "learn from a project's decided pixels, and store a revision"

DEFAULT_SECONDS = 60.0
"""As in the window."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument(
        "--network",
        metavar="NAME",
        help="begin with a fresh one of `cnnseg models`, not with the newest revision or starter",
    )
    parser.add_argument(
        "--option",
        type=network_option,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of the fresh network, e.g. width=32",
    )
    parser.add_argument(
        "--from-scratch",
        action="store_true",
        help="all of the fresh network's weights random, also where its encoder has better ones",
    )
    parser.add_argument(
        "--staged",
        action="store_true",
        help="the fresh FCN goes on from the newest revision, the next coarser FCN: 32s → 16s → 8s",
    )
    parser.add_argument(
        "--promote",
        action="store_true",
        help="make the outcome the current revision even where the one before scores better",
    )
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--seconds", type=seconds, metavar="S", help=f"{DEFAULT_SECONDS:.0f}")
    budget.add_argument("--steps", type=count, metavar="N", help="instead of seconds")
    parser.add_argument(
        "--borders",
        action="store_true",
        help="background between two close objects counts more, as in the U-Net paper",
    )
    parser.add_argument(
        "--plain",
        action="store_true",
        help="plain cross-entropy: rare classes count as others do, and no Dice",
    )
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of all that is random")
    add_look_in(parser)
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Learns, and stores the outcome; it becomes current unless what proposes scores better.

    It works beside an open window: the revision is one transaction at the end. Where another model
    proposes by then than the one it was compared with, it is only kept.

    Raises:
        UserError: nothing to learn from, no such model or device, or it was stopped.
    """
    if options.network is None and (options.option or options.from_scratch or options.staged):
        options.usage_error("--option, --from-scratch and --staged need --network")
    project = Project.open(options.project)
    try:
        look_in(options, project)
        before, compared = project.revisions.current, _compared_with(project)
        fitted = _learn(options, project, compared)
        revision = _store(options, project, fitted.model, compared)
        _answer(options, fitted, revision, before)
    except KeyboardInterrupt:
        raise UserError(
            "stopped; no revision was made", path=options.project, remedy="The last one stays."
        ) from None
    finally:
        project.close()
    return 0


def _learn(options: argparse.Namespace, project: Project, compared: str) -> Fitted:
    from cnnseg_gui.commands.computing import memory_told
    from cnnseg_gui.learning.device import choose
    from cnnseg_gui.learning.fit import Settings, fit
    from cnnseg_gui.learning.hold_out import hold_out_tiles

    model = _begin(options, project, compared)
    examples = examples_of(project)
    compute = choose(options.device)
    taught = sum(not example.held_out for example in examples)
    headline = (
        f"{model.card.network} learns from {counted(taught, 'image')} on {compute.name}, "
        f"{len(examples) - taught} held out"
    )
    weighing: Literal["balanced", "none"] = "none" if options.plain else "balanced"
    settings = Settings(class_weights=weighing, borders=options.borders, dice=not options.plain)
    limit = None if options.steps else options.seconds or DEFAULT_SECONDS
    with memory_told(compute):
        return fit(
            model,
            hold_out_tiles(examples),
            compute=compute,
            seconds=limit,
            steps=options.steps,
            seed=options.seed,
            on_progress=_Reporter(headline),
            settings=settings,
            rival=_named(project, compared) if options.network else None,
        )


def _begin(options: argparse.Namespace, project: Project, compared: str) -> Model:
    """What to begin with, for the project's classes."""
    from cnnseg_gui.commands.stored import adapted
    from cnnseg_gui.learning.model import new, staged
    from cnnseg_models import registry

    if options.network is None:
        return _named(project, compared)
    if options.network not in registry.names():
        options.usage_error(
            f"there is no network “{options.network}”, only {', '.join(registry.names())}"
        )
    chosen = dict(options.option)
    if options.from_scratch and registry.NETWORKS[options.network].weights:
        chosen["pretrained"] = False
    if options.staged:
        current = project.revisions.current
        if current is None:
            raise UserError(
                "there is no revision to go on from",
                path=project.path,
                remedy="Teach the coarser network first.",
            )
        return staged(adapted(project, current), options.network, chosen)
    classes = [cls.name for cls in project.class_list.dense_classes]
    return new(options.network, classes, options.seed, chosen)


def proposing(project: Project) -> Model:
    """What proposes now: the current revision, else the starter."""
    return _named(project, _compared_with(project))


def _compared_with(project: Project) -> str:
    """What proposes; of a network chosen in the window, which was taught nothing, what did before.

    It is not compared with that network, and so does not take its place.
    """
    model = model_choice.proposing(project)
    return model_choice.own_model(project) if model.startswith("new:") else model


def _named(project: Project, model: str) -> Model:
    """A revision or a starter, named as in `messages.Propose`, for the project's classes."""
    from cnnseg_gui.commands.stored import adapted
    from cnnseg_gui.learning.model import adapt, starter

    kind, _, name = model.partition(":")
    if kind == "weights":
        return adapted(project, project.revisions.find(name))
    classes = [cls.name for cls in project.class_list.dense_classes]
    return adapt(starter(name), classes, class_mapping(project, None))


def examples_of(project: Project) -> list[Example]:
    """Images with decided pixels; those that are missing or changed are named on stderr."""
    from cnnseg_gui.learning.sampling import Example

    examples = []
    for record in project.images():
        if not record.decided:
            continue
        try:
            check_attached(record.path, record.sha256)
        except UserError as error:
            note(error)
            continue
        mask = project.load_mask(record.id, dense=True)
        examples.append(Example(record.content, _Loader(record), mask, record.held_out))
    return examples


class _Loader:
    """Reads an image when it is wanted; one that changed meanwhile is not learnt from."""

    def __init__(self, record: ImageRecord) -> None:
        self._record = record

    def __call__(self) -> Pixels:
        record = self._record
        data = read_attached(record.path, record.sha256)
        return read_image(data, record.page, name=str(record.path)).pixels


class _Reporter:
    """A headline when it begins, then progress lines, and every validation."""

    def __init__(self, headline: str) -> None:
        self._headline = headline
        self._ticker = Ticker()

    def __call__(self, progress: Progress) -> None:
        measured = progress.iou is not None
        if progress.step == 0:
            note(self._headline)
        text = f"step {progress.step}: {progress.seconds:.1f} s, {progress.seconds_left:.0f} s left"
        if progress.step:
            text += f", loss {progress.loss:.4f}"
        if measured:
            text += f", held-out IoU {progress.iou:.4f}"
        self._ticker.note(text, at_once=measured or progress.step == 1)


def _store(options: argparse.Namespace, project: Project, model: Model, compared: str) -> Revision:
    import msgspec

    from cnnseg_gui.learning.model import dump, stamped

    weights = dump(model)
    card = msgspec.structs.replace(
        model.card, command=options.command_line, data=f"the project {project.folder.name}"
    )
    stored = stamped(card, weights).to_json()
    return model_choice.store_taught(
        project,
        weights,
        stored,
        promoted=options.promote or promotes(stored),
        instead_of=None if options.promote else compared,
        patience=PATIENCE_S,
    )


def _answer(
    options: argparse.Namespace, fitted: Fitted, revision: Revision, before: Revision | None
) -> None:
    card = fitted.model.card
    line = f"{revision.name}: {counted(fitted.steps, 'step')} in {fitted.seconds:.1f} s"
    if card.metrics:
        line += f", held-out IoU {card.metrics['iou_before']:.4f} → {card.metrics['iou']:.4f}"
        if fitted.kept == 0:
            note("learning made it no better: the weights are those it began with")
        verdict = verdict_of(revision.card)
        if verdict is not None:
            note(verdict.in_words())
        if revision.promoted:
            _compare(card.metrics["iou"], before)
    else:
        note("nothing is held out: how good it is was not measured")
    if not revision.promoted:
        stays = "what proposed before stays"
        if promotes(revision.card):
            stays = "another model proposes now, which this was not compared with"
        note(f"{stays}: this revision is only kept (`cnnseg promote` makes it current)")
    data = {
        "revision": revision.name,
        "promoted": bool(revision.promoted),
        "folder": str(revision.folder),
        "sha256": revision.sha256,
        "network": card.network,
        "steps": fitted.steps,
        "kept_step": fitted.kept,
        "seconds": fitted.seconds,
        "seed": card.seed,
        "images": card.images,
        "held_out": card.held_out,
        "decided": card.decided,
        "metrics": card.metrics,
        "check": None if card.check is None else dataclasses.asdict(card.check),
    }
    answer(options, data, [line, str(revision.folder)])


def _compare(iou: float, before: Revision | None) -> None:
    """Says where the new revision scores below the one it takes the place of."""
    from cnnseg_gui.learning.card import Card

    if before is None:
        return
    earlier = Card.from_json(before.card.encode(), before.folder).metrics.get("iou")
    if earlier is not None and iou < earlier:
        note(f"this is below the {earlier:.4f} that {before.name} had when it was made")
