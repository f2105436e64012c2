"""Differences between bundles: whatever the pieces, the runs make the bundle again, and no more is sent than is new."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.releases.difference import FRAME, NEW, Piece, Run, difference, since

Contents = list[bytes]
bundles = st.lists(st.sampled_from([b"a", b"bb", b"ccc", b"dddd", b"eeeee"]), max_size=12)


def pieces(contents: Iterable[bytes]) -> list[Piece]:
    found, start = [], 0
    for content in contents:
        found.append(Piece(start, len(content), hashlib.sha256(content).digest()))
        start += len(content)
    return found


def made(runs: Iterable[Run], wanted: bytes, bases: Sequence[bytes]) -> bytes:
    whole = (wanted, *bases)
    return b"".join(whole[run.base][run.start : run.start + run.size] for run in runs)


@given(bundles, st.lists(bundles, max_size=3), st.integers(0, 70))
def test_the_runs_make_the_bundle_from_any_byte_on(wanted: Contents, bases: list[Contents], offset: int) -> None:
    runs = difference(pieces(wanted), [pieces(base) for base in bases])
    whole = b"".join(wanted)
    assert made(since(runs, offset), whole, [b"".join(base) for base in bases]) == whole[offset:]


@given(bundles, st.lists(bundles, max_size=3))
def test_what_is_there_is_not_sent(wanted: Contents, bases: list[Contents]) -> None:
    runs = difference(pieces(wanted), [pieces(base) for base in bases])
    there = {piece for base in bases for piece in base}
    new = sum(len(piece) for piece in wanted if piece not in there)
    assert sum(run.size for run in runs if run.base == NEW) == new
    assert sum(run.sent_bytes for run in runs) == new + FRAME.size * len(runs)


@pytest.mark.parametrize(
    ("wanted", "bases", "runs"),
    [
        ([b"a", b"bb", b"ccc"], [[b"a", b"bb", b"ccc"]], [Run(1, 0, 6)]),
        ([b"a", b"bb", b"ccc"], [], [Run(NEW, 0, 6)]),
        ([b"a", b"new", b"ccc"], [[b"a", b"bb", b"ccc"]], [Run(1, 0, 1), Run(NEW, 1, 3), Run(1, 3, 3)]),
        ([b"ccc", b"a"], [[b"a", b"bb", b"ccc"]], [Run(1, 3, 3), Run(1, 0, 1)]),
        ([b"a", b"bb"], [[b"a"], [b"bb"]], [Run(1, 0, 1), Run(2, 0, 2)]),
    ],
    ids=["the same", "nothing there", "one is new", "moved", "from two"],
)
def test_runs(wanted: Contents, bases: list[Contents], runs: list[Run]) -> None:
    assert list(difference(pieces(wanted), [pieces(base) for base in bases])) == runs


def test_pieces_that_stand_in_many_places_stay_together() -> None:
    """A bundle is full of equal blocks; a run that jumped back to the first of them would be cut into many."""
    base = pieces([b"a", b"zero", b"bb", b"zero", b"ccc", b"zero", b"dddd"])
    assert list(difference(base[2:], [base])) == [Run(1, 5, 17)]
