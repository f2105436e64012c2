"""Slurm's lists of nodes: `a101-[1-3,7],gw` is `a101-1`, `a101-2`, `a101-3`, `a101-7` and `gw`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

_NAME = r"(?:[^,\[\]]|\[[0-9,-]+\])+"
_NAMES, _LIST = re.compile(_NAME), re.compile(f"{_NAME}(?:,{_NAME})*")
_PARTS = re.compile(r"\[([^\]]*)\]|([^\[\]]+)")
MOST = 65_536
"""Names that one list may stand for; Slurm itself has no more nodes."""


def expand(text: str) -> tuple[str, ...]:
    """Return the names that a list stands for, in its order.

    Raises:
        ValueError: if it is none, or stands for too many.
    """
    if text in ("", "(null)", "None assigned"):
        return ()
    found = tuple(itertools.islice(_expanded(text), MOST + 1))
    if len(found) > MOST:
        raise ValueError(f"a list of more than {MOST} nodes")
    return found


def _expanded(text: str) -> Iterator[str]:
    if _LIST.fullmatch(text) is None:
        raise ValueError(f"not a list of nodes: '{text[:80]}'")
    for name in _NAMES.findall(text):
        parts = [list(_numbers(inner)) if inner else [outer] for inner, outer in _PARTS.findall(name)]
        yield from ("".join(choice) for choice in itertools.product(*parts))


def _numbers(text: str) -> Iterator[str]:
    """Yield the numbers of a bracket; those with leading zeros keep them."""
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not (first.isdigit() and (last or first).isdigit()) or int(last or first) - int(first) > MOST:
            raise ValueError(f"not a range of nodes: '[{text[:80]}]'")
        yield from (f"{number:0{len(first)}}" for number in range(int(first), int(last or first) + 1))
