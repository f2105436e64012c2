"""Which machine stands where, and stood before: derived from facts, for a machine keeps its history when it moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select, update

from fleetctl.adapters.store.schema import PLACEMENTS
from fleetctl.adapters.store.times import from_column, to_column
from fleetctl.core.facts import Facts

_FEW = 500


@dataclass(frozen=True, slots=True)
class Placement:
    """A machine at a place for a time; `until` is None if it still stands there."""

    unit: str
    serial: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Moves:
    """What changes: placements that end, each with its time, and new ones."""

    ended: tuple[tuple[Placement, datetime], ...]
    begun: tuple[Placement, ...]


def moves(standing: Iterable[Placement], seen: Sequence[Facts]) -> Moves:
    """Return what changes by new facts: a place holds one machine, and a machine stands in one place.

    Args:
        standing: placements that have not ended.
        seen: facts of different units; of two units that claim one machine the one seen last has it.
    """
    by_unit = {placement.unit: placement for placement in standing}
    by_serial = {placement.serial: placement for placement in by_unit.values()}
    latest = {facts.serial: facts for facts in sorted(seen, key=lambda f: (f.at, f.unit)) if facts.serial}
    new = [f for f in latest.values() if f.unit not in by_unit or by_unit[f.unit].serial != f.serial]
    ended = {
        before: facts.at for facts in new for before in (by_unit.get(facts.unit), by_serial.get(facts.serial)) if before
    }
    return Moves(tuple(ended.items()), tuple(Placement(f.unit, f.serial, f.at) for f in new))


def record(connection: Connection, seen: Sequence[Facts]) -> None:
    """Bring the placements up to date with new facts; the caller keeps other writers out."""
    change = moves(_standing(connection, seen), seen)
    if change.ended:
        statement = update(PLACEMENTS).where(PLACEMENTS.c.unit == bindparam("of"), PLACEMENTS.c.until.is_(None))
        values = [{"of": placement.unit, "at": to_column(at)} for placement, at in change.ended]
        connection.execute(statement.values(until=bindparam("at")), values)
    if change.begun:
        rows = [{"unit": p.unit, "serial": p.serial, "since": to_column(p.since)} for p in change.begun]
        connection.execute(PLACEMENTS.insert(), rows)


def history(connection: Connection, *, unit: str = "", serial: str = "") -> list[Placement]:
    """Return the placements of a unit, of a machine, or of a machine at a unit, oldest first."""
    asked: Mapping[str, str] = {key: value for key, value in (("unit", unit), ("serial", serial)) if value}
    query = select(PLACEMENTS).filter_by(**asked).order_by(PLACEMENTS.c.number)
    return [
        Placement(row.unit, row.serial, from_column(row.since), from_column(row.until) if row.until else None)
        for row in connection.execute(query)
    ]


def _standing(connection: Connection, seen: Sequence[Facts]) -> list[Placement]:
    """Return the placements that new facts may end; all that have not ended, if there are many facts."""
    query = select(PLACEMENTS.c.unit, PLACEMENTS.c.serial, PLACEMENTS.c.since).where(PLACEMENTS.c.until.is_(None))
    if len(seen) <= _FEW:
        units, serials = [facts.unit for facts in seen], [facts.serial for facts in seen]
        query = query.where(or_(PLACEMENTS.c.unit.in_(units), PLACEMENTS.c.serial.in_(serials)))
    return [Placement(unit, serial, from_column(since)) for unit, serial, since in connection.execute(query)]
