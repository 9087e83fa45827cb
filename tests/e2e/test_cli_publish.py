"""`cnnseg publish`: files of one's own that every command can use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import ON_CPU, Failing, answer

Capture = pytest.CaptureFixture[str]


def test_what_was_published_segments_and_keeps_scores_of_ones_own(
    taught: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "mine"
    answer(capsys, "publish", taught, "--name", "mine", "--metric", "iou=0.75", "-o", out)
    card = json.loads((out / "card.json").read_bytes())
    assert (card["name"], card["metrics"]["iou"]) == ("mine", 0.75)
    image = taught.parent / "images" / "cell 1.png"
    found = answer(capsys, "segment", image, "--model", out, "-o", tmp_path / "masks", *ON_CPU)
    assert len(found["masks"]) == 1


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e999", "much"])
def test_a_score_that_is_no_number_is_refused(
    number: str, tmp_path: Path, refuses: Failing
) -> None:
    out = tmp_path / "mine"
    line = refuses("publish", tmp_path, "--name", "mine", "--metric", f"iou={number}", "-o", out)
    assert f"“{number}” is not a finite number" in line
    assert not out.exists()
