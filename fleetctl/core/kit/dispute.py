"""One conflict that a person decides, whatever it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fleetctl.core.problems import InvalidInput, Problem


class Side(StrEnum):
    """Whom a conflict is decided for."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Dispute:
    """A conflict.

    Attributes:
        subject: that a person decides about.
        why: in words.
        key: digest that stands for it once it was decided.
    """

    subject: str
    why: str
    key: str


def chosen(ours: Iterable[str], theirs: Iterable[str]) -> Mapping[str, Side]:
    """Return what a person said beforehand, by subject.

    Raises:
        InvalidInput: if a subject is decided for both sides.
    """
    ours, theirs = frozenset(ours), frozenset(theirs)
    if both := sorted(ours & theirs):
        raise InvalidInput([Problem("decided-twice", f"{', '.join(both)}: decided for both sides")])
    return {**dict.fromkeys(ours, Side.OURS), **dict.fromkeys(theirs, Side.THEIRS)}
