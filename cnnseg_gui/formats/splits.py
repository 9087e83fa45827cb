"""Training, validation and test: by ratio, seed and group, never a group in two of them.

Which part a group belongs to is decided by a hash of seed and group alone, so that it stays there
as images are added. A group of which an image has a fixed part goes there as a whole.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_hash import groups_of
from cnnseg_gui.core.image_table import SPLITS, ImageRecord

GROUPS = ("file", "prefix", "folder", "tag", "look")
"""What images of one group share: the file (with its other pages, and files of equal content), the
name up to a separator, the folder (its last two names), the first tag, or the look, near enough."""


@dataclass(frozen=True)
class SplitRule:
    """How a data set is split.

    Args:
        ratios: of train, val and test, such as (70, 15, 15); any sum above 0.
        seed: another one gives another split.
        group: one of `GROUPS`.
        separator: ends the prefix; a name without it is a group of its own.
        keep: images whose part is fixed stay there, and their groups with them.
    """

    ratios: tuple[float, float, float]
    seed: int = 0
    group: str = "file"
    separator: str = "_"
    keep: bool = True


@dataclass(frozen=True)
class Split:
    """A split data set.

    Args:
        of_image: a part of `SPLITS` by the images' numbers.
        groups: the group by the images' numbers.
        leaking: groups of which images have different fixed parts: they stay where they are.
    """

    of_image: Mapping[int, str]
    groups: Mapping[int, str]
    leaking: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """Images in each part."""
        found = Counter(self.of_image.values())
        return {name: found[name] for name in SPLITS}


def read_ratios(text: str) -> tuple[float, float, float]:
    """`70/15/15` or `80/20`, which has no test images.

    Raises:
        UserError: it is neither.
    """
    try:
        numbers = [float(part) for part in text.split("/")]
    except ValueError:
        numbers = []
    numbers += [0.0] * (3 - len(numbers)) if len(numbers) == 2 else []
    total = sum(numbers)
    if len(numbers) != len(SPLITS) or min(numbers) < 0 or not 0 < total < float("inf"):
        raise UserError(
            f"“{text}” is no split", remedy="Write shares of train, val and test: 70/15/15."
        )
    return numbers[0], numbers[1], numbers[2]


def split_images(
    records: Sequence[ImageRecord], rule: SplitRule, looks: Mapping[int, int] | None = None
) -> Split:
    """The part that each image belongs to.

    Args:
        looks: `image_hash.difference_hash` by the images' numbers; for the group "look".

    Raises:
        UserError: there is no such group.
    """
    groups = group_names(records, rule, looks or {})
    members: dict[str, list[ImageRecord]] = {}
    for record in records:
        members.setdefault(groups[record.id], []).append(record)
    of_image: dict[int, str] = {}
    leaking = []
    for group, own in members.items():
        fixed = {record.split for record in own if record.split} if rule.keep else set()
        if len(fixed) > 1:
            leaking.append(group)
        common = min(fixed, key=SPLITS.index) if fixed else split_of(group, rule)
        for record in own:
            of_image[record.id] = record.split if rule.keep and record.split else common
    return Split(of_image, groups, tuple(leaking))


def split_of(group: str, rule: SplitRule) -> str:
    """The part of a group, whatever else there is.

    SHA-256 of seed and group is a number in 0…1; where it falls among the cumulative ratios
    decides.
    """
    digest = hashlib.sha256(f"{rule.seed}\0{group}".encode("utf-8", "surrogatepass")).digest()
    at = int.from_bytes(digest[:8]) / 2**64 * sum(rule.ratios)
    reached = 0.0
    for name, ratio in zip(SPLITS, rule.ratios, strict=True):
        reached += ratio
        if ratio and at < reached:
            return name
    return next(name for name, ratio in zip(SPLITS, rule.ratios, strict=True) if ratio)


def group_names(
    records: Sequence[ImageRecord], rule: SplitRule, looks: Mapping[int, int]
) -> dict[int, str]:
    """The group of each image, by its number: names that stay as images are added.

    Pages of one file and files of equal content are always of one group.
    """
    if rule.group not in GROUPS:
        raise UserError(
            f"there is no group “{rule.group}”", remedy=f"Use one of: {', '.join(GROUPS)}."
        )
    known = [looks.get(record.id) if rule.group == "look" else None for record in records]
    keys = [_key(record, rule) for record in records]
    linked = _linked(records, keys)
    if any(known):  # a blank image, 0, looks like none
        seen = [n for n, look in enumerate(known) if look]
        alike = groups_of([known[n] or 0 for n in seen], together=[linked[n] for n in seen])
        first = {linked[n]: linked[seen[a]] for n, a in zip(seen, alike, strict=True)}
        linked = [first.get(group, group) for group in linked]
    # A group is called what its member that was added first is called: later ones do not rename it.
    names: dict[Hashable, str] = {}
    for record, key, group in sorted(
        zip(records, keys, linked, strict=True), key=lambda row: row[0].id
    ):
        names.setdefault(group, record.sha256 if key is None else key)
    return {record.id: names[group] for record, group in zip(records, linked, strict=True)}


def _key(record: ImageRecord, rule: SplitRule) -> str | None:
    """What it shares with others of its group; None: nothing but its content."""
    if rule.group == "prefix":
        prefix, separator, _ = record.path.stem.partition(rule.separator or "_")
        return f"prefix {prefix}" if separator else f"prefix {record.path.stem}"
    if rule.group == "folder":
        return f"folder {'/'.join(record.path.parts[-3:-1])}"
    if rule.group == "tag" and record.tags:
        return f"tag {record.tags[0]}"
    return None


def _linked(records: Sequence[ImageRecord], keys: Sequence[str | None]) -> list[int]:
    """A number that all images share that have a key, a file or a content in common."""
    parent = list(range(len(records)))

    def root(n: int) -> int:
        while parent[n] != n:
            parent[n] = parent[parent[n]]
            n = parent[n]
        return n

    first: dict[tuple[str, str], int] = {}
    for n, (record, key) in enumerate(zip(records, keys, strict=True)):
        shared = {"file": os.fspath(record.path), "content": record.sha256, "key": key}
        for kind, value in shared.items():
            if value:
                other = root(first.setdefault((kind, value), n))
                parent[max(root(n), other)] = min(root(n), other)
    return [root(n) for n in range(len(records))]
