"""One authenticated connection to one SSH server by paramiko: strict host keys, a deadline on everything.

The host key is compared before anything that is ours is sent. Nothing is learnt, nothing is asked.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import cast

import paramiko

from fleetctl.adapters.ssh.failures import (
    key_changed,
    key_unknown,
    not_let_in,
    timed_out,
    too_long,
    unreachable,
)
from fleetctl.adapters.ssh.forwarded import Forwarded
from fleetctl.adapters.ssh.openssh import RSA_SIGNATURES, host_key_algorithms
from fleetctl.core.route import Hop, Pin

ANY_KEX: tuple[str, ...] = ()
"""Paramiko's own order: post-quantum first, where the server has it."""
INNER_KEX = ("curve25519-sha256@libssh.org",)
"""Inside the gateway's connection; see `openssh.INNER_KEX`."""
HOST_KEYS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", *RSA_SIGNATURES)
CIPHERS = ("aes128-gcm@openssh.com", "aes128-ctr", "aes256-gcm@openssh.com", "aes256-ctr")
CONNECT_TIMEOUT_S = 10.0
ALIVE_TIMEOUT_S = 4.0
KEEPALIVE_S = 15
MAX_OUTPUT = 1 << 20

Stream = socket.socket | Forwarded

# Every failure is reported by an exception; paramiko would print it on standard error besides.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class Deadline:
    """A point in time by which something has to be done."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Return the seconds that are left, never less than a moment."""
        return max(0.01, self._until - time.monotonic())

    def within(self, seconds: float) -> float:
        """Return `seconds`, or what is left if that is less."""
        return min(seconds, self.left_s)


class Connection:
    """An authenticated connection to a hop."""

    def __init__(self, stream: Stream, hop: Hop, dialled: subprocess.Popen[bytes] | None = None) -> None:
        """Take over a stream; `open` does the rest."""
        self.hop = hop
        self._dialled = dialled
        # paramiko needs no more of a socket than `Forwarded` has, but its annotations ask for one.
        self._transport = paramiko.Transport(cast("socket.socket", stream))
        self._proved: Pin | None = None

    @classmethod
    def open(
        cls,
        stream: Stream,
        hop: Hop,
        keys: Sequence[paramiko.PKey],
        deadline: Deadline,
        *,
        kex: tuple[str, ...] = ANY_KEX,
        dialled: subprocess.Popen[bytes] | None = None,
    ) -> Connection:
        """Prove the server's identity, then ours.

        Raises:
            SshFailed: with the cause; the stream is closed.
        """
        connection = cls(stream, hop, dialled)
        try:
            connection.prove(deadline, kex)
            connection.log_in(keys, deadline)
        except BaseException:
            connection.close()
            raise
        return connection

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def host_key(self) -> Pin:
        """Return the host key that the server proved; it is known for as long as this object lives."""
        assert self._proved is not None, "no keys were exchanged yet"  # noqa: S101 - `open` exchanges them
        return self._proved

    @property
    def is_active(self) -> bool:
        """Say whether the connection was alive when it was last heard of."""
        return bool(self._transport.is_active())

    def prove(self, deadline: Deadline, kex: tuple[str, ...] = ANY_KEX) -> None:
        """Exchange keys and compare the host key with the pinned ones.

        Pinned types are asked for first, so a server that has the pinned key shows it whatever else it has. The others
        stay in the offer only for the message: with a key of another type the connection is refused all the same.
        """
        wanted = host_key_algorithms(self.hop.pins)
        offered = self.exchange(deadline, kex, (*wanted, *(name for name in HOST_KEYS if name not in wanted)))
        if not self.hop.pins:
            raise key_unknown(self.hop, offered)
        if offered not in self.hop.pins:
            raise key_changed(self.hop, offered)

    def exchange(self, deadline: Deadline, kex: tuple[str, ...], host_keys: tuple[str, ...]) -> Pin:
        """Exchange keys and return the host key that the server proves, of the first of these types that it has."""
        options = self._transport.get_security_options()
        options.kex = kex or options.kex
        options.ciphers = CIPHERS
        options.key_types = host_keys
        self._transport.banner_timeout = deadline.left_s
        done = threading.Event()
        self._transport.start_client(event=done)
        if not done.wait(deadline.left_s):
            raise timed_out(self.hop, "exchange keys")
        if not self._transport.is_active():
            raise unreachable(self.hop, _words(self._transport.get_exception(), "it closed the connection"))
        key = self._transport.get_remote_server_key()
        self._proved = Pin(key.get_name(), key.get_base64())
        return self._proved

    @property
    def banner(self) -> str:
        """Return how the server called itself, as it wrote it; empty before keys were exchanged."""
        return str(self._transport.remote_version)

    def log_in(self, keys: Sequence[paramiko.PKey], deadline: Deadline) -> None:
        """Prove our identity, after the server has proved its own.

        Raises:
            SshFailed: if no key is taken, or the connection breaks.
        """
        for key in keys:
            done = threading.Event()
            try:
                self._transport.auth_publickey(self.hop.user, key, event=done)
            except (OSError, EOFError, paramiko.SSHException) as error:
                raise unreachable(self.hop, _words(error, "the connection broke")) from error
            if not done.wait(deadline.left_s):
                raise timed_out(self.hop, "check our key")
            if self._transport.is_authenticated():
                return
            if not self._transport.is_active():  # it did not say no: it went away
                raise unreachable(self.hop, _words(self._transport.get_exception(), "the connection broke"))
        reason = self._transport.get_exception()
        if not self._transport.is_active() and not isinstance(reason, paramiko.AuthenticationException):
            raise unreachable(self.hop, _words(reason, "it closed the connection"))
        raise not_let_in(self.hop, _words(reason, "refused"))

    def run(self, command: str, stdin: bytes, deadline: Deadline) -> tuple[int, bytes, bytes]:
        """Run a command; return its exit code and what it wrote.

        Raises:
            SshFailed: if the connection breaks, the deadline passes, or it writes more than 1 MiB to either stream.
        """
        try:
            channel = self._transport.open_session(timeout=deadline.left_s)
            channel.settimeout(deadline.left_s)
            channel.exec_command(command)
            if stdin:
                channel.sendall(stdin)
            channel.shutdown_write()
            out = self._read_all(channel.recv, channel, deadline)
            err = self._read_all(channel.recv_stderr, channel, deadline)
            if not channel.status_event.wait(deadline.left_s):
                raise TimeoutError
            return channel.recv_exit_status(), out, err
        except TimeoutError as error:
            raise timed_out(self.hop, f"run '{command.split(' --')[0]}'") from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise unreachable(self.hop, _words(error, "the connection broke")) from error

    def _read_all(self, receive: Callable[[int], bytes], channel: paramiko.Channel, deadline: Deadline) -> bytes:
        told = bytearray()
        while True:
            channel.settimeout(deadline.left_s)
            part = receive(65536)
            if not part:
                return bytes(told)
            told += part
            if len(told) > MAX_OUTPUT:
                raise too_long(self.hop, MAX_OUTPUT)

    def forward(self, hop: Hop, deadline: Deadline) -> Forwarded:
        """Open a stream through this gateway to a hop behind it.

        Raises:
            SshFailed: if there is no connection; whether it is the gateway that is silent, `answers` tells.
        """
        try:
            channel = self._transport.open_channel(
                "direct-tcpip", (hop.host, hop.port), ("127.0.0.1", 0), timeout=deadline.within(CONNECT_TIMEOUT_S)
            )
            return Forwarded(channel)
        except paramiko.ChannelException as refusal:
            raise unreachable(hop, refusal.text or "the gateway could not connect") from refusal
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise unreachable(hop, _words(error, "no connection through the gateway")) from error

    def answers(self) -> bool:
        """Ask the server for a sign of life; a connection without one is closed."""
        try:
            self._transport.open_session(timeout=ALIVE_TIMEOUT_S).close()
        except (OSError, EOFError, paramiko.SSHException):
            self.close()
            return False
        return True

    def keep_alive(self) -> None:
        """Keep the connection open while it is not used."""
        self._transport.set_keepalive(KEEPALIVE_S)

    def close(self) -> None:
        """Close the connection and end the dial command behind it."""
        self._transport.close()
        if self._dialled is not None:
            with contextlib.suppress(ProcessLookupError):
                self._dialled.terminate()
            self._dialled.wait()


def _words(error: BaseException | None, otherwise: str) -> str:
    """Return an exception's text on one line; many of paramiko's have none, and one has it in the middle of a word."""
    said = " ".join(str(error).split()) if error is not None else ""
    return said.replace("protocol banner[", "protocol banner: [") or otherwise
