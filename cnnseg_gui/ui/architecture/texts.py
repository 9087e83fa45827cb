"""Numbers as people read them."""

from __future__ import annotations


def sides(pair: tuple[int, int] | None) -> str:
    """(3, 3) as 3×3; nothing for None."""
    return f"{pair[0]}×{pair[1]}" if pair is not None else ""


def short_number(number: int) -> str:
    """138 357 544 as 138.4 million."""
    for limit, word in ((10**9, "billion"), (10**6, "million")):
        if number >= limit:
            return f"{number / limit:.1f} {word}"
    return f"{number:,}"
