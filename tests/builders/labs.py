"""Real labs for tests: bring one up, run commands on its units over strict SSH, see what it left."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from fleetctl.adapters.ssh.openssh import write_ssh_config
from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.problems import CouldNot
from fleetctl.core.routes import route_to
from fleetctl.lab import lab
from fleetctl.lab.faults import NO_DETAIL, Detail
from fleetctl.lab.layout import USUAL_WEATHER, Level, Weather
from fleetctl.lab.observed import Observed


@dataclass(frozen=True)
class Lab:
    """A lab that is up, and the way into it."""

    fleet: Fleet
    path: Path
    up: lab.Up
    ssh_config: Path

    def run(
        self, unit: str, command: str, *, given: bytes = b"", timeout_s: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a unit, over SSH, with the pinned host keys."""
        argv = ["ssh", "-F", str(self.ssh_config), self.fleet.by_name[unit].alias, command]
        result = subprocess.run(argv, input=given, capture_output=True, timeout=timeout_s)
        return subprocess.CompletedProcess(argv, result.returncode, result.stdout.decode(), result.stderr.decode())

    def ask(self, unit: str, command: str) -> str:
        """Return what a command printed; it has to succeed."""
        result = self.run(unit, command)
        assert result.returncode == 0, f"{command}: {result.stderr}"
        return result.stdout.strip()

    def answers(self, unit: str, within_s: float = 30.0) -> bool:
        """Say whether a unit lets us in."""
        try:
            return self.run(unit, "true", timeout_s=within_s).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def fault(self, unit: str, name: str, detail: Detail = NO_DETAIL) -> str:
        """Do something to a unit."""
        return lab.fault(self.path, unit, name, detail)

    def phase(self, unit: str) -> str:
        """Return what the supervisor knows of a unit: off, booting, up or good."""
        return str(next(u for u in lab.status(self.path)["units"] if u["unit"] == unit)["phase"])

    def observed(self) -> Observed:
        """Return what the lab's own record comes to, up to now."""
        return lab.observe(self.path)

    def boots(self, unit: str) -> int:
        """Return how often a unit was booted."""
        return int(next(u for u in lab.status(self.path)["units"] if u["unit"] == unit)["boots"])

    def reboot(self, unit: str) -> None:
        """Reboot a unit and wait until it has marked its slot good."""
        before = self.boots(unit)
        self.run(unit, "reboot")
        wait_until(lambda: self.boots(unit) > before and self.phase(unit) == "good", f"{unit} is back")


@contextmanager
def a_lab(fleet: Fleet, path: Path, level: Level, weather: Weather = USUAL_WEATHER, keyring: str = "") -> Iterator[Lab]:
    """Bring a lab up and take it down; skips where the level does not work."""
    try:
        up = lab.up(fleet, path, level=level, weather=weather, keyring=keyring)
    except CouldNot as failure:
        pytest.skip(f"this machine has no level {level.value}: {failure}")
    try:
        folder = path.with_name("ssh")
        folder.mkdir(exist_ok=True)
        pins = {unit: (pin,) for unit, pin in up.pins.items()}
        routes = [route_to(fleet, unit, pins, up.ways, path) for unit in fleet.units()]
        config = write_ssh_config(routes, folder)
        # The post-quantum exchange of the gateway's hop costs a tenth of a second of CPU each time.
        config.write_text(f"Host *\n  KexAlgorithms curve25519-sha256\n{config.read_text()}")
        made = Lab(fleet, path, up, config)
        wait_until(lambda: all(u["phase"] == "good" for u in lab.status(path)["units"]), "all units are good")
        yield made
    finally:
        lab.down(path)


def wait_until(is_so: Callable[[], bool], what: str, within_s: float = 60.0) -> None:
    """Poll until something is so."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"it did not come about that {what}"
        time.sleep(0.02)


def traces(path: Path) -> list[str]:
    """Return what shows that a lab was at `path`: processes, mounts, sockets, files."""
    found = [f"process {pid}: {line}" for pid, line in _command_lines() if str(path) in line]
    found += [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(path) in line]
    found += [str(p) for p in Path("/run/netns").glob("*")] if Path("/run/netns").exists() else []
    return found + ([str(path)] if path.exists() else [])


def _command_lines() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
