"""Decides on every word that a machine says while it is imaged.

The invariant: a token is given only to a machine whose serial and MAC are one unit's that is to be imaged; it is good
for one host key, until it ends, for the boot that fetched it; whoever comes with a new boot gets a new token, and the
old one is void. A unit that two machines claim is quarantined, and neither gets anything until a person asks again.
Pure: takes a record and what is known, returns the record as it is to be and the answer. Nothing here is a secret
but the token, and of that only the digest comes in.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fleetctl.core.imaging.claim import Claim
from fleetctl.core.imaging.record import Imaging, Stage, Stranger
from fleetctl.core.rollout.state import Noted
from fleetctl.core.route import Pin

TOKEN_LIFE = timedelta(hours=2)
"""An image over a slow line takes long; a token that is older is of a machine that was given up."""
PAST_BOOTS = 8
HOST_KEY = re.compile(r"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}")
NOTE = 200


@dataclass(frozen=True, slots=True)
class Given:
    """The unit's record as it is to be.

    Attributes:
        event, text: what happened, for the event log; empty if it is not worth an entry.
        pin: the host key that is trusted for the unit from now on, in the place of any other.
    """

    record: Imaging
    event: str = ""
    text: str = ""
    pin: Pin | None = None


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """The machine gets nothing; beside it the unit's record, if it is to say why or is quarantined by this."""

    reason: str
    record: Imaging | None = None


@dataclass(frozen=True, slots=True)
class FromDisk:
    """There is nothing to do for this machine: it goes on to its disk."""

    reason: str


Answer = Given | TurnedAway | FromDisk


@dataclass(frozen=True, slots=True)
class Offer:
    """What could be given to a unit's machine.

    Attributes:
        release: version of the image; empty if there is none.
        obstacle: why no image may be given now, in words; None if it may.
    """

    release: str
    obstacle: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A new one-time token: its digest, and until when it counts."""

    digest: str
    ends: datetime


def request(unit: str, actor: str, at: datetime) -> Given:
    """Ask for a unit to be imaged; whatever was before is over, its token and quarantine included."""
    record = Imaging(unit, Stage.REQUESTED, actor, at, at)
    return Given(record, "imaging-requested", f"{actor} asked for {unit} to be imaged")


def withdraw(record: Imaging | None, actor: str, at: datetime) -> Given | FromDisk:
    """Take a request back; what was given to its machine is void. A unit that was imaged stays so."""
    if record is None or record.stage in {Stage.DONE, Stage.WITHDRAWN}:
        return FromDisk("nothing is open")
    gone = replace(record, stage=Stage.WITHDRAWN, token="", host_key="", note=f"withdrawn by {actor}", at=at)
    return Given(gone, "imaging-withdrawn", f"{actor} took back that {record.unit} is to be imaged")


def rivals(record: Imaging, claim: Claim, strangers: Iterable[Stranger]) -> list[Claim]:
    """Return the machines that claimed to be the unit since it was asked for, other than the one of `claim`."""
    seen = [s.claim for s in strangers if record.unit in s.units and s.last >= record.requested]
    others = [record.claim, *seen] if record.claim else seen
    return [other for other in others if other.machine != claim.machine]


def admit(
    record: Imaging | None, claim: Claim, strangers: Iterable[Stranger], offer: Offer, at: datetime
) -> Given | TurnedAway | FromDisk:
    """Say whether a machine that is the declared one may have an image now."""
    if record is None:
        return FromDisk("nobody asked for it to be imaged")
    if record.stage in {Stage.DONE, Stage.WITHDRAWN}:
        return FromDisk("it was imaged" if record.stage is Stage.DONE else "its imaging was withdrawn")
    if record.stage is Stage.QUARANTINED:
        return TurnedAway(record.note)
    others = rivals(record, claim, strangers)
    if others:
        return quarantine(record, f"two machines claim to be {record.unit}: {claim}; and {others[0]}", at)
    if offer.obstacle is not None:
        return TurnedAway(offer.obstacle, replace(record, note=offer.obstacle))
    return Given(record)


def contest(record: Imaging | None, claim: Claim, at: datetime) -> TurnedAway:
    """Refuse a machine that has the serial or the MAC of a unit and is not the declared one.

    If the declared one has come as well, nobody knows which of them is right.
    """
    if record is None or not record.stage.is_open or record.claim is None or record.claim.machine == claim.machine:
        return TurnedAway("")
    return quarantine(record, f"two machines claim to be {record.unit}: {record.claim}; and {claim}", at)


def issue(record: Imaging, claim: Claim, offer: Offer, token: Token, at: datetime) -> Given | TurnedAway:
    """Give an admitted machine a token; the one before is void.

    A boot that lost its token to a newer one does not come back, so one that does is of a second machine.
    """
    if claim.boot in record.past_boots:
        return quarantine(record, f"two machines with {claim} claim to be {record.unit}", at)
    held = record.claim.boot if record.claim else ""
    past = (*record.past_boots, held) if held and held != claim.boot else record.past_boots
    given = replace(
        record,
        stage=Stage.IMAGING,
        at=at,
        release=offer.release,
        token=token.digest,
        token_ends=token.ends,
        claim=claim,
        past_boots=past[-PAST_BOOTS:],
        host_key="",
        note="has its manifest",
    )
    return Given(given, "imaging-started", f"the machine with {claim} has a manifest for {offer.release}")


def enrol(record: Imaging | None, claim: Claim, token: str, key: str, at: datetime) -> Given | TurnedAway:
    """Take a machine's host key, once for each token; the same key again is the same word said twice.

    Args:
        record: of the unit that the machine is declared to be.
        claim: who says it.
        token: digest of the token that came with it.
        key: `ssh-ed25519 AAAA…`.
        at: now.
    """
    reason = _not_heard(record, claim, token, at, {Stage.IMAGING, Stage.ENROLLED})
    if reason is not None or record is None:
        return TurnedAway(reason or "")
    if HOST_KEY.fullmatch(key) is None:
        return TurnedAway("that is not a host key of ed25519")
    if record.stage is Stage.ENROLLED and record.host_key != key:
        return TurnedAway("its token was used before, for another key")
    enrolled = replace(record, stage=Stage.ENROLLED, host_key=key, at=at, note="has its host key")
    return Given(enrolled, "imaging-enrolled", f"the machine with {claim} has made its host key")


def finish(record: Imaging | None, claim: Claim, token: str, at: datetime) -> Given | TurnedAway:
    """Hear that a machine's disk boots; said twice it is heard twice."""
    reason = _not_heard(record, claim, token, at, {Stage.ENROLLED, Stage.DONE})
    if reason is not None or record is None:
        return TurnedAway(reason or "")
    return Given(record) if record.stage is Stage.DONE else concluded(record, at)


def concluded(record: Imaging, at: datetime) -> Given:
    """Return an enrolled unit's record when its machine is known to boot from its disk with the enrolled key."""
    done = replace(record, stage=Stage.DONE, at=at, note="boots from its disk")
    text = f"imaged with {record.release}, the machine with {record.claim}"
    return Given(done, "imaging-done", text, Pin(*record.host_key.split()))


def tell(record: Imaging | None, claim: Claim, note: str, at: datetime) -> Given | TurnedAway:
    """Keep what the imager of the boot that holds the token says of its progress, one printable line."""
    if record is None or not record.stage.is_open or record.claim != claim:
        return TurnedAway("nobody listens")
    line = "".join(c for c in note if c.isprintable())[:NOTE]
    return Given(replace(record, note=line, at=at))


def quarantine(record: Imaging, reason: str, at: datetime) -> TurnedAway:
    """Refuse everybody who claims to be a unit, until a person asks for it again."""
    return TurnedAway(reason, replace(record, stage=Stage.QUARANTINED, token="", host_key="", note=reason, at=at))


def noted(unit: str, answer: Answer, at: datetime) -> Noted | None:
    """Return the entry of the event log for an answer; it belongs to no rollout. None if it is not worth one."""
    if isinstance(answer, Given):
        return Noted("", unit, at, answer.event, answer.text) if answer.event else None
    if isinstance(answer, TurnedAway) and answer.record is not None and answer.record.stage is Stage.QUARANTINED:
        return Noted("", unit, at, "imaging-quarantined", answer.reason)
    return None


def _not_heard(record: Imaging | None, claim: Claim, token: str, at: datetime, stages: set[Stage]) -> str | None:
    if record is None or record.stage not in stages:
        return record.note if record and record.stage is Stage.QUARANTINED else "it is not being imaged"
    if not hmac.compare_digest(record.token, token) or record.claim != claim:
        return "its token is not the one of its last manifest"
    if record.token_ends is None or at >= record.token_ends:
        return "its token has ended"
    return None
