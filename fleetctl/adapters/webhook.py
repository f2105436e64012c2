"""Posts a message to a webhook. Fills `Poster`.

Nothing is followed: a redirect would carry the message to where nobody declared it. The address may hold a token, so no
message of ours repeats more of it than the host.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from fleetctl.core.problems import CouldNot

TIMEOUT_S = 10.0
"""Longest wait for each of: connecting, sending, the first of the answer."""
_ENOUGH = 65536


class HttpPoster:
    """Posts over HTTPS, or over HTTP to this machine itself."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Post a message; returns the status of the answer.

        Raises:
            CouldNot: if there was no answer; names the host alone.
        """
        parts = urlsplit(url)
        connection = self._connection(parts)
        try:
            connection.request("POST", _target(parts), body=body, headers=dict(headers))
            answer = connection.getresponse()
            answer.read(_ENOUGH)  # a server that sees the connection cut may take the message for not received
            return answer.status
        except (OSError, HTTPException) as error:
            said = str(error) or type(error).__name__
            raise CouldNot(f"{parts.hostname} does not answer: {said}") from error
        finally:
            connection.close()

    def _connection(self, parts: SplitResult) -> HTTPConnection:
        host = parts.hostname or ""
        if parts.scheme == "https":
            context = ssl.create_default_context()
            return HTTPSConnection(host, parts.port, timeout=self._timeout_s, context=context)
        return HTTPConnection(host, parts.port, timeout=self._timeout_s)


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
