"""Holds and overrides. Fills the port `Orders`.

Nothing is deleted: an order that is over keeps its row. Each order is an entry of the event log, in one transaction
with its row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, select, update

from fleetctl.adapters.store import chain, refusals
from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.schema import HOLDS, OVERRIDES
from fleetctl.adapters.store.times import from_column, to_column
from fleetctl.core.rollout.holds import Hold, Override
from fleetctl.core.rollout.state import Noted

_HOLDS = select(HOLDS).where(HOLDS.c.removed.is_(None)).order_by(HOLDS.c.number)
_OVERRIDES = select(OVERRIDES).where(OVERRIDES.c.removed.is_(None)).order_by(OVERRIDES.c.number)


class SqlOrders:
    """What people ordered beside the rollouts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def holds(self) -> Sequence[Hold]:
        """Return the holds that stand, oldest first."""
        with self._database.read() as connection:
            return [_hold(row) for row in connection.execute(_HOLDS)]

    def add_hold(self, scope: str, *, actor: str, at: datetime, reason: str) -> Hold:
        """Hold a scope."""
        values = {"scope": scope, "actor": actor, "reason": reason, "since": to_column(at)}
        with self._database.write() as connection:
            hold = Hold(_added(connection, HOLDS, values), scope, actor, reason, at)
            chain.append(connection, [refusals.hold_note(hold)])
        return hold

    def remove_hold(self, hold: int, *, actor: str, at: datetime, reason: str = "") -> Hold:
        """Remove a hold; returns what it was.

        Raises:
            InvalidInput: if no such hold stands.
        """
        with self._database.write() as connection:
            row = _ended(connection, _HOLDS.where(HOLDS.c.number == hold), HOLDS, at)
            if row is None:
                raise refusals.unknown_hold(hold)
            removed = _hold(row)
            chain.append(connection, [refusals.hold_removed_note(removed, actor, at, reason)])
        return removed

    def overrides(self, *, at: datetime | None = None) -> Sequence[Override]:
        """Return the overrides that nobody took back, oldest first; with `at`, without those that ended before."""
        query = _OVERRIDES if at is None else _OVERRIDES.where(OVERRIDES.c.until > to_column(at))
        with self._database.read() as connection:
            return [_override(row) for row in connection.execute(query)]

    def add_override(
        self, rule: str, scope: str, *, actor: str, at: datetime, until: datetime, reason: str
    ) -> Override:
        """Override a rule for a scope until a time."""
        values = {"rule": rule, "scope": scope, "actor": actor, "reason": reason}
        times = {"since": to_column(at), "until": to_column(until)}
        with self._database.write() as connection:
            number = _added(connection, OVERRIDES, {**values, **times})
            override = Override(number, rule, scope, actor, reason, at, until)
            chain.append(connection, [refusals.override_note(override)])
        return override

    def remove_override(self, override: int, *, actor: str, at: datetime, reason: str = "") -> Override:
        """Take an override back before its time; returns what it was.

        Raises:
            InvalidInput: if there is no such override, or it has ended.
        """
        query = _OVERRIDES.where(OVERRIDES.c.number == override, OVERRIDES.c.until > to_column(at))
        with self._database.write() as connection:
            row = _ended(connection, query, OVERRIDES, at)
            if row is None:
                raise refusals.unknown_override(override)
            removed = _override(row)
            chain.append(connection, [refusals.override_removed_note(removed, actor, at, reason)])
        return removed

    def note(self, notes: Sequence[Noted]) -> None:
        """Log orders that are carried out elsewhere."""
        with self._database.write() as connection:
            chain.append(connection, list(notes))


def _added(connection: Connection, table: Table, values: dict[str, str]) -> int:
    """Insert a row and return its number; the lock on the log first, so that two writers cannot wait for each other."""
    chain.lock_head(connection)
    return int(connection.execute(table.insert().values(values).returning(table.c.number)).scalar_one())


def _ended(connection: Connection, query: Select[Any], table: Table, at: datetime) -> Row[Any] | None:
    """Mark the row that a query finds as removed; returns it, or None if there is none."""
    chain.lock_head(connection)
    row = connection.execute(query).one_or_none()
    if row is not None:
        connection.execute(update(table).where(table.c.number == row.number).values(removed=to_column(at)))
    return row


def _hold(row: Row[Any]) -> Hold:
    return Hold(row.number, row.scope, row.actor, row.reason, from_column(row.since))


def _override(row: Row[Any]) -> Override:
    times = from_column(row.since), from_column(row.until)
    return Override(row.number, row.rule, row.scope, row.actor, row.reason, *times)
