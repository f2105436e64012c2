"""Hands payloads to the action plugin over a Unix socket that only this user may open.

A payload may hold secrets, so it never stands in a variable, an inventory, an environment or an artefact. It is handed
out only for a step that is open, and only while this controller still leads: a controller that was stopped and woke up
after another took over gives nothing away.
"""

from __future__ import annotations

import contextlib
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from fleetctl.core.problems import CouldNot

MOST_BYTES = 64 << 10
"""Of what a unit may have answered."""


class PayloadServer:
    """Answers `STEP-ID\\n` with the step's payload, or with nothing.

    What follows the line up to the end is what the unit answered, if its payload is made of that.

    Attributes:
        path: of the socket; in a folder of mode 0700.
    """

    def __init__(self, path: Path, payload: Callable[[str, bytes], bytes]) -> None:
        self.path = path
        self.refusals: dict[str, CouldNot] = {}
        """Why a step got nothing, by its id; read once by whoever reports the step."""
        self._payload = payload
        self._server = _Server(str(path), self._answer)
        path.chmod(0o600)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering and remove the socket."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.path.unlink(missing_ok=True)

    def _answer(self, step: str, said: bytes) -> bytes:
        try:
            return self._payload(step, said)
        except CouldNot as reason:
            self.refusals[step] = reason
            return b""


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: str, answer: Callable[[str, bytes], bytes]) -> None:
        self.answer = answer
        super().__init__(path, _Request)


class _Request(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)  # noqa: S101 - only that server builds requests
        step = self.rfile.readline(1024).decode(errors="replace").strip()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a run that was cancelled hangs up
            self.wfile.write(self.server.answer(step, self.rfile.read(MOST_BYTES)))


@contextlib.contextmanager
def serving(path: Path, payload: Callable[[str, bytes], bytes]) -> Iterator[PayloadServer]:
    """Serve payloads for the length of a block."""
    server = PayloadServer(path, payload)
    try:
        yield server
    finally:
        server.close()
