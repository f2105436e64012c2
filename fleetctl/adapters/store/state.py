"""The whole state on one database. Fills the port `State`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from sqlalchemy import select

from fleetctl.adapters.store import chain, placements
from fleetctl.adapters.store.controllers import SqlControllers
from fleetctl.adapters.store.cursors import SqlCursors
from fleetctl.adapters.store.engine import Database, open_database
from fleetctl.adapters.store.imaging import SqlImagings
from fleetctl.adapters.store.journal import SqlJournal
from fleetctl.adapters.store.kits import SqlKits
from fleetctl.adapters.store.ledger import SqlLedger
from fleetctl.adapters.store.machines import SqlMachines
from fleetctl.adapters.store.migrations import LATEST
from fleetctl.adapters.store.orders import SqlOrders
from fleetctl.adapters.store.placements import Placement
from fleetctl.adapters.store.plans import SqlPlans
from fleetctl.adapters.store.registry import SqlRegistry
from fleetctl.adapters.store.reservations import SqlReservations
from fleetctl.adapters.store.rollouts import SqlRollouts
from fleetctl.adapters.store.schema import META
from fleetctl.adapters.store.units import SqlUnits
from fleetctl.core.log_heads import Head


class SqlState:
    """Everything that is remembered, in one database with one identity; may be used from several threads."""

    def __init__(self, database: Database) -> None:
        """Take an open database."""
        self._database = database
        self.journal = SqlJournal(database)
        self.rollouts = SqlRollouts(database)
        self.controllers = SqlControllers(database)
        self.units = SqlUnits(database)
        self.plans = SqlPlans(database)
        self.orders = SqlOrders(database)
        self.cursors = SqlCursors(database)
        self.imaging = SqlImagings(database)
        self.ledger = SqlLedger(database)
        self.machines = SqlMachines(database)
        self.kits = SqlKits(database)
        self.registry = SqlRegistry(database)
        self.reservations = SqlReservations(database)

    @cached_property
    def uuid(self) -> str:
        """Return the state's identity; every plan carries it."""
        with self._database.read() as connection:
            return str(connection.execute(select(META.c.uuid)).scalar_one())

    def chain_head(self) -> Head:
        """Return the head of the event log, to be kept where whoever can change this database cannot."""
        with self._database.read() as connection:
            return chain.head(connection)

    def chain_digests(self, numbers: Iterable[int]) -> Mapping[int, str]:
        """Return the digests of these entries of the event log, as far as there are any."""
        with self._database.read() as connection:
            return chain.digests(connection, numbers)

    def chain_flaw(self) -> str | None:
        """Return what is wrong with the event log, in words; None if nobody changed it behind our back."""
        with self._database.read() as connection:
            return chain.flaw(connection)

    def placements(self, *, unit: str = "", serial: str = "") -> list[Placement]:
        """Return which machines stood at a unit, or where a machine stood, oldest first."""
        with self._database.read() as connection:
            return placements.history(connection, unit=unit, serial=serial)

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def open_state(url: str, version: int = LATEST) -> SqlState:
    """Open the state that a URL names; see `open_database`.

    Raises:
        InvalidInput: if the URL is wrong, or what is there is not a state, or a newer one.
        CouldNot: if it cannot be reached, created or read.
    """
    return SqlState(open_database(url, version))
