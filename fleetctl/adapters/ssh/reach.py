"""Reach a unit hop by hop: a TCP connection or a dial command to the first, a forwarded stream to the one behind it."""

from __future__ import annotations

import contextlib
import shlex
import socket
import subprocess
from collections.abc import Iterator, Sequence

from fleetctl.adapters.ssh.connection import CONNECT_TIMEOUT_S, INNER_KEX, Connection, Deadline
from fleetctl.adapters.ssh.failures import SshFailed, gateway_down, unreachable
from fleetctl.adapters.ssh.keys import Keys
from fleetctl.core.route import Hop, Route

DialledStream = tuple[socket.socket, subprocess.Popen[bytes] | None]


def command_line(route: Route, argv: Sequence[str]) -> str:
    """Return a command as the unit's shell gets it."""
    return in_shell(argv, become=route.become)


def in_shell(argv: Sequence[str], *, become: bool) -> str:
    """Return a command as a shell gets it, through `sudo -n` if that is how one becomes root there."""
    return shlex.join(["sudo", "-n", *argv] if become else argv)


def open_first(route: Route, keys: Keys, deadline: Deadline) -> Connection:
    """Connect to the first hop of a route.

    Raises:
        SshFailed: with the cause.
    """
    hop = route.hops[0]
    credentials = keys.for_hop(hop)
    stream, dialled = first_stream(route, deadline)
    return Connection.open(stream, hop, credentials, deadline, dialled=dialled)


def open_behind(gateway: Connection, hop: Hop, keys: Keys, deadline: Deadline) -> Connection:
    """Connect to a hop through the one before it.

    Raises:
        SshFailed: with the cause.
    """
    credentials = keys.for_hop(hop)
    return Connection.open(gateway.forward(hop, deadline), hop, credentials, deadline, kex=INNER_KEX)


@contextlib.contextmanager
def gateway_of(route: Route, keys: Keys, deadline: Deadline) -> Iterator[Connection | None]:
    """Give a connection to a route's gateway for a while, or None if the unit is reached directly."""
    if route.gateway is None:
        yield None
        return
    try:
        connection = open_first(route, keys, deadline)
    except SshFailed as failure:
        raise gateway_down(failure) from failure
    with connection:
        yield connection


def first_stream(route: Route, deadline: Deadline) -> DialledStream:
    """Return a stream to the first hop of a route, with the process behind it if there is one.

    Raises:
        SshFailed: if the hop cannot be reached.
    """
    return _dial(route) if route.dial else (_connect(route, deadline), None)


def _connect(route: Route, deadline: Deadline) -> socket.socket:
    hop = route.hops[0]
    try:
        stream = socket.create_connection((hop.host, hop.port), timeout=deadline.within(CONNECT_TIMEOUT_S))
    except OSError as error:
        raise unreachable(hop, error.strerror or str(error)) from error
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def _dial(route: Route) -> DialledStream:
    ours, theirs = socket.socketpair()
    try:
        process = subprocess.Popen(route.dial, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=subprocess.DEVNULL)
    except OSError as error:
        ours.close()
        raise unreachable(route.hops[0], f"the dial command {route.dial[0]}: {error.strerror}") from error
    finally:
        theirs.close()
    return ours, process
