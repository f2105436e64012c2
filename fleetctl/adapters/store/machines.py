"""The machines that are marked. Folded from the ledger whenever it is added to; fills the port `Machines`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, select

from fleetctl.adapters.store.codec import Codec
from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.schema import MACHINES
from fleetctl.core.commissioning.ledger import Entry
from fleetctl.core.commissioning.marked import Marked, marked, may_mark

MARKED: Codec[Marked] = Codec(Marked)


class SqlMachines:
    """A row for each marked machine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def marked(self, units: Iterable[str] | None = None) -> Mapping[str, Marked]:
        """Return the marks of the machines at all units, or at those named, by the unit."""
        with self._database.read() as connection:
            rows = connection.execute(select(MACHINES.c.unit, MACHINES.c.body).order_by(MACHINES.c.unit)).all()
        named = None if units is None else set(units)
        return {row.unit: MARKED.decode(row.body) for row in rows if named is None or row.unit in named}


def record(
    connection: Connection, written: Sequence[Entry], of_site: Callable[[Connection, str], Iterable[Entry]]
) -> None:
    """Bring the marks up to date with entries that were just written, in the same transaction.

    Args:
        connection: of the transaction.
        written: the entries.
        of_site: returns all entries of a site.
    """
    known = {unit for (unit,) in connection.execute(select(MACHINES.c.unit))} if written else set()
    changed = {(entry.draft.site, entry.draft.subject) for entry in written if may_mark(entry, known)}
    for site, unit in sorted(changed):
        connection.execute(delete(MACHINES).where(MACHINES.c.unit == unit))
        mark = marked(unit, of_site(connection, site))
        if mark is not None:
            # Nobody may have scanned a machine's label, and two may say one serial: each mark stands for itself.
            key = f"{mark.serial} at {unit}".strip()
            values = {"serial": key, "unit": unit, "lifecycle": mark.lifecycle.value, "body": MARKED.encode(mark)}
            connection.execute(MACHINES.insert().values(**values))
