"""In what order a place goes through its stages, and what stands in the way of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.commissioning.standing import Record, Standing, State
from fleetctl.core.inventory.fleet import Kind

NEEDS: Mapping[Stage, tuple[Stage, ...]] = {
    Stage.DELIVERED: (),
    Stage.INSTALLED: (Stage.DELIVERED,),
    Stage.DISCOVERED: (Stage.INSTALLED,),
    Stage.IDENTIFIED: (Stage.DISCOVERED,),
    Stage.IMAGED: (Stage.DISCOVERED,),
    Stage.CONFIGURED: (Stage.IMAGED,),
    Stage.BURN_IN: (Stage.CONFIGURED,),
    Stage.ROOM_PROOF: (Stage.BURN_IN,),
    Stage.REGISTERED: (Stage.BURN_IN,),
}
"""What must be passed before a stage is begun. Nobody has to wait for a person who watches a lamp: imaging goes on.
A machine is accepted last, when all else is passed."""

STAGES: Mapping[Kind, tuple[Stage, ...]] = {
    Kind.RADIATOR: tuple(Stage),
    Kind.BOILER: tuple(stage for stage in Stage if stage is not Stage.ROOM_PROOF),
    Kind.GATEWAY: tuple(stage for stage in Stage if stage not in (Stage.BURN_IN, Stage.ROOM_PROOF)),
}
"""What each kind of unit goes through: a boiler heats no room, and a gateway heats nothing."""

HANDS_ON = frozenset({Stage.DELIVERED, Stage.INSTALLED, Stage.IDENTIFIED, Stage.ACCEPTED})
"""Stages that a person does on the spot."""


class Why(StrEnum):
    """Kinds of reasons why a stage cannot be begun, for screens that say it in another language."""

    NOT_OF_KIND = "not-of-kind"
    QUARANTINED = "quarantined"
    RETIRED = "retired"
    GATEWAY = "gateway"
    DWELLING = "dwelling"
    SKIPPED = "skipped"
    EARLIER_FAILED = "earlier-failed"
    NEEDS = "needs"
    UNITS = "units"
    DWELLINGS = "dwellings"


_TEXTS = {
    Why.NOT_OF_KIND: "a {kind} has no stage '{stage}'",
    Why.QUARANTINED: "quarantined: {reason}",
    Why.RETIRED: "retired",
    Why.GATEWAY: "its gateway {gateway} is not configured yet",
    Why.DWELLING: "{dwelling} is skipped from '{stage}' on: {reason}",
    Why.SKIPPED: "'{stage}' is skipped: {reason}",
    Why.EARLIER_FAILED: "'{stage}' failed: {reason}",
    Why.NEEDS: "'{stage}' is {state}",
    Why.UNITS: "not accepted yet: {units}",
    Why.DWELLINGS: "not accepted yet: {dwellings}",
}


@dataclass(frozen=True, slots=True)
class Block:
    """Why a stage cannot be begun now.

    Attributes:
        about: what the sentence names, by the words in braces.
    """

    why: Why
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the reason in words."""
        return _TEXTS[self.why].format(**self.about)


def blocked_by(record: Record, kind: Kind, stage: Stage) -> Block | None:
    """Return what of a unit's own stages stands in the way of one of them; None if nothing does."""
    if stage not in STAGES[kind]:
        return Block(Why.NOT_OF_KIND, {"kind": kind.value, "stage": stage.value})
    failed = next(_failed_before(record, kind, stage), None)
    if failed is not None:
        return Block(Why.EARLIER_FAILED, {"stage": failed.stage.value, "reason": failed.reason or "no reason given"})
    needs = needed(kind, stage)
    lacking = next((each for each in map(record.of, needs) if not _suffices(each, stage)), None)
    return Block(Why.NEEDS, {"stage": lacking.stage.value, "state": lacking.state.value}) if lacking else None


def needed(kind: Kind, stage: Stage) -> tuple[Stage, ...]:
    """Return the stages that must be passed before one is begun; a stage that the kind has not hands on its own."""
    if stage is Stage.ACCEPTED:
        return tuple(each for each in STAGES[kind] if each is not Stage.ACCEPTED)
    return tuple(dict.fromkeys(_own(kind, NEEDS[stage])))


def _own(kind: Kind, needs: Iterable[Stage]) -> Iterator[Stage]:
    for need in needs:
        if need in STAGES[kind]:
            yield need
        else:
            yield from _own(kind, NEEDS[need])


def _failed_before(record: Record, kind: Kind, stage: Stage) -> Iterator[Standing]:
    order = STAGES[kind]
    earlier = map(record.of, order[: order.index(stage)])
    return (each for each in earlier if each.state is State.FAILED)


def _suffices(standing: Standing, for_stage: Stage) -> bool:
    # What only the platform can finish does not keep people from moving in: it is finished at the merge.
    registers_later = standing.stage is Stage.REGISTERED and standing.state is State.PENDING
    return standing.passed or (for_stage is Stage.ACCEPTED and registers_later)
