"""Offers metrics: a file for node_exporter's textfile collector, and a page for Prometheus to fetch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET6

from fleetctl.adapters.whole_file import write_whole
from fleetctl.core.metrics import CONTENT_TYPE
from fleetctl.core.problems import CouldNot

READABLE = 0o644
"""node_exporter is another user; there is nothing secret in metrics."""
_POLL_S = 0.2


def write_metrics(file: Path, text: str) -> None:
    """Write metrics whole or not at all, so that no half of a file is collected.

    Raises:
        CouldNot: if the file system refuses.
    """
    write_whole(file, text.encode(), mode=READABLE)


@contextmanager
def serving(address: str, port: int, text: Callable[[], str]) -> Iterator[int]:
    """Answer `GET /metrics` for the length of a block; yields the port, which matters where it is given as 0.

    Raises:
        CouldNot: if nothing can listen there.
    """
    try:
        server = _server_class(address)((address, port), _handler(text))
    except OSError as error:
        raise CouldNot(f"metrics cannot be offered at {address} port {port}: {error.strerror}") from error
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_S,), name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _server_class(address: str) -> type[ThreadingHTTPServer]:
    if ":" not in address:
        return ThreadingHTTPServer
    return type("ThreadingHTTPServer6", (ThreadingHTTPServer,), {"address_family": AF_INET6})


def _handler(text: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10.0

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(404)
                return
            body = text().encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: a page that is fetched four times a minute is no news."""

    return Handler
