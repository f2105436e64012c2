"""Control groups: one for each lab, and in it one for each unit, which its systemd takes for the whole tree."""

from __future__ import annotations

import os
import time
from pathlib import Path

from fleetctl.core.problems import CouldNot
from fleetctl.lab.folder import Record


def of(record: Record) -> Path:
    """Return the folder of a lab's cgroup; it has the name of the folder of the lab's sockets, which no other lab has.

    Raises:
        CouldNot: if this machine has no second version of cgroups mounted.
    """
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, target, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(target) / Path(record.sockets).name
    raise CouldNot("cgroups (version 2) are mounted nowhere", hint="see 'man 7 cgroups'")


def remove(folder: Path, *, within_s: float) -> None:
    """Remove a cgroup with all below it; one is busy until the last process in it has been reaped.

    Raises:
        CouldNot: if it still is when the time is over.
    """
    deadline = time.monotonic() + within_s
    while folder.exists():
        failure = _remove_what_is_empty(folder)
        if failure is not None and time.monotonic() > deadline:
            raise CouldNot(f"{failure.filename}: {failure.strerror}", hint="end what runs there, and try again")
        time.sleep(0.02)


def _remove_what_is_empty(folder: Path) -> OSError | None:
    failure = None
    for path, _, _ in os.walk(folder, topdown=False):
        try:
            Path(path).rmdir()
        except OSError as error:
            failure = error
    return failure
