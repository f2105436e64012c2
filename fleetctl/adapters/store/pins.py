"""The rows of pinned host keys, within somebody's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, update

from fleetctl.adapters.store import chain, refusals
from fleetctl.adapters.store.schema import PINS
from fleetctl.adapters.store.times import to_column
from fleetctl.core.route import Pin


def replace(connection: Connection, pins: Mapping[str, tuple[Pin, ...]], actor: str, at: datetime, why: str) -> None:
    """Pin host keys in the place of those pinned before, which are kept as history, and note it in the event log."""
    when = to_column(at)
    rows = [
        {"unit": unit, "key_type": pin.key_type, "key": pin.key, "actor": actor, "why": why, "since": when}
        for unit, of_unit in pins.items()
        for pin in of_unit
    ]
    ended = update(PINS).where(PINS.c.unit == bindparam("of"), PINS.c.until.is_(None)).values(until=when)
    chain.append(connection, refusals.pin_notes(pins, actor, at, why))
    if pins:
        connection.execute(ended, [{"of": unit} for unit in pins])
    if rows:
        connection.execute(PINS.insert(), rows)
