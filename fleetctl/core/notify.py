"""Which entries of the event log people are told of, and the message that tells them. Pure.

A message is JSON of schema `fleetctl/notification/v1`, signed with HMAC-SHA256 over the time and the body, so that a
receiver can refuse what is not from us and what is old.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fleetctl.core.clock import to_text
from fleetctl.core.rollout.state import Noted, Progress, Rollout

SCHEMA = "fleetctl/notification/v1"
MEANING: Mapping[str, str] = {
    "rollout-halted": "halted",
    "site-halted": "halted",
    "approval-needed": "approval_needed",
    "rollout-succeeded": "done",
    "rollout-aborted": "done",
    "rollout-failed": "failed",
}
"""What an entry of the event log means to somebody who is not looking."""
EVENTS = tuple(dict.fromkeys(MEANING.values()))
GIVE_UP_AFTER = timedelta(hours=24)
"""A message that could not be delivered for so long is told to nobody any more."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 300.0
_NEXT: Mapping[str, str] = {"halted": "resume", "approval_needed": "approve", "failed": "retry"}


@dataclass(frozen=True, slots=True)
class News:
    """An entry of the event log that somebody is told of.

    Attributes:
        state: UUID of the state.
        number: of the entry; with the UUID it names the message, however often it is sent.
        event: one of `EVENTS`.
    """

    state: str
    number: int
    event: str
    note: Noted

    @property
    def id(self) -> str:
        """Return the message's name, the same each time it is sent."""
        return f"{self.state}:{self.number}"


def event_of(note: Noted) -> str | None:
    """Return which event an entry of the log is, one of `EVENTS`; None if nobody is told of it."""
    return MEANING.get(note.what)


def message(news: News, rollout: Rollout | None, units: Iterable[Progress]) -> bytes:
    """Return the body of a message.

    Args:
        news: what happened.
        rollout: its rollout as it is now, which may be further than the news; None if there is none.
        units: of the rollout, as they are now.
    """
    note, verb = news.note, _NEXT.get(news.event)
    document = {
        "schema": SCHEMA,
        "id": news.id,
        "event": news.event,
        "at": to_text(note.at),
        "what": note.what,
        "text": note.text,
        "rollout": note.rollout,
        "next": f"fleetctl rollout {verb} {note.rollout}" if verb else f"fleetctl rollout show {note.rollout}",
        "now": _standing(rollout, units) if rollout else None,
    }
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def headers(news: News, body: bytes, key: str, now_utc: datetime) -> dict[str, str]:
    """Return the headers of a message: its name, when it was sent, and the signature of both time and body."""
    timestamp = str(int(now_utc.timestamp()))
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "fleetctl",
        "Fleetctl-Delivery": news.id,
        "Fleetctl-Timestamp": timestamp,
        "Fleetctl-Signature": f"v1={signature(key, timestamp, body)}",
    }


def signature(key: str, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of `TIMESTAMP.BODY` in hexadecimal."""
    return hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def wait_s(tries: int) -> float:
    """Return how long to wait after so many tries, from 1, that failed."""
    return min(_FIRST_WAIT_S * 2.0 ** min(tries - 1, 20), _LONGEST_WAIT_S)


def _standing(rollout: Rollout, units: Iterable[Progress]) -> dict[str, object]:
    waves = rollout.waves
    return {
        "status": rollout.status.value,
        "reason": rollout.reason,
        "fleet": rollout.fleet,
        "policy": rollout.policy.name,
        "actor": rollout.actor,
        "created": to_text(rollout.created),
        "wave": waves[rollout.wave].name if rollout.wave < len(waves) else "",
        "units": dict(sorted(Counter(unit.phase.value for unit in units).items())),
    }
