"""Edits of a site file that were made in a basement, held against what became of the file at home meanwhile. Pure.

A value is known by its path: `radiators`, `a101-1`, `serial`. Where a file did not change at home, the basement's is
taken whole, comments and all; where both changed it, values are put in one by one, and what is no plain text of an
object (a list, a removed object) is left for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fleetctl.core.inventory.edit import Put
from fleetctl.core.kit.three_way import Change, changes

Path = tuple[str, ...]
_MACHINES = frozenset({"radiators", "boilers", "gateways"})
_OF_AN_OBJECT = 3
_COMMANDS = frozenset({"dial"})


@dataclass(frozen=True)
class FileMerge:
    """What comes of one file.

    Attributes:
        file: its path inside of the fleet's folder.
        changed: every value that changes, in order.
    """

    file: str
    changed: tuple[Change[Path, Any], ...]

    @property
    def conflicts(self) -> tuple[Change[Path, Any], ...]:
        """Return the values that both changed."""
        return tuple(each for each in self.changed if each.is_conflict)


def merge_of(file: str, before: Any, ours: Any, theirs: Any) -> FileMerge:
    """Return what the basement's edits come to.

    Args:
        file: its path inside of the fleet's folder.
        before, ours, theirs: the file's data as it left, as it is here, as it came back.
    """
    first, here, back = (dict(_leaves(data, ())) for data in (before, ours, theirs))
    return FileMerge(file, changes(first, here, back, dict.fromkeys([*back, *first])))


def subject_of(site: str, path: Path) -> str:
    """Return what a conflict about a value is decided by: the unit's name, or the value's path in its site."""
    return f"{site}/{path[1]}" if len(path) > 1 and path[0] in _MACHINES else f"{site}:{'.'.join(path)}"


def puts(taken: tuple[Change[Path, Any], ...]) -> tuple[Put, ...]:
    """Return the edits that bring values into a file; only those that `is_plain`."""
    objects: dict[tuple[str, str], dict[str, str]] = {}
    for change in taken:
        section, id, key = change.key
        objects.setdefault((section, id), {})[key] = str(change.theirs)
    return tuple(Put(section, id, values) for (section, id), values in objects.items())


def is_plain(change: Change[Path, Any]) -> bool:
    """Say whether a value can be put in by itself: a text that is the value of an object's key, and no command."""
    return len(change.key) == _OF_AN_OBJECT and isinstance(change.theirs, str) and not names_a_command(change)


def names_a_command(change: Change[Path, Any]) -> bool:
    """Say whether a value is a command: it would be run at home, so that a laptop's word is not enough."""
    return not _COMMANDS.isdisjoint(change.key)


def line_of(change: Change[Path, Any]) -> str:
    """Return a change in one line, for people."""
    return f"{'.'.join(change.key)}: {_shown(change.ours)} -> {_shown(change.theirs)}"


def _leaves(data: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(data, Mapping) and (data or not path):
        for key, value in data.items():
            yield from _leaves(value, (*path, str(key)))
    else:
        yield path, data


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)
