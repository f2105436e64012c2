"""What two parties made of the same thing: where one changed it the change counts, where both did a person decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Change(Generic[K, V]):
    """One thing that the others changed; None stands for what is not there.

    Attributes:
        before: what both began with.
        ours, theirs: what each has now.
    """

    key: K
    before: V | None
    ours: V | None
    theirs: V | None

    @property
    def is_conflict(self) -> bool:
        """Say whether both changed it, and not to the same."""
        return self.ours not in (self.before, self.theirs)


def changes(
    before: Mapping[K, V], ours: Mapping[K, V], theirs: Mapping[K, V], keys: Iterable[K]
) -> tuple[Change[K, V], ...]:
    """Return what the others changed and we have not got yet, in the order of the keys."""
    all_ = (Change(key, before.get(key), ours.get(key), theirs.get(key)) for key in keys)
    return tuple(each for each in all_ if each.theirs not in (each.before, each.ours))
