"""What any process may add: rollouts with their frozen units and configs, and commands. Fills `Rollouts`."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from fleetctl.adapters.store import refusals
from fleetctl.adapters.store.codec import Codec
from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.journal import COMMAND, progress_values, rollout_values
from fleetctl.adapters.store.schema import COMMANDS, CONFIGS, PROGRESS, ROLLOUTS
from fleetctl.core.config import Config
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Command, CommandKind, Progress, Rollout

CONFIG: Codec[Config] = Codec(Config)
_FAST = 1


class SqlRollouts:
    """Rollouts to be run, and commands to them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, rollout: Rollout, units: Sequence[Progress], configs: Mapping[str, Config]) -> None:
        """Add a rollout with its frozen units and their configs (by digest) in one transaction.

        Raises:
            CouldNot: if the plan was applied before: of two that try at once, the database lets one.
        """
        try:
            with self._database.write() as connection:
                number = connection.execute(
                    ROLLOUTS.insert().values(rollout_values(rollout)).returning(ROLLOUTS.c.number)
                ).scalar_one()
                self._add_configs(connection, configs)
                _add_units(connection, number, units)
        except IntegrityError as error:
            raise self._taken(rollout) from error

    def command(
        self,
        rollout: str,
        kind: CommandKind,
        *,
        actor: str,
        at: datetime,
        reason: str = "",
        units: Sequence[str] = (),
        wave: str = "",
    ) -> int:
        """Append a command; returns its number.

        Raises:
            CouldNot: if there is no such rollout.
        """
        body = COMMAND.encode(Command(0, rollout, kind, actor, at, reason, tuple(units), wave))
        values = {"rollout": rollout, "kind": kind.value, "body": body}
        try:
            with self._database.write() as connection:
                number = connection.execute(COMMANDS.insert().values(values).returning(COMMANDS.c.number))
                return int(number.scalar_one())
        except IntegrityError as error:
            raise refusals.unknown_rollout(rollout) from error

    def config(self, digest: str) -> Config:
        """Return a config that a rollout brought.

        Raises:
            CouldNot: if none did.
        """
        with self._database.read() as connection:
            packed = connection.execute(select(CONFIGS.c.packed).where(CONFIGS.c.digest == digest)).scalar()
        if packed is None:
            raise refusals.unknown_config(digest)
        return CONFIG.decode(zlib.decompress(packed))

    def _add_configs(self, connection: Connection, configs: Mapping[str, Config]) -> None:
        """Add the configs that are new; in order, so that two processes cannot wait for each other."""
        rows = [
            {"digest": digest, "packed": zlib.compress(CONFIG.encode(config), _FAST)}
            for digest, config in sorted(configs.items())
        ]
        if rows:
            connection.execute(self._database.insert(CONFIGS).on_conflict_do_nothing(), rows)

    def _taken(self, rollout: Rollout) -> CouldNot:
        same_plan = select(ROLLOUTS.c.id).where(ROLLOUTS.c.plan == rollout.plan)
        with self._database.read() as connection:
            other = connection.execute(same_plan).scalar()
        return refusals.known_rollout(rollout.id) if other is None else refusals.used_plan(rollout.plan, other)


def _add_units(connection: Connection, number: int, units: Sequence[Progress]) -> None:
    rows = [
        {"rollout": number, "position": position, **progress_values(progress)}
        for position, progress in enumerate(units)
    ]
    if rows:
        connection.execute(PROGRESS.insert(), rows)
