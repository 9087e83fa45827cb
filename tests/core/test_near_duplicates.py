"""Images that look the same are never learnt from and validated on at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from cnnseg_gui.core.image_hash import difference_hash
from cnnseg_gui.core.image_table import ImageFacts
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project


def picture(seed: int) -> Pixels:
    coarse = np.random.default_rng(seed).integers(0, 256, (24, 20, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((100, 120), Image.Resampling.BICUBIC))


def make(folder: Path, looks: list[int | None], *, pages: bool = False) -> Project:
    project = Project.create(folder / "project")
    project.add_images(
        ImageFacts(
            folder / ("stack.tif" if pages else f"{number}.png"),
            "00" if pages else f"{number:02}",
            20,
            20,
            number if pages else 0,
            look,
        )
        for number, look in enumerate(looks)
    )
    return project


def work_on(project: Project, number: int) -> bool:
    """Paints on an image; whether it is held out now."""
    mask = project.load_mask(number)
    builder = PatchBuilder(mask)
    builder.paint(2, 2, np.ones((3, 3), np.bool_), 1)
    patch = builder.finish()
    if patch is not None:
        project.commit(patch, mask, name="Brush stroke")
    return project.image(number).held_out


def test_copies_of_an_image_have_its_role_and_count_once(tmp_path: Path) -> None:
    looks = [difference_hash(picture(seed)) for seed in range(8)]
    near = [look ^ 0b1011 for look in looks]
    project = make(tmp_path, [looks[0], near[0], looks[1], looks[2], near[2], *looks[3:]])
    roles = [work_on(project, number) for number in range(1, 11)]
    # groups:      0      0      1      2     2     3      4      5      6      7
    assert roles == [False, False, False, True, True, False, False, False, False, True]
    project.close()


def test_pages_of_one_file_are_one_group(tmp_path: Path) -> None:
    project = make(tmp_path, [None] * 9, pages=True)
    assert not any(work_on(project, number) for number in range(1, 10))
    project.close()


def test_blank_images_and_those_not_looked_at_are_groups_of_their_own(tmp_path: Path) -> None:
    project = make(tmp_path, [0, None, 0, None, 0, 0, 0, 0])
    roles = [work_on(project, number) for number in range(1, 9)]
    assert roles == [False, False, True, False, False, False, False, True]
    project.close()


def test_roles_stay_as_images_are_added_and_the_nearer_one_counts(tmp_path: Path) -> None:
    look = difference_hash(picture(0))
    held_out = look ^ ((1 << 20) - 1)  # 20 bits from the first: another picture
    project = make(tmp_path, [look, difference_hash(picture(1)), held_out, None, None])
    assert [work_on(project, number) for number in (1, 2, 3)] == [False, False, True]
    project.note_looks({4: look ^ 0b111, 5: held_out ^ 0b111})
    assert [work_on(project, number) for number in (4, 5)] == [False, True]
    assert [project.image(number).held_out for number in (1, 2, 3)] == [False, False, True]
    between = look ^ ((1 << 9) - 1)  # 9 from the first, 11 from the third
    project.add_images([ImageFacts(tmp_path / "between.png", "99", 20, 20, 0, between)])
    assert not work_on(project, 6)
    project.close()


def test_a_look_of_another_program_is_none(tmp_path: Path) -> None:
    project = make(tmp_path, [difference_hash(picture(0)), difference_hash(picture(1))])
    project._db.execute("UPDATE image SET look = 'text' WHERE id = 1")
    assert [work_on(project, number) for number in (1, 2)] == [False, False]
    project._db.execute("UPDATE image SET look = x'00' WHERE id = 2")
    project.add_images([ImageFacts(tmp_path / "c.png", "99", 20, 20, 0, 7)])
    assert work_on(project, 3)
    project.close()


def test_after_a_rebuild_the_roles_are_counted_on(tmp_path: Path) -> None:
    """The mirror keeps roles, not looks."""
    project = make(tmp_path, [None] * 4)
    for number in (1, 2):
        work_on(project, number)
    project._db.execute("UPDATE image SET kin = NULL")
    assert work_on(project, 3)
    assert not work_on(project, 4)
    project.close()
