"""What a fine-tune brings back takes the place of what it was compared with, of nothing else."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cnnseg_gui.core.model_choice import (
    choose,
    chosen,
    propose_from_now,
    proposing,
    proposing_revision,
    store_taught,
)
from cnnseg_gui.core.project import Project

STARTER = "starter:fcn-lite0"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project.create(tmp_path / "project", ("background", "cell"))
    yield project
    project.close()


def store(
    project: Project, weights: bytes, *, instead_of: str | None, begun_with: str | None = None
) -> bool:
    """Whether it was promoted."""
    stored = store_taught(
        project,
        weights,
        b"{}",
        promoted=True,
        instead_of=instead_of,
        begun_with=begun_with,
        patience=30.0,
    )
    return bool(stored.promoted)


def test_it_proposes_instead_of_what_it_was_compared_with(project: Project) -> None:
    assert proposing(project) == STARTER
    assert store(project, b"one", instead_of=STARTER)
    first = project.revisions.named("r001")
    assert proposing(project) == f"weights:{first.sha256}"
    assert not store(project, b"two", instead_of=STARTER)
    assert proposing_revision(project) == first
    assert store(project, b"three", instead_of=None), "where it was not asked for"


def test_what_another_program_promotes_while_it_waits_for_the_database_counts(
    project: Project,
) -> None:
    project.revisions.add(b"one", b"{}")
    project.revisions.add(b"two", b"{}")
    before = proposing(project)
    with closing(
        sqlite3.connect(project.path, isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN IMMEDIATE")

        def promote() -> None:
            time.sleep(1.0)
            other.execute("UPDATE revision SET promoted = 3 WHERE name = 'r001'")
            other.execute("COMMIT")

        promoting = threading.Thread(target=promote)
        promoting.start()
        assert not store(project, b"three", instead_of=before)
        promoting.join()
    assert proposing_revision(project) == project.revisions.named("r001")


def test_what_was_chosen_and_taught_is_chosen_no_more(project: Project) -> None:
    choose(project, "starter:unet", knows=True)
    assert store(project, b"one", instead_of="starter:unet", begun_with="starter:unet")
    assert chosen(project) == ""
    choose(project, "new:unet")
    assert not store(project, b"two", instead_of=STARTER, begun_with="new:unet")
    kept = project.revisions.named("r002")
    assert chosen(project) == f"weights:{kept.sha256}", "it is taught on"
    assert proposing_revision(project) == project.revisions.named("r001")


def test_a_choice_that_a_command_passed_over_stays_unless_it_would_propose(
    project: Project,
) -> None:
    choose(project, "new:unet")
    assert store(project, b"one", instead_of=STARTER)
    assert chosen(project) == "new:unet"
    choose(project, "starter:unet", knows=True)
    assert store(project, b"two", instead_of=None)
    assert proposing_revision(project) == project.revisions.named("r002")


def test_going_back_overrules_what_was_chosen(project: Project) -> None:
    project.revisions.add(b"one", b"{}")
    second = project.revisions.add(b"two", b"{}")
    choose(project, STARTER, knows=True, mapping={"cell": "nucleus"})
    assert proposing_revision(project) is None
    back = propose_from_now(project, "r001")
    assert proposing_revision(project) == back
    assert back.promoted > second.promoted
    assert (chosen(project), project.setting("class_mapping")) == ("", "{}")
