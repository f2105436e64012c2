"""Answers machines over HTTP: scripts, signed manifests, chunks, and what imagers report.

A thread for each connection, a bound on how many there are, and a fair share of the line for each machine. What comes
in is small and checked here for its form; what it means is the desk's business.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET6
from urllib.parse import parse_qsl, urlsplit

from fleetctl.adapters.imaging.share import FairShare
from fleetctl.core.imaging.claim import Claim, claim_of
from fleetctl.core.imaging.ipxe import refuse
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.ports import Desk, Images

MOST_CONNECTIONS = 128
MOST_SAID = 8 << 10
SILENCE_S = 60.0
"""A machine that takes nothing for so long has been switched off."""
SLICE = 64 << 10
_POLL_S = 0.2
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](:[0-9]{1,5})?")
_CHUNK = re.compile(r"/v1/chunk/([0-9a-f]{64})")
_BOOT = re.compile(r"/v1/boot/([A-Za-z0-9][A-Za-z0-9._+~-]{0,63})/(kernel|imager)")


class Server(ThreadingHTTPServer):
    """What every connection shares."""

    daemon_threads = True
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, at: tuple[str, int], desk: Desk, images: Images, share: FairShare) -> None:
        """Listen at an address and a port; 0 for any port."""
        self.address_family = AF_INET6 if ":" in at[0] else self.address_family
        self.desk, self.images, self.share = desk, images, share
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(at, Conversation)

    def process_request_thread(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        """Hold one connection, if there is room for it."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a machine that is switched off in the middle is no news."""


class Conversation(BaseHTTPRequestHandler):
    """One request of one machine."""

    server: Server
    timeout = SILENCE_S
    server_version = "fleetctl"
    sys_version = ""

    def do_GET(self) -> None:
        """Give a file or a word."""
        asked = urlsplit(self.path)
        words = dict(parse_qsl(asked.query))
        if chunk := _CHUNK.fullmatch(asked.path):
            self._send(self.server.images.chunk(chunk[1]), words)
        elif boot := _BOOT.fullmatch(asked.path):
            of = self.server.images.kernel if boot[2] == "kernel" else self.server.images.imager
            self._send(of(boot[1]), words)
        else:
            self._answer({"/v1/boot.ipxe": self._script, "/v1/manifest": self._manifest}, asked.path, words)

    def do_POST(self) -> None:
        """Hear a word."""
        said = self._said()
        if said is not None:
            heard = {"/v1/enrol": self._enrol, "/v1/done": self._finish, "/v1/progress": self._tell}
            self._answer(heard, urlsplit(self.path).path, said)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what matters is in the state."""

    # --- words ---------------------------------------------------------------------------------------------------

    def _script(self, claim: Claim, _: Mapping[str, str]) -> None:
        host = self.headers.get("Host", "")
        if not _HOST.fullmatch(host):
            self._refuse(HTTPStatus.BAD_REQUEST, "no host")
            return
        try:
            script = self.server.desk.script(claim, f"http://{host}", self.client_address[0])
        except (CouldNot, InvalidInput) as reason:  # the machine waits, and asks again
            script = refuse(str(reason))
        self._write(script.encode())

    def _manifest(self, claim: Claim, _: Mapping[str, str]) -> None:
        answer = self.server.desk.manifest(claim, self.client_address[0]) if claim.boot else "it does not say its boot"
        if isinstance(answer, bytes):
            self._write(answer)
        else:
            self._refuse(HTTPStatus.FORBIDDEN, answer)

    def _enrol(self, claim: Claim, said: Mapping[str, str]) -> None:
        self._heard(self.server.desk.enrol(claim, said.get("token", ""), said.get("key", "")))

    def _finish(self, claim: Claim, said: Mapping[str, str]) -> None:
        self._heard(self.server.desk.finish(claim, said.get("token", "")))

    def _tell(self, claim: Claim, said: Mapping[str, str]) -> None:
        self.server.desk.tell(claim, said.get("note", ""))
        self._heard(None)

    # --- forms ---------------------------------------------------------------------------------------------------

    def _answer(
        self,
        answers: Mapping[str, Callable[[Claim, Mapping[str, str]], None]],
        path: str,
        words: Mapping[str, str],
    ) -> None:
        answer, claim = answers.get(path), claim_of(*(words.get(word, "") for word in ("serial", "mac", "boot")))
        if answer is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such thing")
        elif claim is None:
            self._refuse(HTTPStatus.BAD_REQUEST, "that is no machine's serial, MAC and boot")
        else:
            try:
                answer(claim, words)
            except (CouldNot, InvalidInput) as reason:
                self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, str(reason))

    def _said(self) -> dict[str, str] | None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and int(length) <= MOST_SAID):
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "that is too much")
            return None
        return dict(parse_qsl(self.rfile.read(int(length)).decode("ascii", "replace")))

    def _heard(self, reason: str | None) -> None:
        if reason is None:
            self._write(b"ok\n")
        else:
            self._refuse(HTTPStatus.FORBIDDEN, reason)

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        """Refuse with the reason in the status line, which is all that busybox's wget shows, and in the body."""
        line = "".join(c if c.isascii() and c.isprintable() else "?" for c in reason)[:200]
        self._write(f"{reason}\n".encode(), status, line)

    def _write(self, body: bytes, status: HTTPStatus = HTTPStatus.OK, line: str | None = None) -> None:
        self._head(len(body), status, line)
        self.wfile.write(body)

    def _send(self, path: Path | None, words: Mapping[str, str]) -> None:
        if path is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such file")
            return
        client = words.get("mac") or self.client_address[0]
        with path.open("rb") as file:
            self._head(path.stat().st_size, HTTPStatus.OK)
            for content in iter(partial(file.read, SLICE), b""):
                self.server.share.take(client, len(content))
                self.wfile.write(content)

    def _head(self, length: int, status: HTTPStatus, line: str | None = None) -> None:
        self.send_response(status, line)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True


@contextmanager
def serving(at: tuple[str, int], desk: Desk, images: Images, share: FairShare) -> Iterator[int]:
    """Answer machines for the length of a block; yields the port.

    Raises:
        CouldNot: if nothing can listen there.
    """
    try:
        server = Server(at, desk, images, share)
    except OSError as error:
        raise CouldNot(f"images cannot be served at {at[0]} port {at[1]}: {error.strerror}") from error
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_S,), name="imaging", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
