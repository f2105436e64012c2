"""Which places have exchanged what belongs to them."""

from __future__ import annotations

from collections.abc import Mapping


def cycles(moved: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the closed rounds of a map from where something belongs to where it is.

    `{a: b, b: a}` is one round of two; `{a: b, b: c}` is none: nothing is known to be in the place of a. What stays in
    its place is no round. Each begins with its smallest name, and the rounds are sorted.

    Args:
        moved: no two may go to one place; of those that do, none is part of a round.
    """
    arrived: dict[str, int] = {}
    for to in moved.values():
        arrived[to] = arrived.get(to, 0) + 1
    found: set[tuple[str, ...]] = set()
    left = {start for start, to in moved.items() if start != to and arrived[to] == 1}
    while left:
        round_ = _from(left.pop(), moved, arrived)
        left -= set(round_)
        found.update([round_] if round_ else [])
    return sorted(found)


def _from(start: str, moved: Mapping[str, str], arrived: Mapping[str, int]) -> tuple[str, ...]:
    """Return the round that goes through a place, smallest first; nothing if the way does not come back."""
    way, at = [start], moved[start]
    while at != start:
        if at not in moved or arrived[at] != 1 or at in way:
            return ()
        way.append(at)
        at = moved[at]
    first = way.index(min(way))
    return tuple(way[first:] + way[:first])
