"""On and off, differently for each unit, so that several rooms are proved at once.

The codes are rows of a Hadamard matrix (Walsh functions): every two are on together in a quarter of the time, so what
one unit does to a sensor cannot be taken for what another does. The row that is always on is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CHIP_S = 150.0
"""Time of one `0` or `1`: eight of them, for up to five units, are the 20 minutes that a dwelling may take."""
MOST_UNITS = 22
"""At once; with more, the slowest take as long as one after the other."""
_LEAST_CHIPS = 8
_USABLE_SHARE = 0.7
"""Of the codes of a length: the others change faster than a room can follow."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Codes for units that are heated at the same time.

    Attributes:
        codes: of `0` and `1`, by the unit's name; all of one length.
        chip_s: time of one `0` or `1`.
    """

    codes: Mapping[str, str]
    chip_s: float

    @property
    def seconds(self) -> float:
        """Return how long all of it takes."""
        return self.chip_s * max(map(len, self.codes.values()), default=0)

    def together(self) -> int:
        """Return how many units are on at once at most."""
        return max((chips.count("1") for chips in zip(*self.codes.values(), strict=True)), default=0)


def sizes(units: int) -> tuple[int, ...]:
    """Return how many of some units may share a pattern's length, the most first: fewer make do with a shorter one."""
    usable = [int(_USABLE_SHARE * _LEAST_CHIPS * factor) for factor in (4, 2, 1)]
    enough = min((size for size in usable if size >= units), default=MOST_UNITS)
    return tuple(size for size in usable if size <= enough)


def seconds(units: int, chip_s: float = CHIP_S) -> float:
    """Return how long patterns of so many units take."""
    return chip_s * _chips(units)


def patterns(units: Sequence[str], chip_s: float = CHIP_S) -> Patterns:
    """Return a code for each unit.

    Args:
        units: names of all that heat at the same time, whatever dwelling they are in.
        chip_s: shorter where time in rooms passes faster.

    Raises:
        ValueError: if there are more than `MOST_UNITS`.
    """
    if len(units) > MOST_UNITS:
        raise ValueError(f"{len(units)} units at once, at most {MOST_UNITS} can be told apart")
    return Patterns(dict(zip(units, _codes(_chips(len(units))), strict=False)), chip_s)


def _chips(units: int) -> int:
    chips = _LEAST_CHIPS
    while _USABLE_SHARE * chips < units:
        chips *= 2
    return chips


def _codes(chips: int) -> list[str]:
    """Return the codes of a length, the best first.

    The more seldom one changes the more a room answers; but one that changes as seldom as a drift bends is lost in it.
    """
    rows = ["".join(str(1 - (row & chip).bit_count() % 2) for chip in range(chips)) for row in range(1, chips)]
    return sorted((row for row in rows if _changes(row) > chips // _LEAST_CHIPS), key=_changes)


def _changes(code: str) -> int:
    return code.count("01") + code.count("10")
