"""How a command line is read: wrong usage is one line on stderr and the exit code 2."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.core.errors import UserError

Option = bool | int | float | str


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong, and where to look, in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def class_names(text: str) -> tuple[str, ...]:
    """`background,nucleus`."""
    try:
        return tuple(cls.name for cls in make_classes(text.split(",")))
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error


def value_names(text: str) -> dict[int, str]:
    """`0=background,255=nucleus`: class names by mask value."""
    names: dict[int, str] = {}
    for part in text.split(","):
        value, separator, name = (piece.strip() for piece in part.partition("="))
        if not (separator and name) or not _is_number(value) or int(value) > 255:
            raise argparse.ArgumentTypeError(f"“{part}” is not VALUE=CLASS with a value in 0…255")
        if int(value) in names:
            raise argparse.ArgumentTypeError(f"the value {value} is named twice")
        names[int(value)] = name
    return names


def mask_value(text: str) -> int:
    """A value of an 8-bit mask."""
    if not _is_number(text) or int(text) > 255:
        raise argparse.ArgumentTypeError(f"“{text}” is not a mask value in 0…255")
    return int(text)


def network_option(text: str) -> tuple[str, Option]:
    """`width=8`, `norm=false` or `upsampling=bilinear`."""
    name, separator, value = (piece.strip() for piece in text.partition("="))
    if not (separator and name and value):
        raise argparse.ArgumentTypeError(f"“{text}” is not KEY=VALUE")
    if value in ("true", "false"):
        return name, value == "true"
    for read in (int, float):
        try:
            return name, read(value)
        except ValueError:
            continue
    return name, value


def count(text: str) -> int:
    """A whole number, at least 1."""
    if not _is_number(text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"“{text}” is not a whole number above 0")
    return int(text)


def seed(text: str) -> int:
    """A whole number that every random generator takes: 0 … 2³² - 1."""
    if not _is_number(text) or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"“{text}” is not a whole number in 0 … 4294967295")
    return int(text)


def seconds(text: str) -> float:
    """A length of time above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of seconds above 0")
    return value


def classes_by_value(
    named: Mapping[int, str] | None,
    names: Sequence[str],
    usage_error: Callable[[str], NoReturn],
) -> dict[int, int]:
    """Class index by mask value; where no values are named, values are class indices."""
    if named is None:
        return {index: index for index in range(len(names))}
    unknown = sorted(set(named.values()) - set(names))
    if unknown:
        usage_error(f"--mask-values names “{unknown[0]}”, which is not one of --classes")
    return {value: names.index(name) for value, name in named.items()}


def add_device(parser: argparse.ArgumentParser) -> None:
    """`--device`."""
    parser.add_argument(
        "--device", default="auto", metavar="D", help="auto, cpu, cuda, cuda:N or mps"
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
