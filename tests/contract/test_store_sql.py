"""What only a real database can show: history, tampering, migrations, readers beside writers, few statements."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError

from fleetctl.adapters.store import migrations
from fleetctl.adapters.store.placements import Placement
from fleetctl.adapters.store.schema import METADATA
from fleetctl.adapters.store.state import SqlState, open_state
from fleetctl.core.facts import Cause, Unobserved
from fleetctl.core.problems import InvalidInput
from fleetctl.core.rollout.state import Phase, UnitChanged
from tests.builders.rollouts import facts, note, rollout, rows
from tests.builders.world import START


@contextmanager
def behind_its_back(url: str) -> Iterator[Connection]:
    """Change a database as somebody with its password, or its file, may."""
    raw = create_engine(url)
    try:
        with raw.begin() as connection:
            yield connection
    finally:
        raw.dispose()


def lead(state: SqlState) -> int:
    return state.controllers.acquire(owner="ada", host="h", pid=1, command="c", now=START, lease_s=30)


# --- units ----------------------------------------------------------------------------------------------------------


def test_a_machine_keeps_its_history_when_it_moves(sql_state: SqlState) -> None:
    for minutes, unit in ((0, "s/a"), (5, "s/a"), (10, "s/b")):
        sql_state.units.save_facts([facts(unit, serial="S1", minutes=minutes)])
    sql_state.units.save_facts([facts("s/a", serial="S2", minutes=20)])
    moved = START + timedelta(minutes=10)
    assert sql_state.placements(serial="S1") == [Placement("s/a", "S1", START, moved), Placement("s/b", "S1", moved)]
    assert [p.serial for p in sql_state.placements(unit="s/a")] == ["S1", "S2"]


def test_the_last_facts_are_kept_beside_the_cause(sql_state: SqlState) -> None:
    sql_state.units.save_facts([facts("s/r1")])
    sql_state.units.save_facts([Unobserved("s/r1", START, Cause.TIMED_OUT, "slow")])
    assert sql_state.units.last_facts("s/r1") == facts("s/r1")
    assert sql_state.units.last_facts("s/r2") is None


# --- the event log --------------------------------------------------------------------------------------------------


@pytest.fixture
def logged(sql_state: SqlState) -> SqlState:
    """Return a state with five events."""
    sql_state.rollouts.add(rollout(), rows(), {})
    epoch = lead(sql_state)
    sql_state.journal.commit(epoch, [note("one"), note("two")])
    sql_state.journal.commit(epoch, [note("three"), note("four"), note("five")])
    return sql_state


def test_an_untouched_log_is_whole(logged: SqlState) -> None:
    assert logged.chain_flaw() is None
    assert logged.chain_head().number == 5


@pytest.mark.parametrize("statement", ["UPDATE events SET unit = 'x'", "DELETE FROM events"])
def test_the_database_refuses_to_change_the_log(logged: SqlState, url: str, statement: str) -> None:
    with pytest.raises(DBAPIError, match="the event log is append-only"), behind_its_back(url) as connection:
        connection.exec_driver_sql(statement)
    assert logged.chain_flaw() is None


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE events SET body = (SELECT body FROM events WHERE number = 1) WHERE number = 3", "event 3 was changed"),
        ("UPDATE events SET unit = 's/r2' WHERE number = 2", "event 2 was changed"),
        ("UPDATE events SET digest = 'x' WHERE number = 5", "event 5 was changed"),
        ("DELETE FROM events WHERE number = 4", "event 4 is missing"),
        ("DELETE FROM events WHERE number = 1", "event 1 is missing"),
        ("DELETE FROM events WHERE number > 3", "the log ends at event 3, but 5 events were written"),
    ],
)
def test_who_changes_the_log_all_the_same_is_found_out(logged: SqlState, url: str, statement: str, said: str) -> None:
    sqlite = ["DROP TRIGGER events_no_update", "DROP TRIGGER events_no_delete"]
    disarm = sqlite if url.startswith("sqlite") else ["DROP TRIGGER events_no_change ON events"]
    with behind_its_back(url) as connection:
        for one in (*disarm, statement):
            connection.exec_driver_sql(one)
    assert str(logged.chain_flaw()).startswith(said)


# --- versions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(1, migrations.LATEST))
def test_a_state_of_every_older_version_is_brought_up_to_date(url: str, version: int) -> None:
    old = open_state(url, version)
    old.rollouts.add(rollout(), rows(), {})
    old.journal.commit(lead(old), [note("one")])
    uuid = old.uuid
    old.close()
    with behind_its_back(url) as connection:
        assert migrations.check_version(connection, url) == version
    state = open_state(url)
    assert (state.uuid, state.journal.rollout("r-1"), list(state.journal.progress("r-1"))) == (uuid, rollout(), rows())
    assert state.chain_flaw() is None
    state.close()
    with behind_its_back(url) as connection:
        assert migrations.check_version(connection, url) == migrations.LATEST


def test_the_migrations_lead_to_the_schema(sql_state: SqlState, url: str) -> None:
    with behind_its_back(url) as connection:
        found = inspect(connection)
        tables = found.get_table_names()
        keys = {table: set(found.get_pk_constraint(table)["constrained_columns"]) for table in tables}
        columns = {
            table: {(c["name"], c["nullable"] and c["name"] not in keys[table]) for c in found.get_columns(table)}
            for table in tables
        }
    declared = METADATA.tables.items()
    assert columns == {name: {(c.name, bool(c.nullable)) for c in table.c} for name, table in declared}
    assert keys == {name: {c.name for c in table.primary_key} for name, table in declared}


def test_a_newer_state_is_refused(sql_state: SqlState, url: str) -> None:
    with behind_its_back(url) as connection:
        connection.exec_driver_sql(f"INSERT INTO schema_version VALUES ({migrations.LATEST + 1}, 'later')")
    with pytest.raises(InvalidInput, match="was written by a newer fleetctl"):
        open_state(url)


@pytest.mark.postgres
def test_a_database_of_something_else_is_refused(new_database: Callable[[], str]) -> None:
    url = new_database()
    with behind_its_back(url) as connection:
        connection.exec_driver_sql("CREATE TABLE customers (id INTEGER)")
    with pytest.raises(InvalidInput, match="is a database of something else"):
        open_state(url)
    with behind_its_back(url) as connection:
        assert inspect(connection).get_table_names() == ["customers"]


# --- the journal ----------------------------------------------------------------------------------------------------


def test_a_change_of_what_is_not_there_fails_the_whole_commit(sql_state: SqlState) -> None:
    sql_state.rollouts.add(rollout(), rows("s/r1"), {})
    stray = [UnitChanged("r-1", replace(row, attempt=1)) for row in rows("s/r1", "s/stray")]
    with pytest.raises(LookupError, match="1 of 2 rows"):
        sql_state.journal.commit(lead(sql_state), [*stray, note("never")])
    assert [row.attempt for row in sql_state.journal.progress("r-1")] == [0]
    assert list(sql_state.journal.events("r-1")) == []


# --- many at once ---------------------------------------------------------------------------------------------------


def test_a_reader_beside_a_writer_never_sees_half_a_commit(sql_state: SqlState) -> None:
    units = [f"s/r{n}" for n in range(50)]
    sql_state.rollouts.add(rollout(), rows(*units), {})
    epoch, seen, done = lead(sql_state), set(), threading.Event()

    def write() -> None:
        for attempt in range(1, 21):
            changed = [replace(row, attempt=attempt, phase=Phase.CONFIGURING) for row in rows(*units)]
            sql_state.journal.commit(epoch, [UnitChanged("r-1", row) for row in changed])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        seen.add(frozenset(row.attempt for row in sql_state.journal.progress("r-1")))
    writer.join()
    assert all(len(attempts) == 1 for attempts in seen)
    assert {row.attempt for row in sql_state.journal.progress("r-1")} == {20}


def test_threads_share_a_state(sql_state: SqlState) -> None:
    sql_state.rollouts.add(rollout(), rows(), {})
    failures: list[BaseException] = []

    def observe(thread: int) -> None:
        try:
            for minutes in range(5):
                seen = [facts(f"s/t{thread}-{n}", serial=f"S{thread}-{n}", minutes=minutes) for n in range(10)]
                sql_state.units.save_facts([*seen, facts("s/shared", serial=f"S{thread}-0", minutes=minutes)])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=observe, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(sql_state.units.facts()) == 61


def statements_of(state: SqlState) -> list[bool]:
    """Return a list that grows with every statement: whether it carries many rows."""
    seen: list[bool] = []

    def note_it(_c: object, _cursor: object, _text: str, _values: object, _context: object, many: bool) -> None:
        seen.append(many)

    event.listen(state._database._engine, "before_cursor_execute", note_it)
    return seen


def test_a_commit_of_many_units_is_a_handful_of_statements(sql_state: SqlState) -> None:
    units = [f"s/r{n}" for n in range(200)]
    sql_state.rollouts.add(rollout(units=tuple(units)), rows(*units), {})
    epoch, seen = lead(sql_state), statements_of(sql_state)
    changed = [UnitChanged("r-1", replace(row, attempt=1)) for row in rows(*units)]
    sql_state.journal.commit(epoch, [*changed, *(note("x", unit=unit) for unit in units)])
    assert len(seen) <= 8


def test_the_units_of_a_rollout_are_read_at_once(sql_state: SqlState) -> None:
    units = [f"s/r{n}" for n in range(1000)]
    sql_state.rollouts.add(rollout(), rows(*units), {})
    seen = statements_of(sql_state)
    assert [row.unit for row in sql_state.journal.progress("r-1")] == units
    assert len(seen) <= 2, "BEGIN, and one SELECT"
