"""An HTTP server that gives a bundle, and can be told to do so badly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Source:
    """What the server gives and how; what it was asked.

    Attributes:
        content: of the file.
        code: it answers with this instead of the file, if it is not 200.
        breaks_after: bytes after which each connection breaks; 0 for never.
        knows_ranges: it gives the rest of the file where that is asked for.
        bytes_per_s: how fast it is; 0 for as fast as it can.
        asked: the `Range` header of each request, empty without one.
        sent: bytes of content.
    """

    content: bytes
    code: int = 200
    breaks_after: int = 0
    knows_ranges: bool = True
    bytes_per_s: int = 0
    asked: list[str] = field(default_factory=list)
    sent: int = 0
    url: str = ""

    def start_of(self, wanted: str) -> int:
        """Return the first byte that a request asks for, as far as this server cares."""
        first = wanted.removeprefix("bytes=").rstrip("-")
        return int(first) if self.knows_ranges and first else 0


@contextmanager
def serving(source: Source) -> Iterator[Source]:
    """Run the server on the loopback."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            source.asked.append(wanted)
            if source.code != 200:
                self.send_error(source.code)
                return
            start, size = source.start_of(wanted), len(source.content)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(size - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.end_headers()
            end = min(size, start + source.breaks_after) if source.breaks_after else size
            self._send(source.content[start:end])

        def _send(self, content: bytes) -> None:
            step = max(1, source.bytes_per_s // 50) if source.bytes_per_s else len(content) or 1
            for at in range(0, len(content), step):
                self.wfile.write(content[at : at + step])
                source.sent += len(content[at : at + step])
                if source.bytes_per_s:
                    time.sleep(0.02)

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Clients may go away."""

    with Server(("127.0.0.1", 0), Answer) as server:
        source.url = f"http://127.0.0.1:{server.server_address[1]}/bundles/x"
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield source
        server.shutdown()
