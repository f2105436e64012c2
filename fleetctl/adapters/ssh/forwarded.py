"""A stream through a gateway: a channel of the gateway's connection, as the connection inside it uses it.

Nothing is ever sent on it after its end. paramiko looks whether a channel is open *before* it sends, so one thread that
closes may overtake another that sends; for data on a closed channel OpenSSH ends the gateway's whole connection, and
with it the streams to all other units.
"""

from __future__ import annotations

import contextlib
import threading

import paramiko


class Forwarded:
    """What paramiko needs of a socket; sending and closing take turns."""

    def __init__(self, channel: paramiko.Channel) -> None:
        """Take over a channel that was just opened."""
        self._channel = channel
        self._turn = threading.Lock()

    @property
    def _closed(self) -> bool:  # paramiko asks for it by this name, as a socket has it
        return self._channel.closed

    def settimeout(self, seconds: float | None) -> None:
        """Limit how long `recv` and `send` wait."""
        self._channel.settimeout(seconds)

    def recv(self, size: int) -> bytes:
        """Return what came, at most `size` bytes; none at the end."""
        return self._channel.recv(size)

    def send(self, content: bytes) -> int:
        """Send and return how much of it was taken.

        Raises:
            OSError: if the stream is closed.
        """
        with self._turn:
            return self._channel.send(content)

    def close(self) -> None:
        """End the stream; a gateway that is gone needs no word of it."""
        with self._turn, contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.close()
