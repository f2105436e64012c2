"""Master connections of OpenSSH: one to each gateway, started and ended by us, shared by every unit behind it.

A master that cannot be started is no failure here: each unit's own connection then meets the same obstacle and says so.
One that this process leaves behind (it was killed) ends by itself when nobody has used it for a while.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from types import TracebackType

from fleetctl.adapters.ssh.openssh import CONNECT_TIMEOUT_S, control_path, write_ssh_config
from fleetctl.core.route import Hop, Route

IDLE_S = 120
"""An unused master ends by itself after this time."""
KEPT_CONFIGS = 16
"""Runs in progress still read the configurations of their batches; older ones are removed."""


class MasterConnections:
    """The masters of one process, and the configurations that use them. Ends them all on the way out."""

    def __init__(self, *, environment: Mapping[str, str] | None = None) -> None:
        """Make a short, private folder for the sockets.

        Args:
            environment: added to the environment of the masters, so that a successor finds what a killed process left.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="fc-", dir=_short_folder()))
        self._environment = {**os.environ, **(environment or {})}
        self._lock = Lock()
        self._masters: dict[str, tuple[Hop, Path]] = {}
        self._configs: list[Path] = []

    def __enter__(self) -> MasterConnections:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def config(self, routes: Sequence[Route]) -> Path:
        """Return a configuration for `ssh -F` in which units share their gateway's master, which is running now."""
        digest = hashlib.sha256(repr(routes).encode()).hexdigest()[:16]
        folder = self.folder / digest
        with self._lock:
            folder.mkdir(mode=0o700, exist_ok=True)
            file = write_ssh_config(routes, folder, masters=self.folder)
            self._keep(folder)
            self._start([route.gateway for route in routes if route.gateway is not None], file)
        return file

    def command(self, route: Route) -> Sequence[str]:
        """Return the client's command line for one command on a gateway, over its master, which is running now.

        What is sent so goes over the connection that the gateway's units share. A unit that is reached directly gets a
        master likewise.
        """
        file, hop = self.config([route]), route.hops[0]
        with self._lock:
            self._start([hop], file)
        master = ["-S", str(control_path(self.folder, hop))] if route.gateway is None else []
        return ["ssh", "-F", str(file), *master, route.target.alias]

    @property
    def environment(self) -> Mapping[str, str]:
        """Return the environment that every client is given."""
        return self._environment

    def close(self) -> None:
        """End every master and remove the folder."""
        with self._lock:
            for hop, config in self._masters.values():
                _ssh(config, ["-S", str(control_path(self.folder, hop)), "-O", "exit", hop.alias], self._environment)
            self._masters.clear()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _keep(self, folder: Path) -> None:
        self._configs = [kept for kept in self._configs if kept != folder] + [folder]
        for old in self._configs[:-KEPT_CONFIGS]:
            shutil.rmtree(old, ignore_errors=True)
        del self._configs[:-KEPT_CONFIGS]

    def _start(self, gateways: Sequence[Hop], config: Path) -> None:
        wanted = {hop.alias: hop for hop in gateways if not control_path(self.folder, hop).exists()}
        self._masters |= {alias: (hop, config) for alias, hop in wanted.items()}
        if wanted:
            with ThreadPoolExecutor(max_workers=min(8, len(wanted))) as pool:
                list(pool.map(lambda hop: self._start_one(hop, config), wanted.values()))

    def _start_one(self, hop: Hop, config: Path) -> None:
        socket = str(control_path(self.folder, hop))
        _ssh(config, ["-M", "-S", socket, "-N", "-f", "-o", f"ControlPersist={IDLE_S}", hop.alias], self._environment)


def _short_folder() -> str | None:
    """Return a private folder on a tmpfs, if this user has one; a socket's path must be short."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return runtime if len(runtime) < 40 and os.access(runtime, os.W_OK) else None


def _ssh(config: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the client; its descendants keep its streams, so these lead nowhere."""
    try:
        done = subprocess.run(
            ["ssh", "-F", str(config), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=2 * CONNECT_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return 255
    return done.returncode
