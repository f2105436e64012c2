"""The event log: rows that are only ever added, each with a digest over the one before.

Whoever changes, removes or inserts a row behind our back breaks the chain; the head that `meta` holds shows rows that
were cut off at the end. Whoever rewrites the whole log and the head is found by a head that was kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select, update

from fleetctl.adapters.store.chunks import chunks
from fleetctl.adapters.store.codec import Codec
from fleetctl.adapters.store.schema import EVENTS, META
from fleetctl.core.digest import digest
from fleetctl.core.log_heads import Head
from fleetctl.core.rollout.state import Noted

NOTED: Codec[Noted] = Codec(Noted)
_HEAD = select(META.c.last_event, META.c.last_digest)


def head(connection: Connection) -> Head:
    """Return the head of the chain."""
    return Head(*connection.execute(_HEAD).one())


def lock_head(connection: Connection) -> Head:
    """Return the head, and keep every other writer of it out until the transaction ends."""
    return Head(*connection.execute(_HEAD.with_for_update()).one())


def append(connection: Connection, notes: Sequence[Noted]) -> None:
    """Append events, in their order."""
    if not notes:
        return
    last, rows = lock_head(connection), []
    for note in notes:
        body = NOTED.encode(note)
        last = _next(last, body)
        rows.append(
            {"number": last.number, "rollout": note.rollout, "unit": note.unit, "body": body, "digest": last.digest}
        )
    connection.execute(EVENTS.insert(), rows)
    connection.execute(update(META).values(last_event=last.number, last_digest=last.digest))


def events(connection: Connection, rollout: str, after: int) -> list[tuple[int, Noted]]:
    """Return the events of a rollout with their numbers, oldest first."""
    columns = select(EVENTS.c.number, EVENTS.c.body)
    of_rollout = columns.where(EVENTS.c.rollout == rollout, EVENTS.c.number > after).order_by(EVENTS.c.number)
    return [(number, NOTED.decode(body)) for number, body in connection.execute(of_rollout)]


def log(connection: Connection, after: int, limit: int) -> list[tuple[int, Noted]]:
    """Return events of whatever rollout with their numbers, oldest first."""
    columns = select(EVENTS.c.number, EVENTS.c.body).where(EVENTS.c.number > after)
    rows = connection.execute(columns.order_by(EVENTS.c.number).limit(limit))
    return [(number, NOTED.decode(body)) for number, body in rows]


def digests(connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
    """Return the digests of these events, as far as there are any."""
    found: dict[int, str] = {}
    for some in chunks(sorted(set(numbers))):
        rows = connection.execute(select(EVENTS.c.number, EVENTS.c.digest).where(EVENTS.c.number.in_(some)))
        found.update((number, stored) for number, stored in rows)
    return found


def flaw(connection: Connection) -> str | None:
    """Return what is wrong with the chain, in words; None if it is whole."""
    said = head(connection)
    rows = connection.execute(select(EVENTS).order_by(EVENTS.c.number))
    found = _first_break((row.number, row.rollout, row.unit, row.body, row.digest) for row in rows)
    if isinstance(found, str):
        return found
    return None if found == said else f"the log ends at event {found.number}, but {said.number} events were written"


def _first_break(rows: Iterable[tuple[int, str, str, bytes, str]]) -> Head | str:
    last = Head(0, "")
    for number, rollout, unit, body, stored in rows:
        last = _next(last, body)
        if number != last.number:
            return f"event {last.number} is missing"
        note = NOTED.decode(body) if stored == last.digest else None
        if note is None or (note.rollout, note.unit) != (rollout, unit):
            return f"event {number} was changed after it was written, or one before it"
    return last


def _next(last: Head, body: bytes) -> Head:
    number = last.number + 1
    return Head(number, digest(b"%d\n%s\n%s" % (number, last.digest.encode(), body)))
