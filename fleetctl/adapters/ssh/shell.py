"""Single commands on a unit and the host keys that it offers: what `unit show` and `unit adopt` need."""

from __future__ import annotations

from collections.abc import Sequence

from fleetctl.adapters.ssh.connection import INNER_KEX, Connection, Deadline
from fleetctl.adapters.ssh.failures import SshFailed, unreachable
from fleetctl.adapters.ssh.keys import Keys
from fleetctl.adapters.ssh.openssh import RSA_SIGNATURES
from fleetctl.adapters.ssh.reach import command_line, first_stream, gateway_of, open_behind, open_first
from fleetctl.core.route import Pin, Route

KEY_TYPES = (("ssh-ed25519",), ("ecdsa-sha2-nistp256",), RSA_SIGNATURES)
TIMEOUT_S = 60.0


class SshShell:
    """Fills the port `Shell`; see there."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        self._keys = Keys()
        self._timeout_s = timeout_s

    def execute(self, route: Route, argv: Sequence[str], stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        """Run a command on a unit; return its exit code and what it wrote."""
        deadline = Deadline(self._timeout_s)
        with gateway_of(route, self._keys, deadline) as gateway:
            if gateway is None:
                connection = open_first(route, self._keys, deadline)
            else:
                connection = open_behind(gateway, route.target, self._keys, deadline)
            with connection:
                return connection.run(command_line(route, argv), stdin, deadline)

    def offered_keys(self, route: Route) -> Sequence[Pin]:
        """Return the host keys that a unit proves to have, one connection for each type, without logging in to it."""
        deadline = Deadline(self._timeout_s)
        with gateway_of(route, self._keys, deadline) as gateway:
            offered = [self._offered(route, gateway, types, deadline) for types in KEY_TYPES]
        found = tuple(pin for pin in offered if pin is not None)
        if not found:
            raise unreachable(route.target, "it offers no host key of a known type")
        return found

    def _offered(
        self, route: Route, gateway: Connection | None, types: tuple[str, ...], deadline: Deadline
    ) -> Pin | None:
        """Return the key of one type, or None if the server has none."""
        if gateway is None:
            stream, dialled = first_stream(route, deadline)
            connection = Connection(stream, route.target, dialled)
        else:
            connection = Connection(gateway.forward(route.target, deadline), route.target)
        with connection:
            try:
                return connection.exchange(deadline, INNER_KEX, types)
            except SshFailed:
                return None
