"""Sign the head of the event log, and hold the log against the heads that were signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fleetctl.core.log_heads import SignedHead, misfits
from fleetctl.core.problems import CouldNot
from fleetctl.ports import Heads, Signer, State


@dataclass(frozen=True)
class Notary:
    """Who signs, and where what was signed is kept."""

    signer: Signer
    heads: Heads


@dataclass(frozen=True, slots=True)
class LogCheck:
    """What came of a check.

    Attributes:
        flaws: in words; empty if the log is what it was.
        events: how many entries the log has.
        signed: how many of them, from the first, are vouched for by a signed head.
        heads: how many signed heads there are of this log.
    """

    flaws: tuple[str, ...]
    events: int
    signed: int
    heads: int


def sign_head(state: State, notary: Notary, at: datetime) -> SignedHead | None:
    """Sign the log's head and keep it elsewhere; None if there is nothing new to sign.

    Raises:
        CouldNot: if the log does not hold what was signed last (then nothing is signed), or a file system refuses.
    """
    head, before = state.chain_head(), notary.heads.heads(state.uuid)
    if before:
        last = before[-1].head
        if last == head:
            return None
        if state.chain_digests([last.number]).get(last.number) != last.digest:
            message = f"the event log no longer holds event {last.number} as it was signed; its head is not signed"
            raise CouldNot(message, hint="'fleetctl rollout verify-log' says more")
    if not head.number:
        return None
    unsigned = SignedHead(state.uuid, head, at, notary.signer.public)
    signed = replace(unsigned, signature=notary.signer.sign(unsigned.message))
    notary.heads.add(signed)
    return signed


def check_log(state: State, heads: Sequence[SignedHead], forgery: Callable[[SignedHead], str | None]) -> LogCheck:
    """Check the log's chain, and that every signed head is on it.

    Args:
        state: the state.
        heads: signed heads of this state's log.
        forgery: returns what is wrong with a head's signature, or None.
    """
    chain = state.chain_flaw()
    digests = state.chain_digests([signed.head.number for signed in heads])
    flaws = (*([chain] if chain else []), *misfits(heads, digests, forgery))
    signed = max((head.head.number for head in heads), default=0)
    return LogCheck(flaws, state.chain_head().number, 0 if flaws else signed, len(heads))
