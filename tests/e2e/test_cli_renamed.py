"""A class that was renamed after it had been learnt is proposed by every command."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import ON_CPU, answer
from PIL import Image

from cnnseg_gui.commands.train import proposing
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.model_classes import MAPPING, class_mapping
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.learning.model import dump, new, stamped

Capture = pytest.CaptureFixture[str]
LEARNT = ("background", "nucleus", "fibre")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One image, and a revision that says “fibre” of every pixel; the class is “fiber” now."""
    image = tmp_path / "a.png"
    Image.fromarray(np.full((64, 64, 3), 128, np.uint8)).save(image)
    made = Project.create(tmp_path / "project", LEARNT)
    made.add_images([probe(image)])
    model = new("unet", LEARNT, 0, {"width": 8})
    bias = model.network.head.bias
    assert bias is not None
    with torch.no_grad():
        model.network.head.weight.zero_()
        bias.copy_(torch.tensor([0.0, 1.0, 5.0]))
    weights = dump(model)
    made.revisions.add(weights, stamped(model.card, weights).to_json())
    mask = made.load_mask(1)
    builder = PatchBuilder(mask)
    builder.paint(0, 0, np.ones((8, 8), np.bool_), 0)
    patch = builder.finish()
    assert patch is not None
    made.commit(patch, mask, name="Brush stroke")
    made.edit_classes(made.class_list.with_name(2, "fiber"), name="Rename")
    made.close()
    return tmp_path / "project"


def test_measure_export_and_segment_propose_it(
    project: Path, tmp_path: Path, capsys: Capture
) -> None:
    table, out, masks = tmp_path / "objects.csv", tmp_path / "out", tmp_path / "masks"
    answer(capsys, "measure", project, "-o", table, "--composite", *ON_CPU)
    with table.open(encoding="utf-8", newline="") as file:
        assert [row["class"] for row in csv.DictReader(file)] == ["fiber"]
    answer(capsys, "export", project, "--format", "png", "-o", out, "--composite", *ON_CPU)
    assert np.asarray(Image.open(out / "masks" / "a.png"))[20:].min() == 2
    answer(capsys, "segment", tmp_path / "a.png", "--model", project, "-o", masks, *ON_CPU)
    assert np.asarray(Image.open(masks / "a.png")).min() == 2


def test_train_goes_on_from_it(project: Path) -> None:
    opened = Project.open(project)
    bias = proposing(opened).network.head.bias
    opened.close()
    assert bias is not None
    assert bias.tolist() == [0.0, 1.0, 5.0]


def test_what_was_matched_by_hand_goes_before_former_names(project: Path) -> None:
    opened = Project.open(project)
    current = opened.revisions.current
    assert class_mapping(opened, current) == {"fiber": "fibre"}
    opened.set_setting(MAPPING, '{"fiber": "nucleus"}')
    assert class_mapping(opened, current) == {"fiber": "nucleus"}
    assert class_mapping(opened, None) == {"fiber": "nucleus"}
    for damaged in ("{", "[1]"):
        opened.set_setting(MAPPING, damaged)
        assert class_mapping(opened, current) == {"fiber": "fibre"}
    opened.close()
