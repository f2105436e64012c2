"""Who keeps an SQLite state locked, by what Linux says in `/proc`: for one, a controller stopped inside a transaction.

Nothing is opened that SQLite has locks on: closing it would drop those of this process (sqlite.org/howtocorrupt, 2.2).
"""

from __future__ import annotations

import os
import pwd
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_WAL_LOCKS = range(120, 123)
"""Bytes of the `-shm` file that writers, checkpointers and recoverers lock (sqlite.org/walformat, 2.3)."""
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds the lock.

    Attributes:
        stopped: it does nothing until somebody lets it go on.
        command: with its arguments, shortened.
    """

    pid: int
    user: str
    stopped: bool
    command: str

    def __str__(self) -> str:
        """Return it in words."""
        stopped = " is stopped and" if self.stopped else ""
        return f"process {self.pid} of {self.user}{stopped} holds it ({self.command})"

    @property
    def cure(self) -> str:
        """Return the next step."""
        then = "what it had not written is undone, and the next controller goes on from there"
        if self.stopped:
            return f"let it go on with 'kill -CONT {self.pid}', or end it with 'kill -KILL {self.pid}': {then}"
        return f"wait for it and try again; if it hangs, end it with 'kill {self.pid}': {then}"


def holder_of(path: Path) -> Holder | None:
    """Return which other process keeps writers away from a state file; None if that cannot be told."""
    try:
        shared = path.with_name(f"{path.name}-shm").stat()
        locks = (_PROC / "locks").read_text(encoding="utf-8")
    except OSError:
        return None
    device = f"{os.major(shared.st_dev):02x}:{os.minor(shared.st_dev):02x}"
    others = (pid for pid in writers(locks, f"{device}:{shared.st_ino}") if pid not in {0, os.getpid()})
    return next((found for pid in others if (found := _seen(pid)) is not None), None)


def writers(locks: str, file: str) -> Iterator[int]:
    """Yield who holds a lock that writers need.

    Args:
        locks: text of `/proc/locks` (proc(5)).
        file: device and inode as they stand there.
    """
    for line in locks.splitlines():
        match line.split():
            case [_, "POSIX", _, "WRITE", pid, place, first, _] if place == file and int(first) in _WAL_LOCKS:
                yield int(pid)


def _seen(pid: int) -> Holder | None:
    folder = _PROC / str(pid)
    try:
        arguments = (folder / "cmdline").read_text(encoding="utf-8", errors="replace").rstrip("\0").split("\0")
        state = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
        user = folder.stat().st_uid
    except OSError:
        return None
    command = shlex.join(arguments)
    shown = command if len(command) <= _LONGEST else f"{command[:_LONGEST]}…"
    return Holder(pid, _name(user), state in {"T", "t"}, shown)


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
