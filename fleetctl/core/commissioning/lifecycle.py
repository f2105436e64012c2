"""Where in its life a machine stands, and which moves it may make from there.

Up to `in_service` its life follows from the stages that it has passed. Maintenance, quarantine and retirement are said
of it by a person or found by fleetctl; the ledger keeps them as entries whose detail names the lifecycle (`MARK`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fleetctl.core.commissioning.ledger import Entry
from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.commissioning.standing import REASON, Record, machine

MARK = "lifecycle"
"""Key of an entry's detail: where the machine stands from now on; `BACK` lifts it to where its stages put it."""
BACK = "back"


class Lifecycle(StrEnum):
    """Where in its life a machine stands."""

    PLANNED = "planned"
    DELIVERED = "delivered"
    INSTALLED = "installed"
    DISCOVERED = "discovered"
    IDENTIFIED = "identified"
    COMMISSIONED = "commissioned"
    IN_SERVICE = "in_service"
    MAINTENANCE = "maintenance"
    QUARANTINED = "quarantined"
    RETIRED = "retired"

    @classmethod
    def of(cls, record: Record, stages: Sequence[Stage]) -> Lifecycle:
        """Return where a machine stands by the stages that it has passed, of those that its kind goes through.

        It is commissioned when all are passed but what the platform has still to do, and in service when it has.
        """
        if record.of(Stage.ACCEPTED).passed:
            return cls.IN_SERVICE if record.of(Stage.REGISTERED).passed else cls.COMMISSIONED
        passed = cls.PLANNED
        for stage, reached in _REACHED.items():
            if stage not in stages or not record.of(stage).passed:
                break
            passed = reached
        return passed


_REACHED = {
    Stage.DELIVERED: Lifecycle.DELIVERED,
    Stage.INSTALLED: Lifecycle.INSTALLED,
    Stage.DISCOVERED: Lifecycle.DISCOVERED,
    Stage.IDENTIFIED: Lifecycle.IDENTIFIED,
}
_FORWARD = tuple(Lifecycle)[: tuple(Lifecycle).index(Lifecycle.MAINTENANCE)]
_MARKED = frozenset({Lifecycle.MAINTENANCE, Lifecycle.QUARANTINED, Lifecycle.RETIRED})


def refusal(now: Lifecycle, to: Lifecycle) -> str | None:
    """Return why a machine may not move from one place in its life to another; None if it may.

    Forward one by one or, as far as its stages allow, several at once; between service and maintenance; anything to
    quarantine and back; anything to retirement, from which nothing comes back.
    """
    if now is Lifecycle.RETIRED:
        return "it is retired; what is put to use again is a new machine, by 'fleetctl unit adopt'"
    if now is to:
        return f"it is {to.value} already"
    if to in (Lifecycle.RETIRED, Lifecycle.QUARANTINED) or now is Lifecycle.QUARANTINED:
        return None
    if to is Lifecycle.MAINTENANCE:
        return None if now is Lifecycle.IN_SERVICE else f"it is {now.value}, and only what is in service is maintained"
    if now is Lifecycle.MAINTENANCE:
        return None if to is Lifecycle.IN_SERVICE else "from maintenance it goes back to service, or out of it"
    if _FORWARD.index(to) > _FORWARD.index(now):
        return None
    return f"it is {now.value} and does not go back to {to.value}; undo the stage that was wrong"


@dataclass(frozen=True, slots=True)
class Marks:
    """What was said of a machine beside its stages.

    Attributes:
        lifecycle: maintenance, quarantined or retired; None if its stages alone tell.
        entry: that said so, or that lifted it.
        refused: marks that were no allowed move and changed nothing.
    """

    lifecycle: Lifecycle | None = None
    entry: Entry | None = None
    refused: tuple[Entry, ...] = ()

    @property
    def reason(self) -> str:
        """Return why, in the words of whoever marked it."""
        return str(self.entry.draft.detail.get(REASON, "")) if self.entry else ""


def mark(to: Lifecycle, reason: str) -> Mapping[str, Any]:
    """Return the detail of an entry that marks a machine: quarantined, in maintenance or retired."""
    if to not in _MARKED:
        raise ValueError(f"{to.value} follows from the stages and is not marked")
    return {MARK: to.value, REASON: reason}


def lifted(reason: str) -> Mapping[str, Any]:
    """Return the detail of an entry that ends maintenance or quarantine."""
    return {MARK: BACK, REASON: reason}


def marks(entries: Sequence[Entry]) -> Marks:
    """Fold what was said of the machine that stands in a place, by the place's effective entries in order.

    Two engineers may each mark it while they cannot see each other: a mark after a retirement changes nothing and is
    kept apart, as is one that says nothing known. Only another machine in its place begins a life anew.
    """
    now: Lifecycle | None = None
    told: Entry | None = None
    refused: list[Entry] = []
    for entry in entries[machine(entries)[1] :]:
        said = entry.draft.detail.get(MARK)
        if said is None:
            continue
        if now is Lifecycle.RETIRED or said not in (BACK, *_MARKED):
            refused.append(entry)
        else:
            now, told = (None if said == BACK else Lifecycle(said)), entry
    return Marks(now, told, tuple(refused))
