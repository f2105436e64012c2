"""The difference between what is rendered and what the units have, file by file, from digests alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fleetctl.core.facts import Facts, Observation
from fleetctl.core.plan import Desired
from fleetctl.core.planning import differing_files


class Change(StrEnum):
    """How a file on a unit differs."""

    MISSING = "missing"
    """It is rendered, and the unit does not have it."""
    DIFFERENT = "different"
    EDITED = "edited"
    """Somebody changed it on the unit."""
    LEFT_OVER = "left over"
    """The unit has it, and it is rendered no more."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that differs."""

    path: str
    change: Change


@dataclass(frozen=True, slots=True)
class UnitDifference:
    """How a unit's files differ; `unknown` says why nothing is known, instead."""

    unit: str
    files: tuple[FileChange, ...] = ()
    unknown: str = ""


def differences(desired: Iterable[Desired], observed: Mapping[str, Observation]) -> Iterator[UnitDifference]:
    """Yield the units that differ, or of which nothing is known, in the order of `desired`."""
    for want in desired:
        seen = observed.get(want.unit)
        if seen is None:
            yield UnitDifference(want.unit, unknown="never observed")
        elif not isinstance(seen, Facts):
            yield UnitDifference(want.unit, unknown=seen.message)
        elif paths := differing_files(want, seen):
            yield UnitDifference(want.unit, tuple(FileChange(path, _change(path, want, seen)) for path in paths))


def _change(path: str, want: Desired, seen: Facts) -> Change:
    if path not in want.files:
        return Change.LEFT_OVER
    if path not in seen.files:
        return Change.MISSING
    return Change.DIFFERENT if seen.files[path] != want.files[path] else Change.EDITED
