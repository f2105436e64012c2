"""Telling the world outside: heads of the log that are vouched for, and messages to webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fleetctl.core.log_heads import SignedHead


class Signer(Protocol):
    """Vouches for heads of the event log."""

    @property
    def public(self) -> str:
        """Return the public key, `ssh-ed25519 AAAA…`.

        Raises:
            CouldNot: if the key cannot be had.
        """
        ...

    def sign(self, message: bytes) -> str:
        """Return a signature in base64.

        Raises:
            CouldNot: if the key cannot be had.
        """
        ...


class Heads(Protocol):
    """Keeps signed heads of event logs, where whoever can change the state cannot change them."""

    def add(self, head: SignedHead) -> None:
        """Keep a head.

        Raises:
            CouldNot: if it cannot be kept.
        """
        ...

    def heads(self, state: str) -> Sequence[SignedHead]:
        """Return the heads of a state's log, oldest first.

        Raises:
            CouldNot: if they cannot be read, or are damaged.
        """
        ...


class Poster(Protocol):
    """Posts messages to webhooks."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Post a message; returns the status of the answer.

        Raises:
            CouldNot: if there was no answer.
        """
        ...
