"""A state that somebody brought: counted on a copy, and called damaged whatever is wrong with it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleetctl.adapters.kit.foreign_state import own_entries
from fleetctl.adapters.store.state import open_state
from fleetctl.core.commissioning.ledger import Draft
from fleetctl.core.commissioning.stages import Outcome, Stage

DRAFT = Draft("here", "here/r1", Stage.INSTALLED, Outcome.DONE, "ada", datetime(2026, 11, 2, tzinfo=UTC), {})


@pytest.fixture
def brought(tmp_path: Path) -> Path:
    """A state with two entries of its own, one of which is in the write-ahead log alone, as after a power cut."""
    lived = open_state(f"sqlite:///{tmp_path}/lived.db")
    lived.ledger.append([DRAFT])
    file = tmp_path / "brought" / "state.db"
    file.parent.mkdir()
    with closing(sqlite3.connect(tmp_path / "lived.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        lived.ledger.append([DRAFT])
        for end in ("", "-wal"):
            shutil.copy(tmp_path / f"lived.db{end}", f"{file}{end}")
    lived.close()
    return file


def writer(file: Path) -> str:
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as connection:
        return str(connection.execute("SELECT uuid FROM meta").fetchone()[0])


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_its_own_entries_are_counted_and_nothing_of_it_changes(brought: Path) -> None:
    before = contents(brought.parent)
    assert own_entries(brought, writer(brought)) == 2
    assert own_entries(brought, "another") == 0
    assert contents(brought.parent) == before


def test_none_has_no_entries(tmp_path: Path) -> None:
    assert own_entries(tmp_path / "state.db", "k-1") == 0


def test_a_kit_that_is_worked_with_meanwhile_is_not_called_damaged(tmp_path: Path) -> None:
    url, done = f"sqlite:///{tmp_path}/state.db", threading.Event()
    first = open_state(url)
    kit = first.uuid
    first.close()

    def work() -> None:
        while not done.is_set():
            state = open_state(url)
            state.ledger.append([DRAFT])
            state.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        counts = [own_entries(tmp_path / "state.db", kit) for _ in range(60)]
    finally:
        done.set()
        worker.join()
    assert counts == sorted(counts)


def drop_table(file: Path) -> None:
    Path(f"{file}-wal").unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("PRAGMA journal_mode = DELETE; PRAGMA foreign_keys = OFF; DROP TABLE ledger;")


def endless_view(file: Path) -> None:
    drop_table(file)
    with closing(sqlite3.connect(file)) as connection:
        rows = "WITH RECURSIVE rows(writer) AS (SELECT 'k-1' UNION ALL SELECT writer FROM rows)"
        connection.execute(f"CREATE VIEW ledger AS {rows} SELECT writer FROM rows")


def link(file: Path) -> None:
    file.rename(file.with_name("elsewhere.db"))
    file.symlink_to("elsewhere.db")


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b"no database at all"),
        lambda file: file.write_bytes(file.read_bytes()[:100] + os.urandom(4000)),
        lambda file: file.write_bytes(b""),
        drop_table,
        endless_view,
        link,
        pipe,
    ],
)
@pytest.mark.timeout(20)
def test_whatever_is_wrong_with_it_it_is_damaged(brought: Path, damage: Callable[[Path], object]) -> None:
    damage(brought)
    with pytest.raises(ValueError, match=r"work/state\.db "):
        own_entries(brought, "k-1")
