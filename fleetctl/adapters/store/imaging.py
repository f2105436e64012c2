"""What is remembered of imaging. Fills the port `Imagings`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, select

from fleetctl.adapters.store import chain, pins
from fleetctl.adapters.store.codec import Codec
from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.schema import IMAGING, STRANGERS
from fleetctl.adapters.store.times import to_column
from fleetctl.core.imaging.desk import Answer, FromDisk, Given, noted
from fleetctl.core.imaging.record import Imaging, Stranger

RECORD: Codec[Imaging] = Codec(Imaging)
STRANGER: Codec[Stranger] = Codec(Stranger)


class SqlImagings:
    """A row for each unit that was asked for, and one for each machine that was refused."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def records(self, units: Iterable[str] | None = None) -> Mapping[str, Imaging]:
        """Return the records of all units or of those named."""
        with self._database.read() as connection:
            rows = connection.execute(select(IMAGING).order_by(IMAGING.c.unit)).all()
        named = None if units is None else set(units)
        return {row.unit: RECORD.decode(row.body) for row in rows if named is None or row.unit in named}

    def change(self, unit: str, decide: Callable[[Imaging | None], Answer], at: datetime) -> Answer:
        """Decide on a unit's record and keep what was decided: two servers, or a server and a person, take turns."""
        with self._database.write() as connection:
            chain.lock_head(connection)
            body = connection.execute(select(IMAGING.c.body).where(IMAGING.c.unit == unit)).scalar()
            before = None if body is None else RECORD.decode(body)
            answer = decide(before)
            self._keep(connection, before, answer)
            note = noted(unit, answer, at)
            chain.append(connection, [note] if note else [])
            if isinstance(answer, Given) and answer.pin is not None:
                pins.replace(connection, {unit: (answer.pin,)}, answer.record.actor, at, answer.text)
        return answer

    def strangers(self) -> Sequence[Stranger]:
        """Return the machines that were refused, the newest last."""
        with self._database.read() as connection:
            rows = connection.execute(select(STRANGERS.c.body).order_by(STRANGERS.c.last, STRANGERS.c.mac))
            return [STRANGER.decode(body) for (body,) in rows]

    def saw(self, stranger: Stranger) -> None:
        """Keep that a machine was refused; counts how often."""
        serial, mac = stranger.claim.machine
        this = (STRANGERS.c.mac == mac) & (STRANGERS.c.serial == serial)
        with self._database.write() as connection:
            chain.lock_head(connection)
            body = connection.execute(select(STRANGERS.c.body).where(this)).scalar()
            if body is not None:
                before = STRANGER.decode(body)
                stranger = replace(stranger, first=before.first, times=before.times + 1)
                connection.execute(delete(STRANGERS).where(this))
            values = {"mac": mac, "serial": serial, "last": to_column(stranger.last)}
            connection.execute(STRANGERS.insert().values(**values, body=STRANGER.encode(stranger)))

    def forget(self, before: datetime) -> None:
        """Forget the machines that did not come since."""
        with self._database.write() as connection:
            chain.lock_head(connection)
            connection.execute(delete(STRANGERS).where(STRANGERS.c.last < to_column(before)))

    def _keep(self, connection: Connection, before: Imaging | None, answer: Answer) -> None:
        after = None if isinstance(answer, FromDisk) else answer.record
        if after is None or after == before:
            return
        insert = self._database.insert(IMAGING).values(unit=after.unit, body=RECORD.encode(after))
        updated = insert.on_conflict_do_update(index_elements=["unit"], set_={"body": insert.excluded.body})
        connection.execute(updated)
