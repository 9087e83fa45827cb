"""A program that stores models in a project, beside others.

    python -m tests.core.storing_process PROJECT COUNT
    python -m tests.core.storing_process PROJECT

With a count it waits for a line and stores so many revisions and classifiers, one after the other.
Without one it writes a revision, says "written", and stores it once it is told to.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cnnseg_gui.core.database import PATIENCE_S
from cnnseg_gui.core.project import Project

CARD = b'{"network": "unet"}'


def main() -> None:
    project = Project.open(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        print("open", flush=True)
        sys.stdin.readline()
        for _ in range(int(sys.argv[2])):
            project.revisions.add(os.urandom(100_000), CARD, patience=PATIENCE_S)
            project.classifiers.add(os.urandom(100_000), CARD, patience=PATIENCE_S)
    else:
        with project.revisions.staged(b"weights", CARD) as staged:
            print("written", flush=True)
            sys.stdin.readline()
            with project.together():
                project.revisions.insert(staged, promoted=True)
    project.close()


if __name__ == "__main__":
    main()
