"""The checklist of a site: how every unit and dwelling stands, what comes next, and what stands in the way.

A pure fold of the ledger: whoever holds the same entries sees the same checklist, in whatever order they came.

Invariant: a place is accepted only while everything that its acceptance rests on is passed. If a stage fails, is
taken back or is void afterwards, by whichever of two engineers, the acceptance is void with it; nobody has to notice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from fleetctl.core.commissioning import order
from fleetctl.core.commissioning.ledger import Entry, dwelling_subject
from fleetctl.core.commissioning.lifecycle import Lifecycle, Marks, marks
from fleetctl.core.commissioning.order import Block, Why
from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.commissioning.standing import Record, Standing, State, recorded
from fleetctl.core.commissioning.undoing import effective
from fleetctl.core.inventory.fleet import Kind, Site, Unit


@dataclass(frozen=True, slots=True)
class UnitList:
    """The checklist of one unit.

    Attributes:
        unit: as declared.
        record: what is known of it; an acceptance that holds no longer is void in it.
        marks: what was said of its machine beside the stages: quarantined, in maintenance, retired.
        gateway: what its gateway lacks; None if that serves it.
        dwelling: how its dwelling stands if that was left out, from that stage on.
    """

    unit: Unit
    record: Record
    marks: Marks
    gateway: Block | None = None
    dwelling: Standing | None = None

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Return the stages that it goes through, in order."""
        return order.STAGES[self.unit.kind]

    def of(self, stage: Stage) -> Standing:
        """Return how a stage stands."""
        return self.record.of(stage)

    @property
    def accepted(self) -> bool:
        """Return whether it is accepted, and still rightly so."""
        return self.of(Stage.ACCEPTED).passed

    @property
    def next(self) -> Stage | None:
        """Return the first stage that can be done now; None if none can."""
        return next(filter(self.ready, self.stages), None)

    @property
    def waits(self) -> Block | None:
        """Return why nothing can be done now though it is not finished; None otherwise."""
        left = next((stage for stage in self.stages if not self._over(stage)), None)
        return None if left is None or self.next is not None else self.blocked(left) or _left_out(self.of(left))

    @property
    def failed(self) -> tuple[Standing, ...]:
        """Return the stages that failed and were not repeated well."""
        return tuple(each for each in map(self.of, self.stages) if each.state is State.FAILED)

    def blocked(self, stage: Stage) -> Block | None:
        """Return why a stage cannot be begun now (whether or not it was passed before); None if it can."""
        return self._from_outside(stage) or order.blocked_by(self.record, self.unit.kind, stage)

    def ready(self, stage: Stage) -> bool:
        """Return whether a stage is to be done, or done again after it failed, and nothing stands in its way.

        One that was skipped is not: it is visited again when a person says so, by undoing the skip or by doing it.
        """
        to_do = stage in self.stages and not self._over(stage) and self.of(stage).state is not State.SKIPPED
        return to_do and self.blocked(stage) is None

    @property
    def lifecycle(self) -> Lifecycle:
        """Return where in its life the machine in this place stands."""
        return self.marks.lifecycle or Lifecycle.of(self.record, self.stages)

    def _over(self, stage: Stage) -> bool:
        standing = self.of(stage)
        return standing.passed or (stage is Stage.REGISTERED and standing.state is State.PENDING)

    def _from_outside(self, stage: Stage) -> Block | None:
        if stage not in (Stage.DELIVERED, Stage.INSTALLED):  # another machine may always be put in
            if self.marks.lifecycle is Lifecycle.QUARANTINED:
                return Block(Why.QUARANTINED, {"reason": self.marks.reason or "no reason given"})
            if self.marks.lifecycle is Lifecycle.RETIRED:
                return Block(Why.RETIRED)
            if self.gateway is not None:
                return self.gateway
        return _skipped(self.unit.dwelling, self.dwelling, stage)


@dataclass(frozen=True, slots=True)
class DwellingList:
    """The checklist of one dwelling.

    Attributes:
        units: names of its radiators.
        record: what was said of the dwelling as a whole.
        blocked: why it cannot be accepted now; None if it can be.
    """

    id: str
    subject: str
    units: tuple[str, ...]
    record: Record
    blocked: Block | None = None

    @property
    def skip(self) -> Standing | None:
        """Return from which stage on it is left out, to be visited again, and why; None if it is not."""
        return _skip(self.record)

    @property
    def accepted(self) -> bool:
        """Return whether it is accepted, and still rightly so."""
        return self.record.of(Stage.ACCEPTED).passed


@dataclass(frozen=True, slots=True)
class Checklist:
    """The checklist of a site.

    Attributes:
        units: by name, in the order of the inventory, gateways first.
        dwellings: by id.
        record: what was said of the site as a whole.
        strangers: entries about places that the inventory does not have (any more).
    """

    site: str
    units: Mapping[str, UnitList]
    dwellings: Mapping[str, DwellingList]
    record: Record
    blocked: Block | None = None
    strangers: tuple[Entry, ...] = ()

    def ready(self, stage: Stage) -> tuple[str, ...]:
        """Return the units for which a stage can be done now, all in one batch."""
        return tuple(name for name, unit in self.units.items() if unit.ready(stage))

    @property
    def to_visit(self) -> tuple[DwellingList, ...]:
        """Return the dwellings that were left out and are to be visited again."""
        return tuple(each for each in self.dwellings.values() if each.skip is not None)

    @property
    def accepted(self) -> bool:
        """Return whether every unit and every dwelling is accepted."""
        return self.blocked is None


def fold(site: Site, entries: Iterable[Entry]) -> Checklist:
    """Return the checklist of a site as its ledger tells it.

    Args:
        site: as declared.
        entries: of this site, by whatever writers, in whatever order; those of other sites are passed over.
    """
    told: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in effective(each for each in entries if each.draft.site == site.id):
        told[entry.draft.subject].append(entry)
    dwellings = {id: recorded(told.pop(dwelling_subject(site.id, id), ())) for id in site.dwellings}
    units = _units(site, told, dwellings)
    whole = recorded(told.pop(site.id, ()))
    lists = _dwellings(site, dwellings, units)
    waiting = ", ".join(id for id, each in lists.items() if not each.accepted)
    blocked = Block(Why.DWELLINGS, {"dwellings": waiting}) if waiting else _units_left(units.values())
    strangers = tuple(entry for left in told.values() for entry in left)
    return Checklist(site.id, units, lists, _held(whole, blocked), blocked, strangers)


def _units(site: Site, told: defaultdict[str, list[Entry]], dwellings: Mapping[str, Record]) -> Mapping[str, UnitList]:
    entries = {unit.name: told.pop(unit.name, []) for unit in site.units.values()}
    records = {name: recorded(of_unit) for name, of_unit in entries.items()}
    return {
        unit.name: _held_unit(
            UnitList(
                unit,
                records[unit.name],
                marks(entries[unit.name]),
                _behind(site, unit, records),
                _skip(dwellings[unit.dwelling]) if unit.dwelling in dwellings else None,
            )
        )
        for unit in site.units.values()
    }


def _behind(site: Site, unit: Unit, records: Mapping[str, Record]) -> Block | None:
    gateway = site.units.get(unit.gateway)
    if gateway is None or records[gateway.name].of(Stage.CONFIGURED).passed:
        return None
    return Block(Why.GATEWAY, {"gateway": gateway.name})


def _dwellings(site: Site, records: Mapping[str, Record], units: Mapping[str, UnitList]) -> Mapping[str, DwellingList]:
    within: defaultdict[str, list[UnitList]] = defaultdict(list)
    for each in units.values():
        if each.unit.kind is Kind.RADIATOR:
            within[each.unit.dwelling].append(each)
    lists = {}
    for id, record in records.items():
        blocked = _skipped(id, _skip(record), Stage.ACCEPTED) or _units_left(within[id])
        names = tuple(each.unit.name for each in within[id])
        lists[id] = DwellingList(id, dwelling_subject(site.id, id), names, _held(record, blocked), blocked)
    return lists


def _units_left(units: Iterable[UnitList]) -> Block | None:
    left = ", ".join(each.unit.name for each in units if not each.accepted)
    return Block(Why.UNITS, {"units": left}) if left else None


def _held_unit(unit: UnitList) -> UnitList:
    return replace(unit, record=_held(unit.record, unit.blocked(Stage.ACCEPTED)))


def _held(record: Record, blocked: Block | None) -> Record:
    """Return a record in which an acceptance is void if something stands in its way."""
    accepted = record.of(Stage.ACCEPTED)
    if blocked is None or not accepted.passed:
        return record
    return replace(record, standings={**record.standings, Stage.ACCEPTED: replace(accepted, state=State.VOID)})


def _left_out(standing: Standing) -> Block:
    return Block(Why.SKIPPED, {"stage": standing.stage.value, "reason": standing.reason or "no reason given"})


def _skip(record: Record) -> Standing | None:
    return next(_skips(record), None)


def _skips(record: Record) -> Iterator[Standing]:
    return (each for each in map(record.of, Stage) if each.state is State.SKIPPED)


def _skipped(dwelling: str, skip: Standing | None, stage: Stage) -> Block | None:
    stages = tuple(Stage)
    if skip is None or stages.index(stage) < stages.index(skip.stage):
        return None
    reason = skip.reason or "no reason given"
    return Block(Why.DWELLING, {"dwelling": dwelling, "stage": skip.stage.value, "reason": reason})
