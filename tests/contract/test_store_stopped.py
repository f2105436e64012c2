"""A controller that stops in the middle of a transaction keeps nobody out of PostgreSQL for long.

In SQLite it does until it ends, for no server is there to end its transaction; the next one is told (`test_state_url`).
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fleetctl.adapters.store import engine
from fleetctl.adapters.store.controllers import SqlControllers, check_epoch
from fleetctl.adapters.store.engine import open_database
from fleetctl.core.problems import CouldNot
from fleetctl.ports import Fenced
from tests.builders import postgres

NOW = datetime(2026, 1, 15, 18, 0, tzinfo=UTC)


def lead(controllers: SqlControllers) -> int:
    return controllers.acquire(owner="operator", host="here", pid=1, command="apply", now=NOW, lease_s=0)


@pytest.fixture
def url(postgres_server: postgres.Server) -> str:
    return postgres_server.new_database()


@pytest.mark.postgres
def test_who_stops_in_a_transaction_is_taken_over_and_fenced(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "IDLE_TIMEOUT_S", 0.3)
    stopped, taking_over = open_database(url), open_database(url)
    old = lead(SqlControllers(stopped))

    def stop_in_a_transaction() -> None:
        with stopped.write() as connection:
            check_epoch(connection, old)  # its row is locked from here on
            assert lead(SqlControllers(taking_over)) == old + 1

    with pytest.raises(CouldNot, match="could not be used"):
        stop_in_a_transaction()
    with pytest.raises(Fenced):
        SqlControllers(stopped).renew(old, now=NOW, lease_s=60)
    stopped.close()
    taking_over.close()


@pytest.mark.postgres
def test_nobody_waits_for_ever(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.2)
    holding, waiting = open_database(url), open_database(url)
    with holding.write() as connection:
        check_epoch(connection, 0)
        with pytest.raises(CouldNot, match="lock timeout") as refused:
            lead(SqlControllers(waiting))
    assert "controller" in refused.value.hint
    holding.close()
    waiting.close()
