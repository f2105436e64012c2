"""slurmrestd over HTTP: requests, its versions, its errors. The token is in one header, and in no message.

`https://HOST:PORT`, `http://HOST:PORT` and `unix:/PATH` are addresses; behind a proxy they may have a path.
"""

from __future__ import annotations

import base64
import binascii
import http.client
import json
import re
import socket
import ssl
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from fleetctl.core.problems import CouldNot

TIMEOUT_S = 20.0
_MOST_BYTES = 256 << 20
_TRIES = 3
"""How often a question is asked whose line breaks; a busy slurmrestd at times hangs up on one that it has accepted."""
_KNOWN = range(38, 45)
"""Versions v0.0.NN that this module can read; the newest that the server has is used."""
UPDATES_NODES = 39
"""From this version on a node can be changed, deleted, and asked for by a job."""
_VERSION = re.compile(r"/slurm/v0\.0\.(\d+)/")
_NO_SUCH = frozenset((2017, 2018))
"""ESLURM_INVALID_JOB_ID and ESLURM_INVALID_NODE_NAME of slurm_errno.h."""

Document = dict[str, Any]


class Refused(CouldNot):
    """Raised when the platform answered, and did not do it; `numbers` are Slurm's for why."""

    def __init__(self, message: str, *, hint: str = "", numbers: Collection[object] = ()) -> None:
        super().__init__(message, hint=hint)
        self.numbers = frozenset(numbers)


class Rest:
    """One platform's REST interface.

    Args:
        url: its address.
        token: returns the JSON Web Token; asked for at each request.
        title: what messages call the platform.
    """

    def __init__(self, url: str, token: Callable[[], str], title: str) -> None:
        self._url, self.token, self._title = url, token, title
        self._known: int = 0

    @property
    def version(self) -> int:
        """Return the NN of the newest version v0.0.NN that both sides know; asked for once.

        Raises:
            CouldNot: if there is none, or no answer.
        """
        if not self._known:
            offered = {int(found) for found in _VERSION.findall(json.dumps(self._ask("GET", "/openapi/v3")))}
            if not offered & set(_KNOWN):
                names = ", ".join(f"v0.0.{number}" for number in sorted(offered)) or "none"
                raise CouldNot(
                    f"{self._title} speaks versions that fleetctl does not know: {names}",
                    hint=f"start slurmrestd with -s openapi/v0.0.{_KNOWN[0]}, or a later one",
                )
            self._known = max(offered & set(_KNOWN))
        return self._known

    def get(self, what: str) -> Document:
        """Ask for a document, such as `nodes`.

        Raises:
            Refused: if the platform says so.
            CouldNot: if it does not answer.
        """
        return self._ask("GET", self._path(what))

    def find(self, what: str, name: str) -> Document | None:
        """Ask for one thing by its name; None if the platform does not know it."""
        try:
            return self._ask("GET", self._path(what, name))
        except Refused as refused:
            if _NO_SUCH & refused.numbers:
                return None
            raise

    def post(self, what: str, *names: str, body: Document) -> Document:
        """Change or submit something; the same errors as `get`."""
        return self._ask("POST", self._path(what, *names), body)

    def delete(self, what: str, name: str) -> None:
        """Delete something; the same errors as `get`."""
        self._ask("DELETE", self._path(what, name))

    def _path(self, what: str, *names: str) -> str:
        return "/".join((f"/slurm/v0.0.{self.version}/{what}", *(quote(name, safe=",") for name in names)))

    def _ask(self, method: str, path: str, body: Document | None = None) -> Document:
        status, content = self._answer(method, path, body)
        try:
            document = json.loads(content) if content.strip() else {}
        except ValueError:
            document = {}
        errors = document.get("errors") or () if isinstance(document, dict) else ()
        if status >= http.client.BAD_REQUEST or errors:
            raise self._refusal(status, errors)
        return document if isinstance(document, dict) else {}

    def _answer(self, method: str, path: str, body: Document | None) -> tuple[int, bytes]:
        """Return status and content. What is broken off is asked again, but no change: it may have been made."""
        again = _TRIES - 1 if method == "GET" else 0
        while True:
            try:
                return self._exchange(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                if not (again and isinstance(error, ConnectionResetError)):
                    raise self._silence(error) from None
                again -= 1

    def _exchange(self, method: str, path: str, body: Document | None) -> tuple[int, bytes]:
        content = None if body is None else json.dumps(body).encode()
        headers = {**self._credentials(), "Accept": "application/json", "Content-Type": "application/json"}
        connection, prefix = self._connection()
        try:
            connection.request(method, prefix + path, content, headers)
            response = connection.getresponse()
            return response.status, response.read(_MOST_BYTES)
        finally:
            connection.close()

    def _connection(self) -> tuple[http.client.HTTPConnection, str]:
        """Return a new connection, and what stands before every path."""
        if self._url.startswith("unix:"):
            return _UnixConnection(self._url.removeprefix("unix:")), ""
        parts = urlsplit(self._url)
        host, prefix = parts.hostname or "", parts.path.rstrip("/")
        if parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT_S, context=context), prefix
        return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_S), prefix

    def _credentials(self) -> Mapping[str, str]:
        token = self.token().strip()
        return {"X-SLURM-USER-NAME": _user_of(token, self._title), "X-SLURM-USER-TOKEN": token}

    def _silence(self, error: Exception) -> CouldNot:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return CouldNot(f"{self._title} does not answer at {self._url} ({said})", hint="does slurmrestd run there?")

    def _refusal(self, status: int, errors: Any) -> Refused:
        known = [error for error in errors if isinstance(error, Mapping)]
        said = "; ".join(dict.fromkeys(str(error.get("description") or error.get("error") or "?") for error in known))
        numbers = [error.get("error_number", error.get("errno")) for error in known]
        return Refused(f"{self._title} refuses: {said or f'HTTP {status}'}", hint=_hint(status, said), numbers=numbers)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self._path)


def _user_of(token: str, title: str) -> str:
    """Return whom a token is for; its signature is the platform's business.

    Raises:
        CouldNot: if it is no token.
    """
    try:
        middle = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        user = claims.get("sun") or claims.get("username")
    except (IndexError, ValueError, AttributeError, binascii.Error):
        user = None
    if not isinstance(user, str) or not user.isprintable():
        raise CouldNot(
            f"the token for {title} is no JSON Web Token of Slurm's", hint="make one: scontrol token lifespan=…"
        )
    return user


def _hint(status: int, said: str) -> str:
    """Return what to try; slurmrestd of 22.05 has no better word than this for a token that is not accepted."""
    unnamed = status in {http.client.UNAUTHORIZED, http.client.FORBIDDEN} or not said
    if unnamed or said == "Unspecified error" or "uthentication" in said:
        return "has its token expired? make a new one: scontrol token username=… lifespan=…"
    return "may its user do that? changing nodes needs an operator" if "ermission" in said else ""
