"""One virtual machine that the real command line drives, by the fleet in `vagrant/fleet` and through its SSH port."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.builders.cli import Cli, Ran
from tests.builders.vagrant import REPOSITORY, Machines

ENDED_S = 3000.0
"""A rollout has ended by then on any machine that is worth a test."""


@dataclass(frozen=True)
class Driven:
    """A machine that was adopted, with signed releases for its kind.

    Attributes:
        name: of the machine, its unit and its kind alike.
    """

    name: str
    cli: Cli
    machines: Machines

    @property
    def unit(self) -> str:
        return f"vm/{self.name}"

    def release(self, version: str, breaks: str = "") -> Path:
        """Sign another release for the unit's channel, and return its bundle; see `ImageWorks.variant`."""
        works, compatible = self.machines.works, f"vm-{self.name}"
        bundle = works.variant(works.first(self.name), version, compatible=compatible, breaks=breaks)
        self.offer(bundle, version)
        return bundle

    def apply(self, *, code: int = 0) -> tuple[str, str]:
        """Roll out; returns the phase that the unit ends in, and the reason."""
        return self.outcome(self.cli.start("apply", self.unit, "--yes"), code=code)

    def outcome(self, process: subprocess.Popen[str], *, code: int = 0) -> tuple[str, str]:
        """Wait for a rollout's process; returns as `apply` does."""
        self.ended(process, code)
        (row,) = self.cli.json("rollout", "show", "last")["units"]
        return row["phase"], row["reason"]

    def ended(self, process: subprocess.Popen[str], code: int = 0) -> Ran:
        """Wait for a rollout's process and hold its exit code against `code`."""
        out, _ = process.communicate(timeout=ENDED_S)
        ran = Ran(process.returncode, out, "")
        assert ran.code == code, f"{ran}\n{self.machines.console(self.name)[-3000:]}"
        return ran

    def status(self) -> dict[str, Any]:
        """Return what the unit says of itself."""
        said: dict[str, Any] = json.loads(self.machines.ask(self.name, "fleet-unit status"))
        return said

    def offer(self, bundle: Path, version: str) -> None:
        """Sign a bundle as a release, and let its channel stand for it."""
        self.cli("release", "add", str(bundle))
        self.cli("release", "promote", f"vm-{self.name}-stable", version)


def adopted(name: str, machines: Machines) -> Driven:
    """Let a machine run, adopt it by what its console shows, and sign the release that it has."""
    machines.run_only(name)
    folder = machines.home / f"fleet-{name}"
    words = [sys.executable, str(REPOSITORY / "vagrant/inventory"), str(folder)]
    subprocess.run(words, input=machines.ways(name), text=True, check=True, timeout=600)
    made = Driven(name, Cli(folder, {"FLEETCTL_RELEASE_KEYS": str(machines.home / f"release-keys-{name}")}), machines)
    (folder / "releases").mkdir(exist_ok=True)
    (folder / "releases/keyring.pem").write_bytes(machines.works.keyring.read_bytes())
    if not (folder / "releases/metadata").exists():
        made.cli("release", "keys", "init")
        first = machines.works.first(name)
        made.offer(first / f"{first.name}.raucb", first.name)
    return made
