"""Real sshd processes on loopback, each with keys made for it: units, and gateways that forward to them."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from fleetctl.core.names import alias
from fleetctl.core.route import Hop, Pin, Route

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
DEADLINE_S = 60.0
RELAY = """
import os, select, socket, sys
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
while True:
    for ready in select.select([0, peer], [], [])[0]:
        data = os.read(0, 65536) if ready == 0 else peer.recv(65536)
        if not data:
            sys.exit()
        peer.sendall(data) if ready == 0 else os.write(1, data)
"""


@dataclass
class Server:
    """One sshd. `stop` and `start` cut it off and bring it back with whatever keys its folder holds then."""

    unit: str
    folder: Path
    port: int
    key_types: tuple[str, ...]
    client_key: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def pins(self) -> tuple[Pin, ...]:
        files = [self.folder / f"host_{kind}.pub" for kind in self.key_types]
        return tuple(Pin(*file.read_text().split()[:2]) for file in files)

    @property
    def hop(self) -> Hop:
        return Hop(
            unit=self.unit,
            alias=alias(self.unit),
            host="127.0.0.1",
            port=self.port,
            user=getpass.getuser(),
            identity_file=str(self.client_key),
            pins=self.pins,
        )

    def route(self, *, through: Server | None = None, pins: tuple[Pin, ...] | None = None) -> Route:
        hop = self.hop if pins is None else replace(self.hop, pins=pins)
        return Route((), (through.hop, hop) if through else (hop,))

    @property
    def dial(self) -> tuple[str, ...]:
        """Return a command that is a connection to this server."""
        return (sys.executable, "-IS", "-c", RELAY, str(self.port))

    def new_keys(self, *key_types: str) -> None:
        """Give the server other host keys; takes effect at the next start."""
        self.key_types = key_types or self.key_types
        for kind in self.key_types:
            make_key(self.folder / f"host_{kind}", kind)

    def start(self) -> None:
        (self.folder / "sshd_config").write_text(self._config())
        command = [SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        self._wait()

    def stop(self) -> None:
        """End the listener and every session of it."""
        if self.process is None:
            return
        for pid in [*descendants(self.process.pid), self.process.pid]:
            with suppress_gone():
                os.kill(pid, 9)
        self.process.wait()
        self.process = None

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Freeze the listener and every session of it for a while: it accepts, and says nothing."""
        assert self.process is not None
        pids = [self.process.pid, *descendants(self.process.pid)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress_gone():
                    os.kill(pid, signal.SIGCONT)

    def _config(self) -> str:
        keys = "".join(f"HostKey {self.folder}/host_{kind}\n" for kind in self.key_types)
        # With a shell level of its own, bash does not run the user's ~/.bashrc for a command that comes over SSH.
        environment = {"SHLVL": "1", **self.environment}
        pairs = " ".join(f'{name}="{value}"' for name, value in environment.items())
        return (
            f"{keys}Port {self.port}\nListenAddress 127.0.0.1\nPidFile none\nUsePAM no\nStrictModes no\n"
            f"AuthorizedKeysFile {self.client_key}.pub\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"AllowTcpForwarding yes\nPermitRootLogin yes\nMaxStartups 100\nLogLevel VERBOSE\n"
            f"SetEnv {pairs}\n"
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.01)
        raise AssertionError(f"sshd did not start: {(self.folder / 'log').read_text()}")


@dataclass
class Servers:
    """Makes servers in a folder and ends them all."""

    folder: Path
    running: list[Server] = field(default_factory=list)

    def start(
        self,
        unit: str,
        *key_types: str,
        environment: Mapping[str, str] | None = None,
    ) -> Server:
        folder = self.folder / alias(unit)
        folder.mkdir(parents=True)
        client_key = self.folder / "client"
        if not client_key.exists():
            make_key(client_key, "ed25519")
        server = Server(unit, folder, free_port(), key_types or ("ed25519",), client_key, environment or {})
        server.new_keys()
        self.running.append(server)
        server.start()
        return server


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Give a maker of servers; every one is ended afterwards."""
    Path("/run/sshd").mkdir(exist_ok=True) if os.geteuid() == 0 else None
    maker = Servers(folder)
    try:
        yield maker
    finally:
        for server in maker.running:
            server.stop()


def make_key(path: Path, kind: str) -> None:
    path.unlink(missing_ok=True)
    bits = ["-b", "2048"] if kind == "rsa" else []
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-C", "test", "-f", str(path)], check=True)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def descendants(pid: int) -> list[int]:
    """Return all descendants of a process, the deepest last."""
    try:
        direct = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):  # it has ended, at whatever moment
        return []
    return [each for child in direct for each in (child, *descendants(child))]


@contextmanager
def suppress_gone() -> Iterator[None]:
    try:
        yield
    except ProcessLookupError:
        return
