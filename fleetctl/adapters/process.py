"""Processes of this machine, by what Linux says in `/proc`. Fills the port `Processes`.

A process is named by its number and its start, for numbers come back. What a run started is found by a marker in the
environment: ansible-runner gives ansible-playbook a session of its own, so process groups and parents lead nowhere.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from fleetctl.adapters.clock import boot_id
from fleetctl.core.problems import CouldNot
from fleetctl.ports import Process

VARIABLE = "FLEETCTL_RUN"
GRACE_S = 2.0
"""How long a process may take to end by itself after SIGTERM."""
KILL_S = 10.0
"""How long the kernel may take to end a killed process."""

_PROC = Path("/proc")
_STATE, _START = 0, 19
"""Fields of `/proc/PID/stat` after the command's name (proc(5): fields 3 and 22)."""


class LocalProcesses:
    """Looks at processes, and ends those that carry a marker."""

    def me(self) -> Process:
        """Return this process."""
        return Process(os.getpid(), _mark(os.getpid()))

    def is_alive(self, process: Process) -> bool:
        """Say whether that very process still exists, running or stopped."""
        return bool(process.mark) and _mark(process.pid) == process.mark

    def end_marked(self, marker: str) -> int:
        """End every process of this user whose environment has `FLEETCTL_RUN=marker`, and wait for it.

        What carries `marker:PART` belongs to it and is ended too.

        Returns:
            How many there were.

        Raises:
            CouldNot: if one does not end, even killed.
        """
        ended = 0
        while found := _open_marked(marker):
            try:
                _end(found)
            finally:
                for handle in found.values():
                    os.close(handle)
            ended += len(found)
        return ended


def _end(handles: Mapping[int, int]) -> None:
    """End processes, given by number and handle: ask, and kill what does not listen or is stopped."""
    for pid, handle in handles.items():
        _signal(handle, signal.SIGKILL if _state(pid) in {"T", "t"} else signal.SIGTERM)
    stubborn = _wait(handles, GRACE_S)
    for handle in stubborn.values():
        _signal(handle, signal.SIGKILL)
    immortal = _wait(stubborn, KILL_S)
    if immortal:
        pids = ", ".join(str(pid) for pid in immortal)
        raise CouldNot(
            f"process {pids} does not end, even killed", hint="it may wait for a disk; see 'ps -o stat,wchan'"
        )


def _wait(handles: Mapping[int, int], seconds: float) -> dict[int, int]:
    """Wait for the end of processes, and return those that have not ended in time."""
    left, until = dict(handles), time.monotonic() + seconds
    while left and (rest := until - time.monotonic()) > 0:
        poll = select.poll()
        for handle in left.values():
            poll.register(handle, select.POLLIN)
        gone = {handle for handle, _ in poll.poll(rest * 1000)}
        left = {pid: handle for pid, handle in left.items() if handle not in gone}
    return left


def _signal(handle: int, number: signal.Signals) -> None:
    try:
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return


def _open_marked(marker: str) -> dict[int, int]:
    """Return handles of marked processes by their numbers; a handle never means a later process of that number."""
    wanted = f"{VARIABLE}={marker}:".encode()
    found = {}
    for pid in _of_this_user():
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            continue
        if any((entry + b":").startswith(wanted) for entry in _environment(pid)):
            found[pid] = handle
        else:
            os.close(handle)
    return found


def _of_this_user() -> Iterator[int]:
    me, user = os.getpid(), os.geteuid()
    for entry in os.scandir(_PROC):
        if entry.name.isdecimal() and int(entry.name) != me and _owner(entry) == user:
            yield int(entry.name)


def _owner(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat().st_uid
    except OSError:
        return None


def _environment(pid: int) -> list[bytes]:
    """Return the environment that a process was started with; empty if it is gone, or a zombie."""
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _mark(pid: int) -> str:
    """Return what tells a process from a later one with the same number; empty if it has ended."""
    fields = _stat(pid)
    return f"{boot_id()}:{fields[_START]}" if fields and fields[_STATE] not in {"Z", "X"} else ""


def _state(pid: int) -> str:
    fields = _stat(pid)
    return fields[_STATE] if fields else ""


def _stat(pid: int) -> list[str]:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # a command's name may hold spaces and parentheses
