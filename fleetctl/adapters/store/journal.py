"""The rollouts' table: what the controller writes, fenced by its epoch, and what everybody reads. Fills `Journal`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, false, func, select, update

from fleetctl.adapters.store import chain, refusals
from fleetctl.adapters.store.codec import Codec
from fleetctl.adapters.store.controllers import check_epoch
from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.schema import COMMANDS, PROGRESS, ROLLOUTS, STEPS
from fleetctl.adapters.store.times import from_column, to_column
from fleetctl.core.rollout.state import (
    Change,
    Command,
    CommandHandled,
    Ending,
    Noted,
    Progress,
    Rollout,
    RolloutChanged,
    RowChange,
    SitesHalted,
    SitesWaited,
    Step,
    StepEnded,
    StepIntended,
    StepResult,
    StepTaken,
    UnitChanged,
    WaveChanged,
    followed,
)

ROLLOUT: Codec[Rollout] = Codec(Rollout)
PROGRESS_OF_UNIT: Codec[Progress] = Codec(Progress)
COMMAND: Codec[Command] = Codec(Command)
STEP: Codec[Step] = Codec(Step)
RESULT: Codec[StepResult] = Codec(StepResult)


class SqlJournal:
    """The controller's side of the state."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def commit(self, epoch: int, changes: Sequence[Change]) -> None:
        """Commit all changes in one transaction.

        Raises:
            Fenced: if `epoch` is not the controller's any more; nothing was written.
        """
        by_kind: dict[type[Change], list[Any]] = {kind: [] for kind in _WRITERS}
        for change in changes:
            by_kind[type(change)].append(change)
        with self._database.write() as connection:
            check_epoch(connection, epoch)
            for kind, write in _WRITERS.items():
                if by_kind[kind]:
                    write(connection, by_kind[kind])

    def rollout(self, rollout: str) -> Rollout | None:
        """Return a rollout by its id, or by an unambiguous start of it.

        Raises:
            CouldNot: if several rollouts start so.
        """
        starts = func.substr(ROLLOUTS.c.id, 1, len(rollout)) == rollout
        with self._database.read() as connection:
            found = {
                row.id: row.body for row in connection.execute(select(ROLLOUTS.c.id, ROLLOUTS.c.body).where(starts))
            }
        id = rollout if rollout in found else refusals.one_of(rollout, list(found))
        return None if id is None else ROLLOUT.decode(found[id])

    def rollouts(self, *, active: bool = False) -> Sequence[Rollout]:
        """Return all rollouts, newest first; with `active`, only those that have not ended."""
        query = select(ROLLOUTS.c.body).order_by(ROLLOUTS.c.number.desc())
        with self._database.read() as connection:
            bodies = connection.scalars(query.where(ROLLOUTS.c.ended == false()) if active else query).all()
        return [ROLLOUT.decode(body) for body in bodies]

    def progress(self, rollout: str) -> Sequence[Progress]:
        """Return every unit of a rollout, in the plan's order."""
        number = select(ROLLOUTS.c.number).where(ROLLOUTS.c.id == rollout).scalar_subquery()
        query = select(PROGRESS.c.body).where(PROGRESS.c.rollout == number).order_by(PROGRESS.c.position)
        with self._database.read() as connection:
            bodies = connection.scalars(query).all()
        return [PROGRESS_OF_UNIT.decode(body) for body in bodies]

    def commands(self, rollout: str) -> Sequence[Command]:
        """Return the commands that were not handled yet, oldest first."""
        query = select(COMMANDS.c.number, COMMANDS.c.body).order_by(COMMANDS.c.number)
        waiting = query.where(COMMANDS.c.rollout == rollout, COMMANDS.c.answer.is_(None))
        with self._database.read() as connection:
            rows = connection.execute(waiting).all()
        return [replace(COMMAND.decode(body), id=number) for number, body in rows]

    def steps(self, rollout: str) -> Sequence[StepTaken]:
        """Return every step of a rollout, in the order in which they were intended."""
        query = select(STEPS.c.step, STEPS.c.intended, STEPS.c.ended, STEPS.c.ending).where(STEPS.c.rollout == rollout)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(STEPS.c.intended, STEPS.c.id)).all()
        return [
            StepTaken(
                STEP.decode(row.step),
                from_column(row.intended),
                from_column(row.ended) if row.ended else None,
                Ending(row.ending) if row.ending else None,
            )
            for row in rows
        ]

    def events(self, rollout: str, *, after: int = 0) -> Sequence[tuple[int, Noted]]:
        """Return the log of a rollout with its sequence numbers, oldest first."""
        with self._database.read() as connection:
            return chain.events(connection, rollout, after)

    def log(self, *, after: int, limit: int) -> Sequence[tuple[int, Noted]]:
        """Return entries of the log, whatever rollout they belong to, with their sequence numbers, oldest first."""
        with self._database.read() as connection:
            return chain.log(connection, after, limit)


def rollout_values(rollout: Rollout) -> dict[str, Any]:
    """Return the columns of a rollout's row."""
    return {
        "id": rollout.id,
        "plan": rollout.plan,
        "ended": rollout.status.is_end,
        "body": ROLLOUT.encode(rollout),
    }


def progress_values(progress: Progress) -> dict[str, Any]:
    """Return the columns of a unit's row, but for its place."""
    return {"unit": progress.unit, "phase": progress.phase.value, "body": PROGRESS_OF_UNIT.encode(progress)}


def _write_rollouts(connection: Connection, changes: Sequence[RowChange]) -> None:
    for change in changes:
        row = ROLLOUTS.c.id == change.rollout
        before = ROLLOUT.decode(connection.execute(select(ROLLOUTS.c.body).where(row)).scalar_one())
        connection.execute(update(ROLLOUTS).where(row).values(rollout_values(followed(before, change))))


def _write_progress(connection: Connection, changes: Sequence[UnitChanged]) -> None:
    ids = {change.rollout for change in changes}
    rows = connection.execute(select(ROLLOUTS.c.id, ROLLOUTS.c.number).where(ROLLOUTS.c.id.in_(ids)))
    numbers = {row.id: row.number for row in rows}
    statement = (
        update(PROGRESS)
        .where(PROGRESS.c.rollout == bindparam("of"), PROGRESS.c.unit == bindparam("named"))
        .values(phase=bindparam("phase"), body=bindparam("body"))
    )
    values = [
        {
            "of": numbers[change.rollout],
            "named": change.progress.unit,
            "phase": change.progress.phase.value,
            "body": PROGRESS_OF_UNIT.encode(change.progress),
        }
        for change in changes
    ]
    _all(connection, statement, values)


def _write_intents(connection: Connection, changes: Sequence[StepIntended]) -> None:
    rows = [
        {
            "id": change.step.id,
            "epoch": change.step.epoch,
            "rollout": change.step.rollout,
            "unit": change.step.unit,
            "intended": to_column(change.at),
            "step": STEP.encode(change.step),
        }
        for change in changes
    ]
    connection.execute(STEPS.insert(), rows)


def _write_endings(connection: Connection, changes: Sequence[StepEnded]) -> None:
    statement = (
        update(STEPS)
        .where(STEPS.c.id == bindparam("of"), STEPS.c.epoch == bindparam("under"))
        .values(ended=bindparam("ended"), ending=bindparam("ending"), result=bindparam("result"))
    )
    values = [
        {
            "of": change.result.step.id,
            "under": change.result.step.epoch,
            "ended": to_column(change.at),
            "ending": change.result.ending.value,
            "result": RESULT.encode(change.result),
        }
        for change in changes
    ]
    _all(connection, statement, values)


def _write_answers(connection: Connection, changes: Sequence[CommandHandled]) -> None:
    statement = update(COMMANDS).where(COMMANDS.c.number == bindparam("of")).values(answer=bindparam("answer"))
    _all(connection, statement, [{"of": change.command, "answer": change.answer} for change in changes])


def _all(connection: Connection, statement: Any, values: Sequence[Mapping[str, Any]]) -> None:
    """Update rows, every one of which must be there: a journal does not lose a change silently."""
    changed = connection.execute(statement, values).rowcount
    if changed != len(values):
        raise LookupError(f"{len(values) - changed} of {len(values)} rows to be changed are not in the state")


# The order in which a commit's changes are written: a step that is intended and ended at once is inserted first.
_WRITERS: Mapping[type[Any], Callable[[Connection, Any], None]] = {
    RolloutChanged: _write_rollouts,
    WaveChanged: _write_rollouts,
    SitesHalted: _write_rollouts,
    SitesWaited: _write_rollouts,
    UnitChanged: _write_progress,
    StepIntended: _write_intents,
    StepEnded: _write_endings,
    CommandHandled: _write_answers,
    Noted: chain.append,
}
