"""Whose a drain is, and what may be done about it.

A drain belongs to whoever's token its reason is. fleetctl's tokens begin with `fleetctl `, and name who of fleetctl
it was: a rollout, or a person by `fleetctl unit drain` or `unit retire`. Everything else was written by somebody on the
platform itself, and is nobody's here to undo or to write over. A rollout undoes what has its own token alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fleetctl.core.facts import drain_reason
from fleetctl.core.platform.node import Health, Node

_OURS = drain_reason("")
_BY_HAND = drain_reason("unit-drain:")
_LONGEST = 200
RETIRING = drain_reason("unit-retire")
"""Reason of the drain of a machine that is retired: the same at each try, so that the next goes on with its own."""


class Owner(StrEnum):
    """Who drained a node."""

    NOBODY = "nobody"
    OTHERS = "others"
    ROLLOUT = "rollout"
    PERSON = "person"
    """A person, by `fleetctl unit drain` or `unit retire`."""


class Did(StrEnum):
    """What became of a request to drain or to undrain one node."""

    DRAINED = "drained"
    UNDRAINED = "undrained"
    ALREADY = "already"
    """It was as it should be: drained with this very reason, or taking jobs."""
    LEFT = "left"
    """It is drained for another reason, and stays as it is."""
    ABSENT = "absent"
    """The platform does not know the node."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done to one node.

    Attributes:
        reason: of the drain that stands now, or that was ended; empty if there is and was none.
    """

    node: str
    did: Did
    reason: str = ""


def by_hand(reason: str) -> str:
    """Return the reason that stands on a node which a person drained by fleetctl: one line, without double quotes."""
    line = "".join(char for char in " ".join(reason.split()) if char.isprintable())
    return f"{_BY_HAND} {line[:_LONGEST]}".replace('"', "'").strip()


def owner(reason: str) -> Owner:
    """Return whose drain has a reason."""
    if not reason:
        return Owner.NOBODY
    if reason.startswith(_BY_HAND) or reason == RETIRING:
        return Owner.PERSON
    return Owner.ROLLOUT if reason.startswith(_OURS) else Owner.OTHERS


def rollout_of(reason: str) -> str:
    """Return the id of the rollout whose token a reason is; empty if it is none's."""
    return reason.removeprefix(_OURS) if owner(reason) is Owner.ROLLOUT else ""


def to_drain(node: Node, reason: str) -> Did:
    """Say what asking to drain a node comes to; only `DRAINED` needs anything to be done.

    A drain that stands is never written over: its reason says who may end it.
    """
    if node.health is Health.ABSENT:
        return Did.ABSENT
    if not node.drained:
        return Did.DRAINED
    return Did.ALREADY if node.reason == reason else Did.LEFT


def to_undrain(node: Node, reason: str) -> Did:
    """Say what asking to end a drain with this very reason comes to; only `UNDRAINED` needs anything to be done."""
    if node.health is Health.ABSENT:
        return Did.ABSENT
    if not node.drained:
        return Did.ALREADY
    return Did.UNDRAINED if node.reason == reason else Did.LEFT


def may_cancel(node: Node, reason: str) -> bool:
    """Say whether whoever drains with a reason may end a node's jobs: under another's drain they are the other's."""
    return to_drain(node, reason) is Did.ALREADY
