"""Signed heads of the event log: what shows that a log was rewritten as a whole, digests and all.

The chain of digests in the state shows a change behind our back. Who owns the database can compute the chain anew; then
the head that was signed and kept elsewhere does not fit. Pure: what is signed, lines of a file, and the comparison.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.clock import from_text, to_text
from fleetctl.core.digest import canonical

SCHEMA = "fleetctl/log-head/v1"


@dataclass(frozen=True, slots=True)
class Head:
    """The last event of a log: its number, from 1, and its digest; 0 and empty before the first."""

    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with who vouches for it.

    Attributes:
        state: UUID of the state that the log is in.
        head: the log's head when it was signed.
        at: when, in UTC.
        key: the public key, as OpenSSH writes it (`ssh-ed25519 AAAA…`), without a comment.
        signature: of `message`, in base64.
    """

    state: str
    head: Head
    at: datetime
    key: str
    signature: str = ""

    @property
    def message(self) -> bytes:
        """Return what is signed: everything but the signature."""
        return canonical(self._unsigned())

    @property
    def line(self) -> str:
        """Return the head as one line of a file."""
        return json.dumps({**self._unsigned(), "signature": self.signature}) + "\n"

    def _unsigned(self) -> dict[str, object]:
        chain = {"number": self.head.number, "digest": self.head.digest}
        return {"schema": SCHEMA, "state": self.state, **chain, "at": to_text(self.at), "key": self.key}


def from_line(line: str) -> SignedHead:
    """Read what `SignedHead.line` wrote.

    Raises:
        ValueError: if it is something else.
    """
    try:
        row = json.loads(line)
        if row["schema"] != SCHEMA:
            raise ValueError(f"its schema is {row['schema']!r}")
        head = Head(int(row["number"]), str(row["digest"]))
        return SignedHead(str(row["state"]), head, from_text(row["at"]), str(row["key"]), str(row["signature"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"it lacks or misshapes {error}") from error


def misfits(
    heads: Iterable[SignedHead], digests: Mapping[int, str], is_genuine: Callable[[SignedHead], str | None]
) -> tuple[str, ...]:
    """Return in words what does not fit between a log and the heads that were signed of it.

    Args:
        heads: signed heads of this log.
        digests: the log's digests by number, at least where the heads are, as far as the log goes.
        is_genuine: returns what is wrong with a head's signature, or None.
    """
    found = (_misfit(signed, digests.get(signed.head.number), is_genuine(signed)) for signed in heads)
    return tuple(text for text in found if text is not None)


def _misfit(signed: SignedHead, stored: str | None, forged: str | None) -> str | None:
    number, at = signed.head.number, to_text(signed.at)
    if forged is not None:
        return f"the head of event {number}, said to be signed at {at}: {forged}"
    if signed.head == Head(0, "") or stored == signed.head.digest:
        return None
    if stored is None:
        return f"event {number} was there when its head was signed at {at}, and is gone"
    return f"event {number} or one before it is not what it was when its head was signed at {at}"
