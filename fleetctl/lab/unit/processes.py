"""The descendants of a process, found in `/proc`; used where no namespace ends them with their unit."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path


def family(ancestor: int) -> list[int]:
    """Return the ids of all living descendants of a process, parents before children, without the process itself."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found = list(children.get(ancestor, []))
    for pid in found:  # grows while it is walked
        found += children.get(pid, [])
    return found


def end_family(ancestor: int) -> None:
    """Kill all descendants of a process. Each is stopped first, so that none has a child that goes unseen."""
    stopped: set[int] = set()
    while fresh := [pid for pid in family(ancestor) if pid not in stopped]:
        signal_all(fresh, signal.SIGSTOP)
        stopped.update(fresh)
    signal_all(stopped, signal.SIGKILL)


def signal_all(pids: Iterable[int], number: int) -> None:
    """Send a signal to processes; those that have ended meanwhile are passed over."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def holding(folder: Path) -> list[int]:
    """Return the processes, of those that may be looked at, whose unit's root or any open file lies in a folder."""
    return [int(e.name) for e in Path("/proc").iterdir() if e.name.isdigit() and _holds(e, str(folder))]


def started(pid: int) -> str | None:
    """Return a mark of a process that no later process with the same id has, or None if it has ended."""
    fields = _fields(Path("/proc") / str(pid))
    return None if fields is None or fields[0] == "Z" else fields[19]


def _holds(entry: Path, folder: str) -> bool:
    try:
        if f"FLEET_ROOT={folder}/".encode() in (entry / "environ").read_bytes():
            return True
        return any(str(link.readlink()).startswith(f"{folder}/") for link in (entry / "fd").iterdir())
    except OSError:  # somebody else's, or gone
        return False


def _parent(entry: Path) -> int | None:
    fields = _fields(entry)
    return None if fields is None or fields[0] == "Z" else int(fields[1])


def _fields(entry: Path) -> list[str] | None:
    """Return the fields of `/proc/PID/stat` from the state on; the name before it may hold anything."""
    try:
        return (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
