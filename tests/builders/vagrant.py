"""The virtual machines of `vagrant/`, through `scripts/vms`: one at a time runs, is asked, is cut, is started again."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import testinfra
from testinfra.host import Host

from tests.builders.vm_images import ImageWorks

REPOSITORY = Path(__file__).parents[2]

SSH = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR")
BOOT_S = 900.0
"""A loaded machine without KVM takes its time."""


def lacking() -> str:
    """Return why no virtual machines can run here; empty if they can."""
    missing = [
        name for name in ("vagrant", "qemu-system-x86_64", "virsh", "mmdebstrap", "rauc") if not shutil.which(name)
    ]
    return f"{', '.join(missing)} not installed: 'scripts/setup vm'" if missing else ""


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """Serve a folder's files on 127.0.0.1; yields the port."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *words: Any) -> None:
            super().__init__(*words, directory=str(folder))

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@dataclass(frozen=True)
class Ended:
    """What a command on a machine ended with."""

    code: int
    out: str
    err: str


@dataclass
class Machines:
    """The machines of one home.

    Attributes:
        home: folder of keys, boxes, disks and consoles.
        first_port: on 127.0.0.1, of the SSH servers.
        works: makes what the boxes hold.
    """

    home: Path
    first_port: int
    works: ImageWorks
    ports: dict[str, int] = field(default_factory=dict)

    def tool(self, *words: str, timeout_s: float = 1800.0) -> str:
        """Run `scripts/vms`; returns what it printed."""
        environment = {**os.environ, "FLEET_VM_HOME": str(self.home), "FLEET_VM_PORT": str(self.first_port)}
        ran = subprocess.run(
            [REPOSITORY / "scripts/vms", *words], env=environment, capture_output=True, text=True, timeout=timeout_s
        )
        assert ran.returncode == 0, f"{words}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}"
        return ran.stdout

    def run_only(self, name: str) -> None:
        """Let a machine run that has its system, and wait until it has settled; no other one runs beside it."""
        self.up_only(name)
        self.wait_settled(name)

    def up_only(self, name: str) -> None:
        """Let a machine run: its box is made and it is brought up, if it never was; no other one runs beside it."""
        running = self._known("--state-running")
        for other in running - {name}:
            self.cut(other)
        if name not in self._known("--all"):
            self._make_box(name)
            self.tool("vagrant", "up", name)
        elif name not in running:
            self.power_on(name)
        told = self.ways(name)
        words = dict(line.split(None, 1) for line in told.splitlines() if line.startswith("  "))
        self.ports[name] = int(words["Port"])

    def ways(self, name: str) -> str:
        """Return what `vagrant ssh-config` says of a machine."""
        return self.tool("vagrant", "ssh-config", name)

    def host(self, name: str) -> Host:
        """Return a machine as testinfra sees it, which knows nothing of fleetctl."""
        return testinfra.get_host(
            f"ssh://fleet@127.0.0.1:{self.ports[name]}?sudo=true&timeout=60",
            ssh_identity_file=str(self.home / "key"),
            ssh_extra_args=" ".join(self._options),
        )

    @property
    def _options(self) -> list[str]:
        """Return options of ssh. Commands share a connection: a new one takes two seconds without KVM."""
        shared = ["ControlMaster=auto", f"ControlPath={self.home}/ssh-%p", "ControlPersist=300"]
        alive = ["ConnectTimeout=20", "ServerAliveInterval=10", "ServerAliveCountMax=3"]
        return [*SSH, *(word for option in (*shared, *alive) for word in ("-o", option))]

    def _hang_up(self, name: str) -> None:
        """End the connection that commands share, before the machine goes down."""
        if port := self.ports.get(name):
            words = ["ssh", *self._options, "-O", "exit", "-p", str(port), "fleet@127.0.0.1"]
            subprocess.run(words, capture_output=True)

    def _make_box(self, name: str) -> None:
        made = self.home / f"{name}.box-made"
        if not made.exists():
            self.tool(*(["blank"] if name == "blank" else ["box", str(self.works.first(name))]))
            made.touch()

    def _known(self, which: str) -> set[str]:
        return {line.removeprefix("vagrant_") for line in self.tool("virsh", "list", "--name", which).split()}

    def run(self, name: str, command: str, *, timeout_s: float = 900.0) -> Ended:
        """Run a command as root on a machine; code 255 means that it was not reached."""
        words = ["ssh", *self._options, "-i", str(self.home / "key"), "-p", str(self.ports[name])]
        asked = [*words, "fleet@127.0.0.1", f"sudo sh -c {shlex.quote(command)}"]
        try:
            ran = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return Ended(255, "", "timed out")
        return Ended(ran.returncode, ran.stdout.decode(errors="replace"), ran.stderr.decode(errors="replace"))

    def ask(self, name: str, command: str, *, timeout_s: float = 900.0) -> str:
        """Return what a command prints that has to succeed."""
        ended = self.run(name, command, timeout_s=timeout_s)
        assert ended.code == 0, f"{name}: {command}: {ended}"
        return ended.out.strip()

    def put(self, name: str, source: Path, there: str) -> None:
        """Copy a file onto a machine. It fetches the file in clear: SSH in software takes five times as long."""
        ours = "10.77.1.3" if name == "gateway" else "10.77.1.1"
        with served(source.parent) as port:
            fetch = f"busybox wget -q -O {there} http://{ours}:{port}/{source.name}"
            self.ask(name, f"{fetch} && sync -f {there}", timeout_s=900)

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
        self._hang_up(name)
        self.wait_settled(name, before)

    def cut(self, name: str) -> None:
        """Take the power away, at once."""
        self._hang_up(name)
        self.tool("virsh", "destroy", f"vagrant_{name}")

    def power_on(self, name: str) -> None:
        """Give the power back."""
        self.tool("virsh", "start", f"vagrant_{name}")

    def console(self, name: str) -> str:
        """Return what a machine printed on its serial port since it was switched on."""
        file = self.home / f"{name}.serial"
        return file.read_text(errors="replace") if file.exists() else ""

    def destroy(self) -> None:
        """Remove all machines, and end the daemon that ran them."""
        for name in self._known("--all"):
            self._hang_up(name)
            self.tool("vagrant", "destroy", "--force", name)
        self.tool("stop")
