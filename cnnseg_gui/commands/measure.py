"""`cnnseg measure`: a table of the objects in a project's masks."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from cnnseg_gui.commands.arguments import add_device
from cnnseg_gui.commands.composite import CurrentModel, current_model
from cnnseg_gui.commands.output import Ticker, answer, counted, note
from cnnseg_gui.commands.searching import add_look_in, look_in
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_part import image_part
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.image_table import APPROVED, ImageRecord, stored_path
from cnnseg_gui.core.image_values import values_in
from cnnseg_gui.core.mask import UNLABELLED, Mask
from cnnseg_gui.core.measurements import Measurements, grey_once, measure
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.reading import load_image
from cnnseg_gui.formats.object_table import MeasuredImage, check_table_name, write_table

HELP = "measure the objects of a project's masks: area, shape, brightness"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="a .csv or .parquet table"
    )
    parser.add_argument(
        "--classes", metavar="NAMES", help="only these, e.g. nucleus,cell (all but background)"
    )
    parser.add_argument("--approved", action="store_true", help="approved images alone")
    parser.add_argument(
        "--composite",
        action="store_true",
        help="fill undecided pixels as the current revision proposes",
    )
    parser.add_argument("--force", action="store_true", help="replace a table that is there")
    add_device(parser)
    add_look_in(parser)


def run(options: argparse.Namespace) -> int:
    """Writes the table, whole or not at all; 1 where an image could not be read.

    Raises:
        UserError: no such class or project, or the table is there already or cannot be written.
    """
    path: Path = options.output
    check_table_name(path)
    if path.exists() and not options.force:
        raise UserError(
            "the table is there already", path=path, remedy="Choose another name, or add --force."
        )
    project = Project.open(options.project)
    try:
        look_in(options, project)
        chosen = _chosen(project, options.classes)
        model = current_model(options, project) if options.composite else None
        names = {cls.index: cls.name for cls in project.classes}
        found, refused = _measured(project, options.approved, chosen, model)
    finally:
        project.close()
    channels = max((image.objects.mean_intensity.shape[1] for image in found), default=1)
    count = write_table(path, found, names, channels=channels)
    for error in refused:
        note(error)
    data = {
        "table": str(path),
        "images": len(found),
        "objects": count,
        "refused": [str(error) for error in refused],
    }
    objects, images = counted(count, "object"), counted(len(found), "image")
    answer(options, data, [f"{path}: {objects} in {images}"])
    return 1 if refused else 0


def _measured(
    project: Project, approved: bool, classes: frozenset[int] | None, model: CurrentModel | None
) -> tuple[list[MeasuredImage], list[UserError]]:
    found, refused = [], []
    records = [
        record
        for record in project.images()
        if (record.status == APPROVED or not approved) and (record.decided or model is not None)
    ]
    ticker = Ticker()
    for done, record in enumerate(records, start=1):
        try:
            found.append(_of_image(project, record, classes, model))
        except UserError as error:
            refused.append(error)
        ticker.note(f"{done} of {len(records)} images measured")
    return found, refused


def _of_image(
    project: Project,
    record: ImageRecord,
    classes: frozenset[int] | None,
    model: CurrentModel | None,
) -> MeasuredImage:
    image = load_image(record)
    try:
        mask = project.load_mask(record.id)
        if model is not None:
            mask = _filled(project, record, mask, image, model)
        objects: Measurements = measure(mask, partial(values_in, image), classes=classes)
        file = stored_path(record.path, project.folder)
        objects = grey_once(objects)
        return MeasuredImage(record.name, objects, image.pixel_size, file, record.page)
    finally:
        image.close()


def _filled(
    project: Project, record: ImageRecord, mask: Mask, image: ImageSource, model: CurrentModel
) -> Mask:
    whole = Rect(0, 0, *mask.shape)
    dense = model.propose(image_part(image, whole), record.path)
    proposed = project.class_list.from_dense[dense]
    decided = mask.read(whole)
    undecided = decided == UNLABELLED
    decided[undecided] = proposed[undecided]
    return Mask.from_array(decided)


def _chosen(project: Project, names: str | None) -> frozenset[int] | None:
    if names is None:
        return None
    known = {cls.name.casefold(): cls.index for cls in project.classes}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name.casefold() not in known:
            raise UserError(
                f"there is no class “{name}”",
                path=project.folder,
                remedy=f"Its classes are {', '.join(cls.name for cls in project.classes)}.",
            )
    return frozenset(known[name.casefold()] for name in wanted)
