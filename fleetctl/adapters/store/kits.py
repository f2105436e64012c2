"""The kits that left. Fills the port `Kits`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from fleetctl.adapters.store import chain
from fleetctl.adapters.store.codec import Codec
from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.schema import KITS
from fleetctl.core.kit.record import Kit
from fleetctl.core.rollout.state import Noted

KIT: Codec[Kit] = Codec(Kit)


class SqlKits:
    """A row for each kit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def kits(self) -> Sequence[Kit]:
        """Return every kit, the newest last."""
        with self._database.read() as connection:
            kits = [KIT.decode(body) for (body,) in connection.execute(select(KITS.c.body))]
        return sorted(kits, key=lambda kit: (kit.made, kit.id))

    def keep(self, kit: Kit, note: Noted) -> None:
        """Add a kit, or replace what is known of it, and note it in the event log."""
        insert = self._database.insert(KITS).values(id=kit.id, site=kit.site, body=KIT.encode(kit))
        with self._database.write() as connection:
            chain.lock_head(connection)
            connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_={"body": insert.excluded.body}))
            chain.append(connection, [note])
