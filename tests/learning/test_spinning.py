"""Another busy program must not make learning many times slower: OpenMP's threads soon sleep."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("given", "expected"), [(None, "10000"), ("7", "7")])
def test_the_spin_count_is_set_unless_the_person_has_set_one(
    given: str | None, expected: str
) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"}
    if given is not None:
        environment["GOMP_SPINCOUNT"] = given
    code = (
        "import cnnseg_gui.learning, os, sys; assert 'torch' not in sys.modules;"
        "print(os.environ['GOMP_SPINCOUNT'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == expected
