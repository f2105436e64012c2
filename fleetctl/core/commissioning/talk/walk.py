"""The way through a building: its places, what a person is asked in each, and where to go next. Pure.

A place is a dwelling, or where units stand that belong to none: gateways and boilers. Units may be walked in any order;
what is asked first is only a proposal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fleetctl.core.commissioning.checklist import Checklist, UnitList
from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.commissioning.standing import State
from fleetctl.core.inventory.fleet import Unit

OUTSIDE = ""
"""Id of the place of units that belong to no dwelling."""
_BY_HAND = (Stage.INSTALLED, Stage.IDENTIFIED, Stage.ROOM_PROOF, Stage.ACCEPTED)
"""What a person is asked for, all of one before any of the next."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that a person is asked: to scan a label, to watch a lamp, to vouch for a room, to accept a place.

    Attributes:
        subject: a unit's name; of an acceptance, the place's id.
    """

    place: str
    stage: Stage
    subject: str


@dataclass(frozen=True)
class Walk:
    """The places of a selection of units, in the order of the inventory, those without a dwelling first.

    Attributes:
        places: names of the selected units, by the place's id.
    """

    places: Mapping[str, Sequence[str]]

    @property
    def units(self) -> frozenset[str]:
        """Return the names of all selected units."""
        return frozenset(name for names in self.places.values() for name in names)

    def asks(self, checklist: Checklist, place: str) -> Iterator[Ask]:
        """Yield what a person can do in a place now."""
        units = [checklist.units[name] for name in self.places[place]]
        for stage in _BY_HAND[:-1]:
            yield from (Ask(place, stage, each.unit.name) for each in units if _is_asked(each, stage))
        if is_acceptable(checklist, place, self.places[place]):
            yield Ask(place, Stage.ACCEPTED, place)

    def ask(self, checklist: Checklist, place: str) -> Ask | None:
        """Return what is asked first in a place; None if there is nothing to do there now."""
        return next(self.asks(checklist, place), None)

    def next_place(self, checklist: Checklist, after: str) -> str | None:
        """Return where something is to be done next: labels first, then whatever else; None if nowhere."""
        order = list(self.places)
        at = order.index(after) if after in self.places else -1
        asks = [ask for place in order[at + 1 :] + order[: at + 1] if (ask := self.ask(checklist, place))]
        return next((ask.place for ask in asks if ask.stage is Stage.INSTALLED), asks[0].place if asks else None)

    def is_over(self, checklist: Checklist, place: str) -> bool:
        """Return whether everything selected in a place is accepted."""
        dwelling = checklist.dwellings.get(place)
        whole = dwelling is not None and set(dwelling.units) <= set(self.places[place])
        mine = all(checklist.units[name].accepted for name in self.places[place])
        return mine and (not whole or (dwelling is not None and dwelling.accepted))


def walk_of(units: Sequence[Unit]) -> Walk:
    """Return the way through some units of one site."""
    places: dict[str, list[str]] = {}
    for unit in sorted(units, key=lambda unit: unit.dwelling != OUTSIDE):
        places.setdefault(unit.dwelling, []).append(unit.name)
    return Walk(places)


def is_acceptable(checklist: Checklist, place: str, names: Collection[str]) -> bool:
    """Return whether a place has something to accept, and nothing of it is left to do but that."""
    units = [checklist.units[name] for name in names]
    dwelling = checklist.dwellings.get(place)
    if not all(each.accepted or each.ready(Stage.ACCEPTED) for each in units):
        return False
    open_dwelling = dwelling is not None and set(dwelling.units) <= set(names) and not dwelling.accepted
    return open_dwelling or any(not each.accepted for each in units)


def first_open(unit: UnitList) -> Stage | None:
    """Return the first stage of a unit that is not over, whether or not it can be done now; None if all are."""
    return next((stage for stage in unit.stages if not _is_over(unit, stage)), None)


def hindrance(unit: UnitList) -> str:
    """Return what keeps a unit from going on, as far as the ledger tells; empty if nothing does."""
    stage = first_open(unit)
    if stage is None or unit.accepted:
        return ""
    block = unit.waits
    return block.text if block is not None else unit.of(stage).reason


def _is_over(unit: UnitList, stage: Stage) -> bool:
    standing = unit.of(stage)
    return standing.passed or (stage is Stage.REGISTERED and standing.state is State.PENDING)


def _is_asked(unit: UnitList, stage: Stage) -> bool:
    if stage is Stage.ROOM_PROOF:
        return unit.ready(stage) and unit.of(stage).state is State.PENDING
    reachable = unit.ready(stage) or (stage is Stage.INSTALLED and unit.ready(Stage.DELIVERED))
    return reachable and unit.of(stage).state not in (State.FAILED, State.SKIPPED)
