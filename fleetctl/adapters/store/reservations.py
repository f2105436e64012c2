"""Loads that units were admitted to. Fills the port `Reservations`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import delete, select

from fleetctl.adapters.store import chain
from fleetctl.adapters.store.codec import Codec
from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.schema import RESERVATIONS
from fleetctl.core.commissioning.reservation import Reservation, Reserved

T = TypeVar("T")
RESERVATION: Codec[Reservation] = Codec(Reservation)


class SqlReservations:
    """A row for each unit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(self, site: str, decide: Callable[[Reserved], tuple[Reserved, T]]) -> T:
        """Decide on a site's reservations and keep what was decided: two processes take turns."""
        with self._database.write() as connection:
            chain.lock_head(connection)
            found = connection.execute(select(RESERVATIONS).where(RESERVATIONS.c.site == site))
            before = {row.unit: RESERVATION.decode(row.body) for row in found}
            after, answer = decide(before)
            if gone := [unit for unit in before if after.get(unit) != before[unit]]:
                connection.execute(delete(RESERVATIONS).where(RESERVATIONS.c.unit.in_(gone)))
            new = [each for unit, each in after.items() if before.get(unit) != each]
            if new:
                rows = [{"unit": each.unit, "site": site, "body": RESERVATION.encode(each)} for each in new]
                connection.execute(RESERVATIONS.insert(), rows)
        return answer
