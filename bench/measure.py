"""Measures programs: CPU of a process and of everything it started, wall time, memory; medians, and pairs for ratios.

CPU seconds and ratios of alternating runs can be trusted on a busy machine, wall time only on an idle one.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_TAIL = 2000
"""Characters of a failed command's output that its error shows."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run cost.

    Attributes:
        wall_s: from start to end.
        cpu_s: user and system time, children included.
        rss_mb: largest resident set of any one process, in 10^6 bytes.
    """

    wall_s: float
    cpu_s: float
    rss_mb: float


@dataclass(frozen=True)
class Command:
    """A program to be measured.

    Attributes:
        argv: the program and its arguments.
        folder: to run it in.
        environment: added to this process's own.
        codes: exit codes that count as success.
        before: called before each run, and not measured.
    """

    argv: Sequence[str | Path]
    folder: Path | None = None
    environment: Mapping[str, str] | None = None
    codes: frozenset[int] = frozenset({0})
    before: Callable[[], None] = lambda: None


class RunFailed(Exception):
    """Raised when a measured program fails: a figure of a failure would be worth nothing."""


def once(command: Command) -> Usage:
    """Run a command and return what it cost, with whatever it left running in the background.

    Such leftovers (SSH's master connections) are ended when the command itself has ended, and counted.

    Raises:
        RunFailed: with the end of its output.
    """
    command.before()
    others = _children()
    with tempfile.TemporaryFile() as output:
        started_s = time.monotonic()
        process = subprocess.Popen(
            [str(word) for word in command.argv],
            cwd=command.folder,
            env={**os.environ, **(command.environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - started_s
        process.returncode = os.waitstatus_to_exitcode(status)
        usages = [used, *_leftovers(others)]
        if process.returncode not in command.codes:
            raise RunFailed(f"{process.args!r} ended with {process.returncode}: {_tail(output.fileno())}")
    return Usage(wall_s, sum(map(_cpu_s, usages)), max(u.ru_maxrss for u in usages) * 1024 / 1e6)


def in_turn(commands: Sequence[Command], runs: int) -> list[Usage]:
    """Run commands one after the other, and again, so that all see the same machine; return each one's median."""
    rounds = [[once(command) for command in commands] for _ in range(runs)]
    return [median(usages) for usages in zip(*rounds, strict=True)]


def median(usages: Sequence[Usage]) -> Usage:
    """Return the median of each quantity."""
    return Usage(
        statistics.median(usage.wall_s for usage in usages),
        statistics.median(usage.cpu_s for usage in usages),
        statistics.median(usage.rss_mb for usage in usages),
    )


@dataclass(slots=True)
class Stretch:
    """A measured stretch of this process; filled in at its end."""

    wall_s: float = 0.0
    cpu_s: float = 0.0


@contextmanager
def stretch() -> Iterator[Stretch]:
    """Measure a block: wall time, and CPU of this process with the children that ended in it."""
    measured = Stretch()
    wall_s, cpu_s = time.monotonic(), _own_cpu_s()
    try:
        yield measured
    finally:
        measured.wall_s = time.monotonic() - wall_s
        measured.cpu_s = _own_cpu_s() - cpu_s


def adopt_orphans() -> None:
    """Make this process the parent of whatever its children leave running, so that it can be ended and counted."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _leftovers(others: frozenset[int]) -> Iterator[resource.struct_rusage]:
    """End what a command left running and became this process's child; yield what it used."""
    while children := _children() - others:
        for pid in children:
            os.kill(pid, signal.SIGTERM)
        for pid in children:
            yield os.wait4(pid, 0)[2]


def _children() -> frozenset[int]:
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    return frozenset(int(pid) for pid in path.read_text().split())


def _cpu_s(used: resource.struct_rusage) -> float:
    return used.ru_utime + used.ru_stime


def _own_cpu_s() -> float:
    return sum(_cpu_s(resource.getrusage(who)) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _tail(output: int) -> str:
    os.lseek(output, 0, os.SEEK_SET)
    with open(output, encoding="utf-8", errors="replace", closefd=False) as file:
        return file.read()[-_TAIL:]
