"""A port of this machine's loopback for one lab alone, where stand-ins share the machine's network.

That nobody listens does not say that nobody is about to: two labs that come up at once would both find the same port
free, and each then meets the other's units. So a lab claims its port by a name that the kernel gives out once.
"""

from __future__ import annotations

import socket
from collections.abc import Collection

from fleetctl.core.problems import CouldNot

_PORTS = range(2222, 2322)


def claim(hosts: Collection[str]) -> tuple[int, socket.socket]:
    """Find a port that nobody has at any of the addresses and no other lab has claimed, and claim it.

    Args:
        hosts: the addresses.

    Returns:
        The port, and the claim: it holds until the last process that inherited it has closed it, or has ended.

    Raises:
        CouldNot: if every port is taken.
    """
    for port in _PORTS:
        token = _token(port)
        if token is None:
            continue
        if all(_is_free(host, port) for host in hosts):
            token.set_inheritable(True)
            return port, token
        token.close()
    raise CouldNot(f"ports {_PORTS.start} to {_PORTS.stop - 1} are all taken on 127.10.0.0 and above")


def _token(port: int) -> socket.socket | None:
    """Take the port's name among abstract sockets, which are as wide as the network that labs share (unix(7))."""
    token = socket.socket(socket.AF_UNIX)
    try:
        token.bind(f"\0fleetctl-lab-port-{port}")
    except OSError:
        token.close()
        return None
    return token


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
