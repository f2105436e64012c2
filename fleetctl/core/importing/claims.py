"""What one machine or one place alone can have: no two rows, and no row and a unit that keeps it, claim the same.

The inventory's invariants would refuse the result as well; here both sides are named as the installer knows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fleetctl.core.importing.placing import Placed, comparable
from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.problems import Problem

_WORDS = {"serial": "serial", "mac": "MAC", "address": "address", "port": "switch port"}
CODES = frozenset(f"duplicate-{key}" for key in _WORDS)
"""Codes of the problems that are found here, which are those of the invariants."""
_OF_A_SITE = ("address", "port")
"""Keys that are unique within a site; the others are so in the whole fleet."""

_Claim = tuple[str, str, str]
"""Site (empty for the whole fleet), key, comparable value."""


def claimed_twice(placed: Sequence[Placed], fleet: Fleet) -> Iterator[Problem]:
    """Yield every row that claims what a row before it, or a unit that no row changes in this, has."""
    holders = _kept(placed, fleet)
    for one in placed:
        for key, word in _WORDS.items():
            value = one.values.get(key)
            if not value:
                continue
            claim = _claim(one.site, key, value)
            if claim in holders:
                message = f"{word} {value} of '{one.name}' {holders[claim]}"
                yield one.entry.place(key).problem(
                    f"duplicate-{key}", message, "check both labels, correct one of them"
                )
            else:
                holders[claim] = f"stands in row {one.entry.row} for '{one.name}' too"


def _kept(placed: Sequence[Placed], fleet: Fleet) -> dict[_Claim, str]:
    """Return what units have and keep; a cell that cannot be used may have been meant to change it."""
    rewritten = {(one.name, key) for one in placed for key in (*one.values, *one.entry.refused)}
    return {
        _claim(unit.site, key, value): f"belongs to '{unit.name}', which is declared"
        for unit in fleet.units()
        for key in _WORDS
        if (value := getattr(unit, key)) and (unit.name, key) not in rewritten
    }


def _claim(site: str, key: str, value: str) -> _Claim:
    return (site if key in _OF_A_SITE else "", key, comparable(key, value))
