"""Finds the files that ship with the program, in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def _folder(in_wheel: str, in_checkout: str) -> Path:
    installed = _PACKAGE / in_wheel
    return installed if installed.is_dir() else _PACKAGE.parent / in_checkout


def resource(name: str) -> Path:
    """A file or folder of `resources/`, e.g. `resource("icons/brush.svg")`."""
    return _folder("_resources", "resources") / name


def starter_folder() -> Path:
    """`models/starter/`: one folder per starter, with `model.safetensors` and `card.json`."""
    return _folder("_starter", "models/starter")
