"""The order of versions, as Debian orders them: numbers as numbers, `~` before the end (`1.2~rc1` is before `1.2`)."""

from __future__ import annotations

import re
from functools import total_ordering

_PART = re.compile(r"(\D*)(\d*)")
_END, _BEFORE_END = 0, -1


@total_ordering
class Version:
    """A version that can be compared; a hyphen has no meaning of its own."""

    def __init__(self, text: str) -> None:
        parts = _PART.findall(text)
        self._key = tuple(([*map(_weight, other), _END], int(number or 0)) for other, number in parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key == other._key

    def __lt__(self, other: Version) -> bool:
        return self._key < other._key

    def __hash__(self) -> int:
        return hash(self._key)


def is_downgrade(before: str, after: str) -> bool:
    """Say whether going from one version to another goes back; from nothing known it never does."""
    return bool(before) and Version(after) < Version(before)


def _weight(letter: str) -> int:
    """Order letters before other signs, and `~` before everything, the end included."""
    if letter == "~":
        return _BEFORE_END
    return ord(letter) if letter.isalpha() else ord(letter) + 0x110000
