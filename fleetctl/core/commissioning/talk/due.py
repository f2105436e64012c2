"""Which units an instrument is to look at now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fleetctl.core.commissioning.checklist import Checklist, UnitList
from fleetctl.core.commissioning.order import Why
from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.commissioning.standing import VERDICT, State
from fleetctl.core.inventory.fleet import Unit

_BY_ANSWER = frozenset({Stage.DELIVERED.value, Stage.INSTALLED.value})
"""What a machine proves that answers where it is declared: without a person, that has to do."""


MOST_TRIES = 3
"""After so many tries without a verdict somebody has to look why."""


def is_last_try(unit: UnitList, stage: Stage) -> bool:
    """Say whether a try that ends without a verdict now is not to be followed by another."""
    return (
        sum(entry.draft.stage is stage and VERDICT in entry.draft.detail for entry in unit.record.notes)
        >= MOST_TRIES - 1
    )


def due(checklist: Checklist, names: Iterable[str], stage: Stage, *, unattended: bool) -> Iterator[Unit]:
    """Yield the units for which a stage is to be done by an instrument, in the order of their names' list.

    What failed or was left out waits for a person, and a room that no sensor can prove waits for one who vouches.

    Args:
        checklist: how all stands.
        names: of the units in question.
        stage: to be done.
        unattended: nobody scans labels: whatever answers where it is declared is there.
    """
    for name in names:
        unit = checklist.units[name]
        state = unit.of(stage).state
        if state is State.PENDING and stage is Stage.REGISTERED and unit.blocked(stage) is None:
            yield unit.unit  # the platform or the CA may be there by now
        elif state in (State.OPEN, State.VOID) and (unit.ready(stage) or (unattended and _answers_for(unit, stage))):
            yield unit.unit


def _answers_for(unit: UnitList, stage: Stage) -> bool:
    if stage is not Stage.DISCOVERED:
        return False
    block = unit.blocked(stage)
    return block is not None and block.why is Why.NEEDS and block.about["stage"] in _BY_ANSWER
