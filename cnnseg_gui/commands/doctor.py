"""`cnnseg doctor`: what is installed and computes; of a project see `doctor_project`."""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from cnnseg_gui import __version__
from cnnseg_gui.commands import doctor_project
from cnnseg_gui.commands.arguments import add_device
from cnnseg_gui.commands.output import answer, note
from cnnseg_gui.core.errors import UserError

HELP = "check the installation, or a project: every image, mask, step of the history, and model"

# In a process of its own: Qt ends the process where it has no display.
_OPEN_QT = (
    "from PySide6.QtWidgets import QApplication; print(QApplication([]).platformName(), end='')"
)
_OPENS_WITHIN_S = 60.0

_PACKAGES = (
    "torch",
    "torchvision",
    "PySide6-Essentials",
    "numpy",
    "pillow",
    "tifffile",
    "scipy",
    "msgspec",
    "safetensors",
    "pyqtgraph",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument(
        "project", nargs="?", type=Path, help="a project; without one the installation is checked"
    )
    parser.add_argument(
        "--repair", action="store_true", help="mend what can be mended without loss; asks first"
    )
    parser.add_argument("--yes", action="store_true", help="with --repair: do not ask")
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the findings; 1 where something is missing or damaged.

    Raises:
        UserError: the device asked for is not there; or as `doctor_project.run`.
    """
    if options.project is not None:
        return doctor_project.run(options)
    if options.repair:
        options.usage_error("--repair wants a project")
    versions = {"cnnseg-gui": __version__, "python": platform.python_version()}
    versions |= {package: _version(package) for package in _PACKAGES}
    device = _device(options.device)
    problems = [f"{package} is not installed" for package, v in versions.items() if not v]
    starters = _check_starters(problems)
    lite0 = _check_lite0(problems)
    window = _check_window(problems)
    lines = [f"{package} {version}" for package, version in versions.items()]
    lines += [f"{platform.platform()}"]
    lines += [f"{key}: {value}" for key, value in device.items() if key != "milliseconds"]
    lines += [f"{p}: {ms:.2f} ms for a small convolution" for p, ms in _measured(device)]
    lines += [f"starter {name}: sha256 {sha256[:8]}" for name, sha256 in starters.items()]
    lines += [f"EfficientNet-Lite0's weights: sha256 {lite0[:8]}"] if lite0 else []
    lines += [f"window: {window}"] if window else []
    data = {
        "versions": versions,
        "platform": platform.platform(),
        "device": device,
        "starters": starters,
        "lite0_sha256": lite0,
        "window": window,
        "problems": problems,
    }
    answer(options, data, [*lines, "nothing is missing" if not problems else "see the problems"])
    for problem in problems:
        note(f"cnnseg doctor: {problem}")
    return 1 if problems else 0


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _device(preference: str) -> dict[str, object]:
    from cnnseg_gui.learning.device import choose

    compute = choose(preference)
    return {
        "device": str(compute.device),
        "name": compute.name,
        "threads": compute.threads,
        "precision": str(compute.precision).removeprefix("torch."),
        "training precision": str(compute.train_precision).removeprefix("torch."),
        "milliseconds": compute.milliseconds,
    }


def _measured(device: dict[str, object]) -> list[tuple[str, float]]:
    found = device["milliseconds"]
    return list(found.items()) if isinstance(found, dict) else []


def _check_starters(problems: list[str]) -> dict[str, str]:
    """sha256 by name of those that are whole: loading compares the card's hash and the shapes."""
    from cnnseg_gui.learning.model import starter, starters

    whole: dict[str, str] = {}
    try:
        cards = starters()
    except UserError as error:
        problems.append(str(error))
        return whole
    for card in cards:
        try:
            whole[card.name] = starter(card.name).card.sha256
        except UserError as error:
            problems.append(str(error))
    if not cards:
        problems.append("no starter is installed: install CNNSeg again")
    return whole


def _check_lite0(problems: list[str]) -> str:
    from cnnseg_models.lite0_weights import SHA256, WeightsError, weights_path

    try:
        path = weights_path()
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except (WeightsError, OSError) as error:
        problems.append(str(error))
        return ""
    if not found.startswith(SHA256):
        problems.append(f"{path}: the weights are damaged (sha256 {found[:8]}, not {SHA256})")
    return found


def _check_window(problems: list[str]) -> str:
    """Qt's name of the display it opens, e.g. "xcb"; "offscreen" where there is none."""
    there, _ = _open_qt(os.environ.get("QT_QPA_PLATFORM", ""))
    if there:
        return there
    offscreen, reason = _open_qt("offscreen")
    if not offscreen:
        problems.append(f"the window cannot be opened: {reason}")
    return offscreen


def _open_qt(display: str) -> tuple[str, str]:
    """The name of the display that Qt opened, or the last line of why it could not."""
    environment = {**os.environ, "QT_QPA_PLATFORM": display}
    if not display:
        del environment["QT_QPA_PLATFORM"]
    try:
        done = subprocess.run(
            [sys.executable, "-c", _OPEN_QT],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_OPENS_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    if done.returncode == 0:
        return done.stdout.strip(), ""
    said = [line for line in done.stderr.splitlines() if line.strip()]
    return "", said[-1] if said else f"Qt ended with {done.returncode}"
