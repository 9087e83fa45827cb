"""What an import would do is what it does; and what a person decided is theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnseg_gui.core.class_list import ClassList
from cnnseg_gui.core.classes import PixelClass, make_classes
from cnnseg_gui.core.image_table import APPROVED, IN_WORK, ImageRecord
from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels
from cnnseg_gui.formats.dataset import ReadImage
from cnnseg_gui.formats.import_change import Existing, change_mask
from cnnseg_gui.formats.import_classes import ClassPlan, plan_classes
from cnnseg_gui.formats.import_plan import Compared, compare, plan_import
from cnnseg_gui.formats.import_reading import FoundImage

SHAPE = (5, 6)
THEIRS = (
    PixelClass(0, "background", (0, 0, 0)),
    PixelClass(1, "nucleus", (1, 2, 3)),
    PixelClass(2, "fibre", (4, 5, 6)),
)
MINE = ClassList(make_classes(["background", "muscle", "Nucleus"]))
masks = hnp.arrays(np.uint8, SHAPE, elements=st.sampled_from((0, 1, 2, UNLABELLED)))


def record(status: str = IN_WORK, split: str = "") -> ImageRecord:
    return ImageRecord(1, Path("a.png"), "", *SHAPE, status, False, {}, split=split)


def compared(theirs: Pixels | None, mine: Pixels, own: ImageRecord, split: str = "") -> Compared:
    entry = ReadImage("a.png", Path("a.png"), None, split=split)
    return compare(FoundImage(entry, 1, None, theirs), own, mine)


def classes(mapping: dict[str, str] | None = None) -> ClassPlan:
    return plan_classes(THEIRS, MINE, mapping or {})


@given(masks, masks, st.sampled_from(Existing))
def test_counts_are_those_of_what_is_done_and_decided_pixels_stay_unless_replaced(
    theirs: Pixels, mine: Pixels, existing: Existing
) -> None:
    own = classes({"fibre": ""})
    wanted = own.table[theirs]
    mask = Mask.from_array(mine)
    change = change_mask(mask, wanted, existing)
    assert np.array_equal(mask.to_array(), mine)
    patch = change.prepared.put_in(mask)
    after = mask.to_array()
    found = plan_import([compared(theirs, mine, record())], own, existing)
    assert found.pixels == np.count_nonzero(after != mine)
    assert found.masks == (patch is not None) == (found.pixels > 0)
    decided, says = mine != UNLABELLED, wanted != UNLABELLED
    if existing is Existing.REPLACE:
        assert np.array_equal(after, np.where(says, wanted, mine))
        assert change.kept == 0
    else:
        assert np.array_equal(after[decided], mine[decided])
        assert change.kept == np.count_nonzero(decided & says & (wanted != mine))
    if existing is Existing.FILL:
        assert np.array_equal(after[~decided], wanted[~decided])
    if existing is Existing.KEEP and decided.any():
        assert np.array_equal(after, mine)


def test_a_class_gets_its_pixels_by_its_name_here() -> None:
    theirs = np.array([[1, 1, 2], [0, UNLABELLED, 2]], np.uint8)
    mine = np.full((2, 3), UNLABELLED, np.uint8)
    found = plan_import([compared(theirs, mine, record())], classes(), Existing.FILL)
    assert found.by_class == {"background": (1, 1), "Nucleus": (2, 1), "fibre": (2, 1)}
    found = plan_import(
        [compared(theirs, mine, record())], classes({"fibre": "muscle"}), Existing.FILL
    )
    assert found.by_class == {"background": (1, 1), "muscle": (2, 1), "Nucleus": (2, 1)}


@pytest.mark.parametrize(
    ("existing", "said"),
    [
        (Existing.FILL, "2 pixels in 1 image that the data set says otherwise of stay"),
        (Existing.KEEP, "2 pixels in 1 image that the data set says otherwise of stay"),
        (Existing.REPLACE, "2 pixels that you decided otherwise in 1 image would be replaced"),
    ],
)
def test_what_becomes_of_work_that_is_there_is_said_before(existing: Existing, said: str) -> None:
    theirs = np.array([[0, 0, 1, 1]], np.uint8)
    mine = np.array([[1, 1, UNLABELLED, UNLABELLED]], np.uint8)
    found = plan_import([compared(theirs, mine, record(APPROVED))], classes(), existing)
    assert any(said in line for line in found.warnings), found.warnings
    approved = any("approved would be in work again" in line for line in found.warnings)
    assert approved == (existing is not Existing.KEEP)


def test_a_part_that_is_fixed_stays_unless_it_is_replaced() -> None:
    one = compared(None, np.zeros(SHAPE, np.uint8), record(split="train"), split="val")
    kept = plan_import([one], classes(), Existing.FILL)
    assert kept.splits == 0
    assert any("is fixed here" in line for line in kept.warnings)
    assert plan_import([one], classes(), Existing.REPLACE).splits == 1


def test_where_nothing_would_change_this_is_said() -> None:
    same = np.array([[0, 2]], np.uint8)
    own = plan_classes(THEIRS[:1], MINE, {})
    mine = np.array([[0, UNLABELLED]], np.uint8)
    found = plan_import([compared(same, mine, record())], own, Existing.REPLACE)
    assert found.pixels == 0
    assert any("nothing would change" in line for line in found.warnings)


def test_a_new_class_takes_a_colour_that_no_other_has() -> None:
    taken = MINE.live[1].colour
    after = plan_classes([PixelClass(1, "fibre", taken)], MINE, {}).after
    assert after.live[-1].name == "fibre"
    assert len({cls.colour for cls in after.live}) == len(after.live)
