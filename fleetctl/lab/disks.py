"""A unit's disk, filled and emptied.

Where the disk is a folder of this machine's there is nothing to fill. There no file may grow instead that the unit's
sshd, or what it starts, writes to: the kernel refuses with EFBIG what a full disk refuses with ENOSPC.
"""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

from fleetctl.lab.machine import Machine
from fleetctl.lab.unit import processes
from fleetctl.lab.unit.settings import FULL


def fill(machine: Machine) -> str:
    """Leave no room on a unit's disk; return what was done.

    Raises:
        CouldNot: if its disk cannot be reached.
    """
    file = machine.disk / FULL
    if not machine.stand.settings.isolated:
        file.touch()  # its next boots see it
        _limit(machine, lambda _: 0)
        return "what comes over SSH can let no file grow, as on a full disk"
    written = 0
    with file.open("ab", buffering=0) as filling:
        for size in (1 << 20, 1 << 12):
            written += _write_until_full(filling.write, size)
    return f"{written >> 20} MiB written, the disk is full"


def free(machine: Machine) -> str:
    """Make room again; the same errors as `fill`."""
    (machine.disk / FULL).unlink(missing_ok=True)
    if not machine.stand.settings.isolated:
        _limit(machine, lambda most: most)
    return "the disk has room"


def _limit(machine: Machine, largest: Callable[[int], int]) -> None:
    """Set how large a file a unit's sshd and its descendants may write, from the most that they may have."""
    for pid in _reached_by_ssh(machine):
        with contextlib.suppress(ProcessLookupError):
            _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest(most), most))


def _reached_by_ssh(machine: Machine) -> Iterator[int]:
    """Yield each sshd of a unit before its descendants, so that what is started meanwhile inherits."""
    for pid in machine.members():
        with contextlib.suppress(OSError):
            if (Path("/proc") / str(pid) / "comm").read_text().startswith("sshd"):
                yield pid
                yield from processes.family(pid)


def _write_until_full(write: Callable[[bytes], int | None], size: int) -> int:
    block, written = b"\0" * size, 0
    while True:
        try:
            written += write(block) or 0
        except OSError:
            return written
