"""Who keeps a state file locked is named, with the next step; above all a controller stopped inside a transaction."""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.adapters.store import engine
from fleetctl.adapters.store.sqlite_holder import Holder, holder_of, writers
from fleetctl.adapters.store.state import open_state
from fleetctl.core.problems import CouldNot

ROOT = Path(__file__).parents[3]
LOCKS = """\
1: FLOCK  ADVISORY  WRITE 11 fe:00:77 0 EOF
2: POSIX  ADVISORY  READ 12 fe:00:77 123 123
3: POSIX  ADVISORY  WRITE 13 fe:00:77 120 120
3: -> POSIX  ADVISORY  WRITE 14 fe:00:77 120 120
4: POSIX  ADVISORY  WRITE 15 fe:00:78 120 120
5: POSIX  ADVISORY  WRITE 16 fe:00:77 1073741824 1073741825
6: POSIX  ADVISORY  WRITE 17 fe:00:77 121 121
7: OFDLCK ADVISORY  WRITE -1 fe:00:77 120 120
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture
def stopped(url: str) -> Iterator[subprocess.Popen[str]]:
    """Return a process that stopped itself while it had the lock of a writer."""
    command = [sys.executable, "-m", "tests.builders.store_process", url, "stop", "controller"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        yield process
        process.kill()


def test_a_controller_stopped_inside_a_transaction_is_named_with_the_next_step(
    url: str, stopped: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.05)
    state = open_state(url)
    with pytest.raises(CouldNot) as refused:
        state.units.set_ways({})
    said, hint, pid = str(refused.value), refused.value.hint, stopped.pid
    assert "state.db could not be used: database is locked" in said
    assert f"process {pid} of {getpass.getuser()} is stopped and holds it ({sys.executable} -m" in said
    assert f"'kill -CONT {pid}'" in hint
    assert f"'kill -KILL {pid}'" in hint
    os.kill(pid, signal.SIGKILL)
    stopped.wait()
    state.units.set_ways({})
    assert holder_of(Path(url.removeprefix("sqlite:///"))) is None
    state.close()


def test_only_locks_that_keep_writers_away_count() -> None:
    assert list(writers(LOCKS, "fe:00:77")) == [13, 17]
    assert list(writers("", "fe:00:77")) == []


def test_one_that_works_is_waited_for() -> None:
    holder = Holder(42, "ada", stopped=False, command="fleetctl apply")
    assert str(holder) == "process 42 of ada holds it (fleetctl apply)"
    assert holder.cure.startswith("wait for it and try again; if it hangs, end it with 'kill 42'")


def test_where_nothing_is_known_nobody_is_named(tmp_path: Path) -> None:
    assert holder_of(tmp_path / "state.db") is None
