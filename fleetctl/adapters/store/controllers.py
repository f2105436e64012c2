"""Leadership: one row, whose epoch only ever grows. Fills the port `Controllers`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from fleetctl.adapters.store import refusals
from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.schema import CONTROLLER, PROCESSES
from fleetctl.adapters.store.times import LONG_AGO, from_column, to_column
from fleetctl.core.clock import next_epoch
from fleetctl.ports import Controller


def check_epoch(connection: Connection, epoch: int) -> None:
    """Hold the controller's row until the transaction ends, so that nobody takes over in the middle of it.

    Raises:
        Fenced: if `epoch` is not the controller's any more.
    """
    current = connection.execute(select(CONTROLLER.c.epoch).with_for_update()).scalar_one()
    if current != epoch:
        raise refusals.fenced(epoch, current)


class SqlControllers:
    """The controller's row, and the processes that controllers started."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, *, owner: str, host: str, pid: int, command: str, now: datetime, lease_s: float) -> int:
        """Take over with a new epoch if there is no controller or its lease has ended.

        Raises:
            Led: if another controller holds the lease.
        """
        with self._database.write() as connection:
            holder = _row(connection, lock=True)
            if holder.lease_until > now:
                raise refusals.led(holder)
            values = {"owner": owner, "host": host, "pid": pid, "command": command}
            epoch = next_epoch(holder.epoch, now)
            connection.execute(update(CONTROLLER).values(epoch=epoch, lease_until=_end(now, lease_s), **values))
            return epoch

    def renew(self, epoch: int, *, now: datetime, lease_s: float) -> None:
        """Extend the lease.

        Raises:
            Fenced: if another controller has taken over.
        """
        with self._database.write() as connection:
            check_epoch(connection, epoch)
            connection.execute(update(CONTROLLER).values(lease_until=_end(now, lease_s)))

    def release(self, epoch: int) -> None:
        """End the lease of that epoch, and no other's; the epoch stays used up."""
        with self._database.write() as connection:
            ended = update(CONTROLLER).where(CONTROLLER.c.epoch == epoch).values(lease_until=to_column(LONG_AGO))
            connection.execute(ended)

    def current(self) -> Controller | None:
        """Return the controller's row, or None if there never was one."""
        with self._database.read() as connection:
            row = _row(connection)
        return row if row.epoch else None

    def record_process(self, epoch: int, pid: int, started: str) -> None:
        """Record a process that this controller started.

        Raises:
            Fenced: if another controller has taken over.
        """
        with self._database.write() as connection:
            check_epoch(connection, epoch)
            values = {"epoch": epoch, "pid": pid, "started": started}
            recorded = self._database.insert(PROCESSES).values(values)
            connection.execute(recorded.on_conflict_do_update(index_elements=["epoch", "pid"], set_=values))

    def forget_process(self, epoch: int, pid: int) -> None:
        """Forget a process that has ended, whoever's it was."""
        with self._database.write() as connection:
            connection.execute(delete(PROCESSES).where(PROCESSES.c.epoch == epoch, PROCESSES.c.pid == pid))

    def processes(self) -> Sequence[tuple[int, int, str]]:
        """Return recorded processes: epoch, pid, start mark."""
        columns = select(PROCESSES.c.epoch, PROCESSES.c.pid, PROCESSES.c.started)
        with self._database.read() as connection:
            return [(e, p, s) for e, p, s in connection.execute(columns.order_by(PROCESSES.c.epoch, PROCESSES.c.pid))]


def _row(connection: Connection, *, lock: bool = False) -> Controller:
    query = select(CONTROLLER)
    row = connection.execute(query.with_for_update() if lock else query).one()
    until = from_column(row.lease_until) if row.lease_until else LONG_AGO
    return Controller(row.epoch, row.owner, row.host, row.pid, until, row.command)


def _end(now: datetime, lease_s: float) -> str:
    return to_column(now + timedelta(seconds=lease_s))
