"""What is known about units: host keys, ways, facts. Fills the port `Units`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, delete, select, update

from fleetctl.adapters.store import chain, placements, refusals
from fleetctl.adapters.store import pins as pins_table
from fleetctl.adapters.store import readings as kept_readings
from fleetctl.adapters.store.chunks import chunks
from fleetctl.adapters.store.codec import Codec
from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.schema import FACTS, PINS, PLACEMENTS, READINGS, WAYS
from fleetctl.adapters.store.times import to_column
from fleetctl.core.facts import Facts, Observation, Unobserved
from fleetctl.core.rollout.readings import Reading
from fleetctl.core.route import Pin, Way
from fleetctl.core.verdicts import Seen

FACTS_OF_UNIT: Codec[Facts] = Codec(Facts)
FAILURE: Codec[Unobserved] = Codec(Unobserved)
WAY: Codec[Way] = Codec(Way)

_ALL_FROM = 5000
"""From so many names on, reading everything is cheaper than asking by name."""


class SqlUnits:
    """Units by their names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pins(self, units: Iterable[str] | None = None) -> Mapping[str, tuple[Pin, ...]]:
        """Return the pinned host keys, of all units or of those named."""
        query = select(PINS.c.unit, PINS.c.key_type, PINS.c.key).where(PINS.c.until.is_(None)).order_by(PINS.c.number)
        found: dict[str, tuple[Pin, ...]] = {}
        for row in self._of_units(query, PINS.c.unit, units):
            found[row.unit] = (*found.get(row.unit, ()), Pin(row.key_type, row.key))
        return found

    def pin(self, pins: Mapping[str, tuple[Pin, ...]], *, actor: str, at: datetime, why: str) -> None:
        """Pin host keys in the place of those pinned before, which are kept as history."""
        with self._database.write() as connection:
            pins_table.replace(connection, pins, actor, at, why)

    def ways(self) -> Mapping[str, Way]:
        """Return the ways that this state knows and the inventory does not, by the unit's name."""
        with self._database.read() as connection:
            rows = connection.execute(select(WAYS.c.unit, WAYS.c.body).order_by(WAYS.c.unit)).all()
        return {unit: WAY.decode(body) for unit, body in rows}

    def set_ways(self, ways: Mapping[str, Way]) -> None:
        """Replace all ways."""
        rows = [{"unit": unit, "body": WAY.encode(way)} for unit, way in ways.items()]
        with self._database.write() as connection:
            chain.lock_head(connection)
            connection.execute(delete(WAYS))
            if rows:
                connection.execute(WAYS.insert(), rows)

    def save_facts(self, observations: Iterable[Observation], readings: Iterable[Reading] = ()) -> None:
        """Store what was observed; of a unit that could not be observed the last facts are kept beside the cause."""
        latest = {observation.unit: observation for observation in observations}
        facts = [o for _, o in sorted(latest.items()) if isinstance(o, Facts)]
        failures = [o for _, o in sorted(latest.items()) if isinstance(o, Unobserved)]
        if not latest:
            return
        with self._database.write() as connection:
            chain.lock_head(connection)  # two probers take turns: machines that move touch two units' rows
            self._save(connection, "facts", [(o.unit, FACTS_OF_UNIT.encode(o), None) for o in facts])
            self._save(connection, "failure", [(o.unit, None, FAILURE.encode(o)) for o in failures])
            placements.record(connection, facts)
            kept_readings.record(connection, self._database.insert(READINGS), readings)

    def readings(self, rollout: str) -> Sequence[Reading]:
        """Return the readings of a rollout, oldest first."""
        with self._database.read() as connection:
            return kept_readings.of_rollout(connection, rollout)

    def facts(self, units: Iterable[str] | None = None) -> Mapping[str, Observation]:
        """Return the latest observation of each unit."""
        rows = self._of_units(select(FACTS.c.unit, FACTS.c.facts, FACTS.c.failure), FACTS.c.unit, units)
        return {row.unit: _latest(row.facts, row.failure) for row in rows}

    def seen(self) -> Mapping[str, Seen]:
        """Return what is held of each site, by the site's id; reads every row and decodes none."""
        hashes: dict[str, hashlib.blake2b] = {}
        names: dict[str, list[str]] = {}
        query = select(FACTS.c.unit, FACTS.c.facts, FACTS.c.failure).order_by(FACTS.c.unit)
        with self._database.read() as connection:
            for unit, facts, failure in connection.execute(query):
                site = unit.partition("/")[0]
                if site not in hashes:
                    hashes[site], names[site] = hashlib.blake2b(digest_size=32), []
                names[site].append(unit)
                hashes[site].update(b"%s %d %d " % (unit.encode(), len(facts or b""), len(failure or b"")))
                hashes[site].update(facts or b"")
                hashes[site].update(failure or b"")
        return {site: Seen(of.hexdigest(), tuple(names[site])) for site, of in hashes.items()}

    def forget(self, unit: str, *, actor: str, at: datetime, why: str) -> None:
        """Forget a place: its facts, its pinned host keys, and that a machine stands there; history is kept."""
        with self._database.write() as connection:
            chain.lock_head(connection)
            connection.execute(delete(FACTS).where(FACTS.c.unit == unit))
            for table in (PINS, PLACEMENTS):
                now = update(table).where(table.c.unit == unit, table.c.until.is_(None))
                connection.execute(now.values(until=to_column(at)))
            chain.append(connection, [refusals.forgotten_note(unit, actor, at, why)])

    def last_facts(self, unit: str) -> Facts | None:
        """Return the last facts of a unit, however old, also if it could not be observed since."""
        with self._database.read() as connection:
            body = connection.execute(select(FACTS.c.facts).where(FACTS.c.unit == unit)).scalar()
        return None if body is None else FACTS_OF_UNIT.decode(body)

    def _save(self, connection: Connection, kind: str, rows: Sequence[tuple[str, bytes | None, bytes | None]]) -> None:
        """Add or replace rows; new facts end a failure, a failure leaves the facts before it alone."""
        if not rows:
            return
        insert = self._database.insert(FACTS)
        new = {"failure": insert.excluded.failure} | ({"facts": insert.excluded.facts} if kind == "facts" else {})
        values = [{"unit": unit, "facts": facts, "failure": failure} for unit, facts, failure in rows]
        connection.execute(insert.on_conflict_do_update(index_elements=["unit"], set_=new), values)

    def _of_units(self, query: Select[Any], column: Column[Any], units: Iterable[str] | None) -> list[Row[Any]]:
        """Return a query's rows, of all units or of those named, in chunks that a statement can hold."""
        names = None if units is None else list(dict.fromkeys(units))
        with self._database.read() as connection:
            if names is None:
                return list(connection.execute(query).all())
            if len(names) >= _ALL_FROM:
                wanted = set(names)
                return [row for row in connection.execute(query) if row.unit in wanted]
            return [row for some in chunks(names) for row in connection.execute(query.where(column.in_(some)))]


def _latest(facts: bytes | None, failure: bytes | None) -> Observation:
    if failure is not None:
        return FAILURE.decode(failure)
    assert facts is not None  # noqa: S101 - a row has one of them
    return FACTS_OF_UNIT.decode(facts)
