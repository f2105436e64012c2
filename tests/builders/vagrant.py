"""The virtual machines of `vagrant/`, through `scripts/vms`: brought up once, run commands on, cut, started again."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

SSH = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR")
BOOT_S = 300.0
"""A loaded machine without KVM takes its time."""


def lacking() -> str:
    """Return why no virtual machines can run here; empty if they can."""
    missing = [
        name for name in ("vagrant", "qemu-system-x86_64", "virsh", "mmdebstrap", "rauc") if not shutil.which(name)
    ]
    return f"{', '.join(missing)} not installed: 'scripts/setup vm'" if missing else ""


@dataclass(frozen=True)
class Ended:
    """What a command on a machine ended with."""

    code: int
    out: str
    err: str


@dataclass
class Machines:
    """The machines of one home."""

    home: Path
    ports: dict[str, int] = field(default_factory=dict)

    def tool(self, *words: str, timeout_s: float = 900.0) -> str:
        """Run `scripts/vms`; returns what it printed."""
        environment = {**os.environ, "FLEET_VM_HOME": str(self.home)}
        ran = subprocess.run(
            [REPOSITORY / "scripts/vms", *words], env=environment, capture_output=True, text=True, timeout=timeout_s
        )
        assert ran.returncode == 0, f"{words}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}"
        return ran.stdout

    def up(self, *names: str) -> None:
        """Bring machines up, and read where their SSH servers are."""
        self.tool("vagrant", "up", *names)
        self.read_ports(*names)

    def read_ports(self, *names: str) -> None:
        """Ask vagrant where machines are reached."""
        for name in names:
            told = self.tool("vagrant", "ssh-config", name)
            words = dict(line.split(None, 1) for line in told.splitlines() if line.startswith("  "))
            self.ports[name] = int(words["Port"])

    def run(self, name: str, command: str, *, given: bytes | None = None, timeout_s: float = 180.0) -> Ended:
        """Run a command as root on a machine; code 255 means that it was not reached."""
        words = ["ssh", *SSH, "-i", str(self.home / "key"), "-p", str(self.ports[name]), "-o", "ConnectTimeout=20"]
        asked = [*words, "fleet@127.0.0.1", f"sudo sh -c {shlex.quote(command)}"]
        try:
            ran = subprocess.run(asked, input=given, capture_output=True, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return Ended(255, "", "timed out")
        return Ended(ran.returncode, ran.stdout.decode(errors="replace"), ran.stderr.decode(errors="replace"))

    def ask(self, name: str, command: str, *, timeout_s: float = 180.0) -> str:
        """Return what a command prints that has to succeed."""
        ended = self.run(name, command, timeout_s=timeout_s)
        assert ended.code == 0, f"{name}: {command}: {ended}"
        return ended.out.strip()

    def put(self, name: str, source: Path, there: str) -> None:
        """Copy a file onto a machine."""
        with source.open("rb") as file:
            words = ["ssh", *SSH, "-i", str(self.home / "key"), "-p", str(self.ports[name])]
            asked = [*words, "-c", "aes128-ctr", "fleet@127.0.0.1", f"sudo sh -c 'cat > {there} && sync -f {there}'"]
            subprocess.run(asked, stdin=file, check=True, timeout=300)

    def boot_id(self, name: str) -> str:
        """Return which boot a machine is in; empty if it is not reached."""
        return self.run(name, "cat /proc/sys/kernel/random/boot_id", timeout_s=30).out.strip()

    def wait_until(self, name: str, command: str, seconds: float = BOOT_S) -> None:
        """Wait until a command succeeds on a machine."""
        deadline = time.monotonic() + seconds
        while (ended := self.run(name, command, timeout_s=60)).code != 0:
            assert time.monotonic() < deadline, f"{name}: {command}: {ended}\n{self.console(name)[-1500:]}"
            time.sleep(1.0)

    def wait_settled(self, name: str, before: str = "") -> None:
        """Wait until a machine is in another boot than `before`, and has marked its slot or given it up."""
        self.wait_until(name, f'[ "$(cat /proc/sys/kernel/random/boot_id)" != "{before}" ]')
        self.wait_until(name, "systemctl is-active fleet-good.service || systemctl is-failed fleet-good.service")

    def reboot(self, name: str) -> None:
        """Reboot, and wait until it has settled."""
        before = self.boot_id(name)
        self.run(name, "systemctl reboot", timeout_s=60)
        self.wait_settled(name, before)

    def cut(self, name: str) -> None:
        """Take the power away, at once."""
        self.tool("virsh", "destroy", f"vagrant_{name}")

    def power_on(self, name: str) -> None:
        """Give the power back."""
        self.tool("virsh", "start", f"vagrant_{name}")

    def console(self, name: str) -> str:
        """Return what a machine printed on its serial port since it was switched on."""
        file = self.home / f"{name}.serial"
        return file.read_text(errors="replace") if file.exists() else ""

    def destroy(self, names: Sequence[str]) -> None:
        """Remove machines, and end the daemon that ran them."""
        for name in names:
            self.tool("vagrant", "destroy", "--force", name)
        self.tool("stop")
