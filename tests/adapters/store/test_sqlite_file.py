"""The state's file: private, created whole, and never touched if it is something else."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from fleetctl.adapters.store import engine, migrations, sqlite_file
from fleetctl.adapters.store.sqlite_file import file_system, refuse_network
from fleetctl.adapters.store.state import open_state
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.core.route import Way

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
35 22 0:31 / /home rw shared:2 master:1 - nfs4 server:/home rw,vers=4.2
36 22 0:32 / /mnt/with\\040space rw - cifs //server/share rw
"""


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def create(path: Path) -> None:
    open_state(url(path)).close()


def test_the_file_and_its_folder_are_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.db"
    state = open_state(url(path))
    state.units.set_ways({})
    modes = {file.name: mode(file) for file in path.parent.iterdir()}
    state.close()
    assert mode(path.parent) == 0o700
    assert modes == {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}
    assert [file.name for file in path.parent.iterdir()] == ["state.db"]


def test_a_file_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    create(path)
    path.chmod(0o644)
    create(path)
    assert mode(path) == 0o600


@pytest.mark.parametrize(("name", "expected"), [(".fleetctl", 0o700), ("var", 0o755)])
def test_a_folder_that_was_there_is_closed_if_it_is_ours(tmp_path: Path, name: str, expected: int) -> None:
    folder = tmp_path / name
    folder.mkdir()
    folder.chmod(0o755)
    create(folder / "state.db")
    assert mode(folder) == expected


def test_a_writer_that_never_gets_its_turn_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.05)
    path = tmp_path / "state.db"
    state = open_state(url(path))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CouldNot, match=r"state\.db could not be used: database is locked"):
        state.units.set_ways({})
    assert state.units.ways() == {}, "a reader does not wait"
    other.close()
    state.units.set_ways({"s/r1": Way()})
    state.close()


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE schema_version (version INTEGER)")
    connection.close()


def newer(path: Path) -> None:
    create(path)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO schema_version VALUES (?, 'later')", (migrations.LATEST + 1,))
    connection.close()


def cut_off(path: Path) -> None:
    create(path)
    path.write_bytes(path.read_bytes()[:2000])


def not_a_state(path: Path) -> None:
    create(path)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE controller")
    connection.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b"api: fleetctl/v1\n" * 100), "is not an SQLite database"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (foreign, "is an SQLite database of something else"),
        (not_a_state, "is a database of something else"),
        (newer, "was written by a newer fleetctl"),
        (cut_off, "cannot be read as a state"),
    ],
    ids=["garbage", "empty", "foreign", "not-a-state", "newer", "cut-off"],
)
def test_what_is_not_a_state_is_refused_and_left_as_it_is(tmp_path: Path, make: object, said: str) -> None:
    path = tmp_path / "state.db"
    assert callable(make)
    make(path)
    before = path.read_bytes(), mode(path)
    with pytest.raises(InvalidInput, match=said) as refused:
        open_state(url(path))
    assert str(path) in str(refused.value)
    assert refused.value.problems[0].hint
    assert (path.read_bytes(), mode(path)) == before
    assert [file.name for file in tmp_path.iterdir()] == ["state.db"]


def test_a_folder_in_its_place_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CouldNot, match="Is a directory"):
        open_state(url(tmp_path))


@pytest.mark.parametrize(("device", "kind"), [((8, 1), "ext4"), ((0, 31), "nfs4"), ((0, 32), "cifs"), ((9, 9), "")])
def test_the_file_system_of_a_device(device: tuple[int, int], kind: str) -> None:
    assert file_system(os.makedev(*device), MOUNTS) == kind


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 {os.major(device)}:{os.minor(device)} / / rw - nfs4 server:/ rw\n")
    monkeypatch.setattr(sqlite_file, "_MOUNTS", mounts)
    with pytest.raises(CouldNot, match=r"network file system \(nfs4\)"):
        refuse_network(tmp_path)
    with pytest.raises(CouldNot, match="network file system"):
        open_state(url(tmp_path / "state.db"))
    assert not (tmp_path / "state.db").exists()


@pytest.mark.parametrize(
    "wrong", ["state.db", "mysql://u@h/d", "sqlite://", "sqlite:///:memory:", "nonsense://x", "postgresql:/"]
)
def test_a_url_that_names_no_state_is_refused(wrong: str) -> None:
    with pytest.raises((InvalidInput, CouldNot)) as refused:
        open_state(wrong)
    assert refused.type is InvalidInput or wrong.startswith("postgresql")


def test_a_password_is_not_shown() -> None:
    with pytest.raises(CouldNot) as refused:
        open_state("postgresql://ada:hunter22@localhost:1/fleet")
    assert "localhost" in str(refused.value)
    assert "hunter22" not in str(refused.value)
