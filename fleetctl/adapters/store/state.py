"""The whole state on one database. Fills the port `State`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import select

from fleetctl.adapters.store import chain, placements
from fleetctl.adapters.store.engine import Database, open_database
from fleetctl.adapters.store.migrations import LATEST
from fleetctl.adapters.store.placements import Placement
from fleetctl.adapters.store.schema import META
from fleetctl.adapters.store.units import SqlUnits
from fleetctl.core.log_heads import Head

if TYPE_CHECKING:  # most commands ask for two or three parts, and together the parts import half of the core
    from fleetctl.adapters.store.controllers import SqlControllers
    from fleetctl.adapters.store.cursors import SqlCursors
    from fleetctl.adapters.store.imaging import SqlImagings
    from fleetctl.adapters.store.journal import SqlJournal
    from fleetctl.adapters.store.kits import SqlKits
    from fleetctl.adapters.store.ledger import SqlLedger
    from fleetctl.adapters.store.machines import SqlMachines
    from fleetctl.adapters.store.orders import SqlOrders
    from fleetctl.adapters.store.plans import SqlPlans
    from fleetctl.adapters.store.registry import SqlRegistry
    from fleetctl.adapters.store.reservations import SqlReservations
    from fleetctl.adapters.store.rollouts import SqlRollouts


class SqlState:
    """Everything that is remembered, in one database with one identity; may be used from several threads."""

    def __init__(self, database: Database) -> None:
        """Take an open database."""
        self._database = database
        self.units = SqlUnits(database)

    @cached_property
    def journal(self) -> SqlJournal:
        """Return the controller's side."""
        from fleetctl.adapters.store.journal import SqlJournal

        return SqlJournal(self._database)

    @cached_property
    def rollouts(self) -> SqlRollouts:
        """Return what any process may add."""
        from fleetctl.adapters.store.rollouts import SqlRollouts

        return SqlRollouts(self._database)

    @cached_property
    def controllers(self) -> SqlControllers:
        """Return leadership."""
        from fleetctl.adapters.store.controllers import SqlControllers

        return SqlControllers(self._database)

    @cached_property
    def plans(self) -> SqlPlans:
        """Return the plans that were made."""
        from fleetctl.adapters.store.plans import SqlPlans

        return SqlPlans(self._database)

    @cached_property
    def orders(self) -> SqlOrders:
        """Return holds and overrides."""
        from fleetctl.adapters.store.orders import SqlOrders

        return SqlOrders(self._database)

    @cached_property
    def cursors(self) -> SqlCursors:
        """Return how far readers of the event log have come."""
        from fleetctl.adapters.store.cursors import SqlCursors

        return SqlCursors(self._database)

    @cached_property
    def imaging(self) -> SqlImagings:
        """Return imaging over the network."""
        from fleetctl.adapters.store.imaging import SqlImagings

        return SqlImagings(self._database)

    @cached_property
    def ledger(self) -> SqlLedger:
        """Return what was done in the field."""
        from fleetctl.adapters.store.ledger import SqlLedger

        return SqlLedger(self._database)

    @cached_property
    def machines(self) -> SqlMachines:
        """Return the machines, wherever they stand."""
        from fleetctl.adapters.store.machines import SqlMachines

        return SqlMachines(self._database)

    @cached_property
    def kits(self) -> SqlKits:
        """Return the kits that left."""
        from fleetctl.adapters.store.kits import SqlKits

        return SqlKits(self._database)

    @cached_property
    def registry(self) -> SqlRegistry:
        """Return certificates and registrations."""
        from fleetctl.adapters.store.registry import SqlRegistry

        return SqlRegistry(self._database)

    @cached_property
    def reservations(self) -> SqlReservations:
        """Return the loads that units were admitted to."""
        from fleetctl.adapters.store.reservations import SqlReservations

        return SqlReservations(self._database)

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
