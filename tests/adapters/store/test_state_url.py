"""Which URLs name a state, and what is said of one that cannot be used."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fleetctl.adapters.store import engine
from fleetctl.adapters.store.state import open_state
from fleetctl.core.problems import CouldNot, InvalidInput


@pytest.mark.parametrize("url", ["nonsense", "sqlite://", "sqlite:///:memory:", "mysql://me:sesame@host/name"])
def test_what_names_no_state_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        open_state(url)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("form", ["sqlite:///{}", "sqlite+aiosqlite:///{}", "sqlite:///{}?mode=memory&uri=true"])
def test_the_file_that_was_checked_is_the_one_that_is_opened(form: str, tmp_path: Path) -> None:
    open_state(form.format(tmp_path / "state.db")).close()
    assert [file.name for file in tmp_path.iterdir()] == ["state.db"]


def test_a_file_that_stays_locked_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.1)
    path = tmp_path / "state.db"
    state = open_state(f"sqlite:///{path}")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CouldNot, match="locked") as refused:
            state.units.set_ways({})
    state.close()
    assert "fuser" in refused.value.hint
