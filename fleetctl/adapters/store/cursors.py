"""How far readers of the event log have come. Fills the port `Cursors`."""

from __future__ import annotations

from sqlalchemy import select

from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.schema import CURSORS


class SqlCursors:
    """One number a reader."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, reader: str) -> int | None:
        """Return the number of the last entry that a reader is done with; None if it never read."""
        with self._database.read() as connection:
            return connection.execute(select(CURSORS.c.number).where(CURSORS.c.reader == reader)).scalar()

    def set(self, reader: str, number: int) -> None:
        """Note that a reader is done with everything up to an entry."""
        insert = self._database.insert(CURSORS).values(reader=reader, number=number)
        with self._database.write() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["reader"], set_={"number": number}))
