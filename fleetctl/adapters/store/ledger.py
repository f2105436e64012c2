"""The ledger of commissionings. Fills the port `Ledger`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, and_, not_, select

from fleetctl.adapters.store import chain, machines
from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.schema import LEDGER, META
from fleetctl.core.commissioning.ledger import (
    Draft,
    Entry,
    entry_from_document,
    in_order,
    new_entries,
    noted,
    written,
)
from fleetctl.core.digest import canonical


class SqlLedger:
    """A row for each entry; each is told to the event log in the same transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, drafts: Iterable[Draft]) -> Sequence[Entry]:
        """Write entries as this state's own, in their order; returns them with their digests."""
        with self._database.write() as connection:
            chain.lock_head(connection)
            writer = str(connection.execute(select(META.c.uuid)).scalar_one())
            entries = written(writer, _last(connection, writer), drafts)
            _insert(connection, entries)
        return entries

    def entries(self, site: str | None = None, *, beyond: Mapping[str, int] | None = None) -> Sequence[Entry]:
        """Return the entries of a site, or all, beyond those that are known, in the order that everybody agrees on."""
        with self._database.read() as connection:
            return in_order(_entries(connection, site, beyond))

    def merge(self, entries: Iterable[Entry]) -> Sequence[Entry]:
        """Take in entries of other writers; returns those that are new here.

        Raises:
            CouldNot: if the chain of a writer would have a gap, a change or a fork; nothing is taken in then.
        """
        with self._database.write() as connection:
            chain.lock_head(connection)
            new = new_entries(_entries(connection, None), entries)
            _insert(connection, new)
        return new


def _insert(connection: Connection, entries: Sequence[Entry]) -> None:
    rows = [
        {
            "writer": entry.writer,
            "number": entry.number,
            "site": entry.draft.site,
            "body": canonical(entry.to_document()),
            "digest": entry.digest,
        }
        for entry in entries
    ]
    if rows:
        connection.execute(LEDGER.insert(), rows)
        chain.append(connection, [noted(entry) for entry in entries])
        machines.record(connection, entries, _entries)


def _entries(connection: Connection, site: str | None, beyond: Mapping[str, int] | None = None) -> list[Entry]:
    of_site = [] if site is None else [LEDGER.c.site == site]
    known = [and_(LEDGER.c.writer == writer, LEDGER.c.number <= number) for writer, number in (beyond or {}).items()]
    rows = connection.execute(select(LEDGER.c.body).where(*of_site, *map(not_, known)))
    return [entry_from_document(json.loads(body)) for (body,) in rows]


def _last(connection: Connection, writer: str) -> Entry | None:
    of_writer = select(LEDGER.c.body).where(LEDGER.c.writer == writer)
    body = connection.execute(of_writer.order_by(LEDGER.c.number.desc()).limit(1)).scalar()
    return None if body is None else entry_from_document(json.loads(body))
