"""`cache`: a gateway serves the bundles that it has to the units of its site, by HTTP with ranges.

It listens in the site's network alone and answers nobody else; what it serves is signed, and no secret. Units ask for
a bundle by its digest, so it can be stale in no way.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Interface, IPv4Network, ip_address

from fleet_unit.bundles import complete
from fleet_unit.endings import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PREFIX = "/bundles/"
SILENCE_S = 60.0
MOST_AT_ONCE = 256
_ADDRESS, _NETMASK = 0x8915, 0x891B  # SIOCGIFADDR, SIOCGIFNETMASK


def cache(bind: str, allowed: str = "") -> None:
    """Serve until the process is ended.

    Args:
        bind: address and port to listen on: the gateway's in the network of its site.
        allowed: the network whose units are served; empty for the one that the address is in.

    Raises:
        Refused: if it cannot listen there.
    """
    try:
        address, _, port = bind.rpartition(":")
        network = IPv4Network(allowed) if allowed else network_of(address)
        with Cache((address, int(port)), network) as server:
            server.serve_forever()
    except (OSError, ValueError, OverflowError) as error:
        raise Refused(f"cannot listen on {bind}: {error}") from error


def network_of(address: str) -> IPv4Network:
    """Return the network of the interface that an address belongs to.

    Raises:
        ValueError: if it is no address of this machine.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        for _, name in socket.if_nameindex():
            try:
                here, mask = (_ask(asker, name, what) for what in (_ADDRESS, _NETMASK))
            except OSError:
                continue  # it has no address
            network = IPv4Interface(f"{here}/{mask}").network
            if ip_address(address) in network:
                return network
    raise ValueError("no interface of this machine is in its network")


def _ask(asker: socket.socket, interface: str, what: int) -> str:
    answer = fcntl.ioctl(asker, what, struct.pack("256s", interface.encode()[:15]))
    return socket.inet_ntoa(answer[20:24])


class Cache(ThreadingHTTPServer):
    """The server: a thread for each connection, of which there are not endlessly many."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], network: IPv4Network) -> None:
        super().__init__(address, Answer)
        self.network = network
        self.places = threading.BoundedSemaphore(MOST_AT_ONCE)

    def verify_request(self, _: Any, client_address: Any) -> bool:
        """Say whether a client is of the site."""
        return ip_address(client_address[0]) in self.network

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one client, if there is a place for it; it comes again if not."""
        if not self.places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that went away."""


class Answer(BaseHTTPRequestHandler):
    """Answers one request."""

    server_version, sys_version = "fleet-unit", ""
    timeout = SILENCE_S

    def do_HEAD(self) -> None:
        """Say how large a bundle is."""
        self._answer(with_body=False)

    def do_GET(self) -> None:
        """Send a bundle, or its rest from a byte on."""
        self._answer(with_body=True)

    def log_message(self, *_: Any) -> None:
        """Log nothing: what units have is in their status."""

    def _answer(self, *, with_body: bool) -> None:
        try:
            file = open(complete(_digest_in(self.path)), "rb")  # noqa: SIM115 - closed below
        except (OSError, ValueError):
            self.send_error(404)
            return
        with file:
            size = os.fstat(file.fileno()).st_size
            start = _start_of(self.headers.get("Range", ""), size)
            if start >= size:
                self.send_response(416)
                self._end(0, ("Content-Range", f"bytes */{size}"))
                return
            self.send_response(206 if start else 200)
            self._end(size - start, *([("Content-Range", f"bytes {start}-{size - 1}/{size}")] if start else []))
            if with_body:
                self.wfile.flush()
                self.connection.sendfile(file, start)

    def _end(self, length: int, *headers: tuple[str, str]) -> None:
        for name, value in (("Accept-Ranges", "bytes"), ("Content-Length", str(length)), *headers):
            self.send_header(name, value)
        self.end_headers()


def _digest_in(path: str) -> str:
    """Return the digest that a path asks for.

    Raises:
        ValueError: if it asks for none; nothing else is ever opened.
    """
    digest = path.removeprefix(PREFIX)
    if digest == path or len(digest) != 64 or digest.strip("0123456789abcdef"):
        raise ValueError
    return digest


def _start_of(wanted: str, size: int) -> int:
    """Return the first byte that is asked for: 0 unless the rest from a byte on is wanted, as units do."""
    unit, _, span = wanted.partition("=")
    first, _, last = span.partition("-")
    is_rest = unit.strip() == "bytes" and first.isdigit() and last in ("", str(size - 1))
    return int(first) if is_rest else 0
