"""Plans that were made with this state. Fills the port `Plans`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.schema import PLANS, ROLLOUTS
from fleetctl.adapters.store.times import to_column
from fleetctl.core.plan import Plan


class SqlPlans:
    """The digests of plans; the rollout that used one carries the plan's id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, plan: Plan, digest: str) -> None:
        """Record a plan and the digest of its document; made again, the later document counts."""
        values = {"id": plan.id, "digest": digest, "made": to_column(plan.made)}
        saved = self._database.insert(PLANS).values(values)
        with self._database.write() as connection:
            connection.execute(saved.on_conflict_do_update(index_elements=["id"], set_=values))

    def digest(self, plan_id: str) -> str | None:
        """Return the digest recorded for a plan, or None if this state never made it."""
        return self._scalar(select(PLANS.c.digest).where(PLANS.c.id == plan_id))

    def used_by(self, plan_id: str) -> str | None:
        """Return the rollout that used the plan, or None."""
        return self._scalar(select(ROLLOUTS.c.id).where(ROLLOUTS.c.plan == plan_id))

    def _scalar(self, query: Select[Any]) -> str | None:
        with self._database.read() as connection:
            return connection.execute(query).scalar()
