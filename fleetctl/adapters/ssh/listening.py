"""Lets machines behind gateways reach a port of this machine: each gateway listens for it, over an SSH connection.

A gateway's sshd allows exactly one such place (`PermitListen` in its config). A connection that breaks is made again.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fleetctl.adapters.background import Background
from fleetctl.adapters.ssh.openssh import CONNECT_TIMEOUT_S
from fleetctl.core.problems import CouldNot

LOOK_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Listener:
    """A place on a gateway that leads here.

    Attributes:
        gateway: its name, for people.
        config, alias: for `ssh -F`.
        place: `ADDRESS:PORT`, where the gateway listens.
        port: of this machine's loopback, where it leads.
    """

    gateway: str
    config: Path
    alias: str
    place: str
    port: int


@contextmanager
def listening(
    listeners: Sequence[Listener], environment: Mapping[str, str], say: Callable[[str], None]
) -> Iterator[None]:
    """Keep gateways listening for the length of a block.

    Args:
        listeners: where.
        environment: added to that of the clients, so that what a killed process left can be found and ended.
        say: is told when a connection is gone, once until it is back.

    Raises:
        CouldNot: if a gateway does not listen from the start; says why.
    """
    with ExitStack() as stack:
        sockets = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fl-")))
        clients = [_Client(each, sockets / str(number), environment) for number, each in enumerate(listeners)]
        for client in clients:
            stack.callback(client.end)
        _mend(clients)
        watcher = Background("gateways", lambda: _mend(clients), say, retry_s=LOOK_EVERY_S)
        watcher.start()
        stack.callback(watcher.close, LOOK_EVERY_S)
        yield


class _Client:
    """An SSH client in the background, steered through its control socket."""

    def __init__(self, listener: Listener, socket: Path, environment: Mapping[str, str]) -> None:
        self._to, self._socket, self._environment = listener, socket, {**os.environ, **environment}

    def is_there(self) -> bool:
        """Say whether the connection stands."""
        return self._ssh("-O", "check")[0] == 0

    def start(self) -> None:
        """Connect; the client goes into the background when the gateway listens, and not before."""
        where = f"{self._to.place}:127.0.0.1:{self._to.port}"
        code, said = self._ssh("-M", "-f", "-N", "-o", "ExitOnForwardFailure=yes", "-R", where)
        if code == 0:
            code, said = self._reach()
        if code != 0:
            self.end()
            hint = "its sshd config has to allow it: 'fleetctl plan' shows whether the gateway has the newest one"
            raise CouldNot(f"{self._to.gateway} does not listen at {self._to.place} for us: {said}", hint=hint)

    def _reach(self) -> tuple[int, str]:
        """Connect from the gateway to the place: an sshd may say yes, and listen at its loopback alone."""
        code, said = self._ssh("-W", self._to.place)
        return code, f"nothing answers there, for it listens elsewhere ({said})"

    def end(self) -> None:
        """Disconnect."""
        self._ssh("-O", "exit")

    def _ssh(self, *options: str) -> tuple[int, str]:
        """Run the client; returns its code and the last line of what it said."""
        command = ["ssh", "-F", str(self._to.config), "-S", str(self._socket), *options, self._to.alias]
        null = subprocess.DEVNULL
        with tempfile.TemporaryFile() as errors:  # a pipe would be held open by the client in the background
            try:
                code = subprocess.run(
                    command,
                    stdin=null,
                    stdout=null,
                    stderr=errors,
                    env=self._environment,
                    timeout=2 * CONNECT_TIMEOUT_S,
                ).returncode
            except subprocess.TimeoutExpired:
                return 255, "it took too long"
            errors.seek(0)
            lines = errors.read().decode(errors="replace").split("\n")
        return code, next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _mend(clients: Sequence[_Client]) -> float:
    """Connect whatever is not there; a gateway that is away keeps no other from being looked at."""
    troubles = []
    for client in clients:
        try:
            if not client.is_there():
                client.start()
        except CouldNot as trouble:
            troubles.append(trouble)
    if troubles:
        raise troubles[0]
    return LOOK_EVERY_S
