"""Stores for the contract suite: in memory, in SQLite, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fleetctl.adapters.store.state import SqlState, open_state
from fleetctl.ports import State
from tests.builders import postgres
from tests.builders.memory_state import MemoryState, Rows

NewUrl = Callable[[], str]
POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """Run one PostgreSQL server for all tests."""
    programs = postgres.programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    with postgres.running(programs) as server:
        yield server


@pytest.fixture
def new_database(postgres_server: postgres.Server) -> NewUrl:
    """Return what makes an empty database of PostgreSQL and returns its URL."""
    return postgres_server.new_database


@pytest.fixture(params=["sqlite", POSTGRES])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a state that does not exist yet, on each kind of database."""
    if request.param == "postgres":
        server: postgres.Server = request.getfixturevalue("postgres_server")
        return server.new_database()
    return f"sqlite:///{tmp_path}/state/state.db"


@pytest.fixture
def sql_state(url: str) -> Iterator[SqlState]:
    """Return a new state on each kind of database."""
    state = open_state(url)
    yield state
    state.close()


@pytest.fixture(params=["memory", "sqlite", POSTGRES])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], State]]:
    """Return what opens the same state each time it is called, as another process would."""
    with ExitStack() as opened:
        if request.param == "memory":
            rows = Rows()
            yield lambda: MemoryState(rows)
            return
        server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
        url = server.new_database() if server else f"sqlite:///{tmp_path}/state/state.db"

        def open_one() -> State:
            state = open_state(url)
            opened.callback(state.close)
            return state

        yield open_one


@pytest.fixture
def state(reopen: Callable[[], State]) -> State:
    """Return a new state of each kind."""
    return reopen()
