"""A real PostgreSQL server for tests: on a Unix socket in a folder of its own, gone without a trace at the end.

The server refuses to run as root; then it runs as an unprivileged user of this machine.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from select import select
from time import monotonic

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

USERS = ("postgres", "nobody")
START_S = 60.0
POLL_S = 0.05
INITDB = ("-A", "trust", "-N", "--no-instructions", "-E", "UTF8", "--locale=C")
UNSAFE_BUT_FAST = ("fsync=off", "full_page_writes=off", "max_connections=40", "shared_buffers=16MB", "jit=off")


class Server:
    """A server that can be stopped; every test gets a schema of its own, which costs a hundredth of a database."""

    def __init__(self, folder: Path, command: Sequence[str | Path]) -> None:
        self.folder = folder
        self._command = command
        self._url = f"postgresql+psycopg://fleet@/postgres?host={folder}"
        self._names = (f"test{number}" for number in count(1))
        self._process: subprocess.Popen[bytes] | None = None

    def new_database(self) -> str:
        """Create an empty schema and return a URL whose connections see nothing else."""
        name = next(self._names)
        self._run(f"CREATE SCHEMA {name}")
        return f"{self._url}&options=-csearch_path%3D{name}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self.folder)
        until = monotonic() + START_S
        while self._process.poll() is None and monotonic() < until:
            try:
                return self._run("SELECT 1")
            except OperationalError:
                select([], [], [], POLL_S)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        """Stop it: every connection is ended, and what was not committed is undone."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(60)

    def kill(self) -> None:
        """Let it die as with the power: nobody is told, and its next start has to recover what was committed."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGQUIT)
            process.wait(60)

    def restart(self) -> None:
        self.stop()
        self.start()

    def cut(self) -> None:
        """End every connection but our own, whatever it is in the middle of; new ones are welcome."""
        self._run("SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE application_name = 'fleetctl'")

    def _run(self, statement: str) -> None:
        engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(statement)
        finally:
            engine.dispose()


def programs() -> Path | None:
    """Return the folder with the server's programs, or None if this machine has none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path else None


@contextmanager
def running(bin_folder: Path) -> Iterator[Server]:
    """Run a server for the length of a block."""
    with tempfile.TemporaryDirectory(dir=_memory(), prefix="fleet-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        as_user = _give_away(folder)
        data = folder / "data"
        initdb = [*as_user, bin_folder / "initdb", "-D", data, "-U", "fleet", *INITDB]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder)
        options = [word for option in UNSAFE_BUT_FAST for word in ("-c", option)]
        listening: list[str | Path] = ["-c", "listen_addresses=", "-k", folder]
        server = Server(folder, [*as_user, bin_folder / "postgres", "-D", data, *listening, *options])
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _memory() -> str | None:
    """Return a folder in memory, if there is one: a server that is thrown away need not wait for a disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _give_away(folder: Path) -> list[str | Path]:
    """Return what runs a command as a user that the server accepts, who gets the folder.

    The server ends with this process, whatever ends that.
    """
    with_us: list[str | Path] = ["setpriv", "--pdeathsig=INT"]
    if os.geteuid() != 0:
        return with_us
    user = next(pwd.getpwnam(name) for name in USERS if _exists(name))
    os.chown(folder, user.pw_uid, user.pw_gid)
    return [*with_us, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _exists(name: str) -> bool:
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False
