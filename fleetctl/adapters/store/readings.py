"""What rollouts saw of their units: one row a unit and minute, the last probe of it. For `SqlUnits`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from fleetctl.adapters.store.codec import Codec
from fleetctl.adapters.store.schema import READINGS, ROLLOUTS
from fleetctl.core.rollout.readings import Reading

if TYPE_CHECKING:
    from fleetctl.adapters.store.engine import Insert

READING: Codec[Reading] = Codec(Reading)


def record(connection: Connection, insert: Insert, readings: Iterable[Reading]) -> None:
    """Add readings, each in the place of one of the same minute; one of a rollout that is not here is dropped."""
    latest = {(reading.rollout, reading.unit, reading.minute): reading for reading in readings}
    if not latest:
        return
    ids = {rollout for rollout, _, _ in latest}
    rows = connection.execute(select(ROLLOUTS.c.id, ROLLOUTS.c.number).where(ROLLOUTS.c.id.in_(ids)))
    numbers = {row.id: row.number for row in rows}
    values = [
        {"rollout": numbers[rollout], "unit": unit, "minute": minute, "body": READING.encode(reading)}
        for (rollout, unit, minute), reading in sorted(latest.items(), key=lambda item: item[0])
        if rollout in numbers
    ]
    if values:
        key = [READINGS.c.rollout, READINGS.c.unit, READINGS.c.minute]
        connection.execute(
            insert.on_conflict_do_update(index_elements=key, set_={"body": insert.excluded.body}), values
        )


def of_rollout(connection: Connection, rollout: str) -> list[Reading]:
    """Return the readings of a rollout, oldest first."""
    number = select(ROLLOUTS.c.number).where(ROLLOUTS.c.id == rollout).scalar_subquery()
    query = select(READINGS.c.body).where(READINGS.c.rollout == number).order_by(READINGS.c.minute, READINGS.c.unit)
    return [READING.decode(body) for body in connection.scalars(query)]
