"""Virtual machines for the tests of the third tier: each process has its own, images are made once for all.

The tests of a file share a machine, so a file is one process's. A process lets one machine run at a time: there are as
many at once as there are processes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.vagrant import Machines, lacking
from tests.builders.vm_images import ImageWorks

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "fleetctl/images"
FIRST_PORT, PORTS_EACH = 2301, 10
LONGEST_S = 3600.0
"""A test with its images, on a busy machine, the first time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs virtual machines where there can be none, and give time to the others."""
    reason = lacking()
    for item in items:
        if item.get_closest_marker("vm"):
            item.add_marker(pytest.mark.skip(reason=reason) if reason else pytest.mark.timeout(LONGEST_S))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what passed tests measured: a figure is read by people, and fails no test on a busy machine."""
    for report in terminalreporter.getreports("passed"):
        for _, figure in report.user_properties:
            terminalreporter.write_line(f"measured: {figure}")


@pytest.fixture(scope="session")
def shared(testrun_uid: str) -> Iterator[Path]:
    """Return a folder for all processes of this run; the last one to end removes it.

    FLEET_VM_HOME names one to keep, machines and all, for whoever works on these tests. The path is short: libvirt's
    sockets lie below it.
    """
    kept = os.environ.get("FLEET_VM_HOME")
    folder = Path(kept or f"/var/tmp/fleet-vms-{testrun_uid[:6]}")
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (folder / "used").open("w") as used:
        fcntl.flock(used, fcntl.LOCK_SH)
        yield folder
        if not kept and _is_last(used.fileno()):
            shutil.rmtree(folder, ignore_errors=True)


def _is_last(used: int) -> bool:
    try:
        fcntl.flock(used, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@pytest.fixture(scope="session")
def works(shared: Path) -> ImageWorks:
    """Return what builds images, each once for all processes; packages stay in the user's cache."""
    (shared / "images").mkdir(exist_ok=True)
    return ImageWorks(shared / "images", CACHE)


@pytest.fixture(scope="session")
def machines(shared: Path, works: ImageWorks, worker_id: str) -> Iterator[Machines]:
    """Return this process's machines, none of which runs yet."""
    home = shared / worker_id
    home.mkdir(mode=0o755, exist_ok=True)
    for key in (works.login, works.login.with_suffix(".pub")):
        shutil.copy(key, home)
    number = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    made = Machines(home, FIRST_PORT + PORTS_EACH * number, works)
    try:
        yield made
    finally:
        if "FLEET_VM_HOME" not in os.environ:
            made.destroy()
