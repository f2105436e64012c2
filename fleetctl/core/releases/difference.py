"""A bundle as the difference to others: runs of bytes, each from a bundle that is there or new.

A difference is frames, one after the other: a byte that says which bundle a run is from, counted from 1, or 0 for what
is new; eight bytes for where in it the run begins, and eight for how long it is, big-endian. The bytes of a new run
follow its frame. `fleet-unit receive --bases` reads it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

FRAME = struct.Struct(">BQQ")
NEW = 0
"""In the place of a bundle's number: of none that is there."""


class Piece(NamedTuple):
    """Some bytes of a bundle, known by their digest. Pieces of a bundle follow each other without a gap."""

    start: int
    size: int
    digest: bytes


class Run(NamedTuple):
    """Bytes of a bundle that stand together elsewhere too.

    Attributes:
        base: number of the bundle that they are from, counted from 1; `NEW` if they are from the bundle itself.
        start: where they begin in that bundle.
        size: how many they are.
    """

    base: int
    start: int
    size: int

    @property
    def sent_bytes(self) -> int:
        """Return how many bytes the run takes in a difference."""
        return FRAME.size + (self.size if self.base == NEW else 0)


def difference(wanted: Sequence[Piece], bases: Sequence[Sequence[Piece]]) -> tuple[Run, ...]:
    """Return the runs that make a bundle, from its first byte to its last.

    Args:
        wanted: pieces of the bundle.
        bases: pieces of each bundle that is there.
    """
    return tuple(_joined(_found(wanted, bases)))


def since(runs: Iterable[Run], offset: int) -> Iterator[Run]:
    """Yield the runs that make a bundle from one of its bytes on."""
    for run in runs:
        passed = min(offset, run.size)
        offset -= passed
        if passed < run.size:
            yield Run(run.base, run.start + passed, run.size - passed)


def _found(wanted: Sequence[Piece], bases: Sequence[Sequence[Piece]]) -> Iterator[Run]:
    """Yield a run for each piece; where it stands in several places, the one that follows the run before."""
    places: dict[bytes, tuple[int, int]] = {}
    for number, pieces in enumerate(bases, 1):
        for index, piece in enumerate(pieces):
            places.setdefault(piece.digest, (number, index))
    place: tuple[int, int] | None = None
    for piece in wanted:
        place = _following(place, piece, bases) or places.get(piece.digest)
        if place is None:
            yield Run(NEW, piece.start, piece.size)
        else:
            yield Run(place[0], bases[place[0] - 1][place[1]].start, piece.size)


def _following(place: tuple[int, int] | None, piece: Piece, bases: Sequence[Sequence[Piece]]) -> tuple[int, int] | None:
    """Return the place right behind another one, if it has this piece."""
    if place is None:
        return None
    number, index = place[0], place[1] + 1
    pieces = bases[number - 1]
    return (number, index) if index < len(pieces) and pieces[index].digest == piece.digest else None


def _joined(runs: Iterable[Run]) -> Iterator[Run]:
    """Make one run of those that follow each other in the same bundle."""
    before: Run | None = None
    for run in runs:
        if before is not None and (run.base, run.start) == (before.base, before.start + before.size):
            before = Run(run.base, before.start, before.size + run.size)
            continue
        if before is not None:
            yield before
        before = run
    if before is not None:
        yield before
