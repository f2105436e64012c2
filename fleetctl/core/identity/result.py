"""What came of registering a unit, for people, for machines, and for the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from fleetctl.core.clock import to_text
from fleetctl.core.commissioning.ledger import Draft
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.identity.registration import Registration

SCHEMA = "fleetctl/registered/v1"
COLUMNS = ("UNIT", "STANDING", "CERTIFICATE", "UNTIL", "ABOUT")


class Registered(StrEnum):
    """What came of it."""

    REGISTERED = "registered"
    UNCHANGED = "unchanged"
    """It was registered with everybody already."""
    PENDING = "pending"
    """The CA or the platform is away; asking again finishes it."""
    FAILED = "failed"
    SUSPECT = "suspect"
    """It answers as another machine, or with another one's key."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one unit.

    Attributes:
        text: in words.
        registration: as the registry has it; None if it has none.
        until: end of its certificate.
    """

    unit: str
    standing: Registered
    text: str = ""
    registration: Registration | None = None
    until: datetime | None = None

    @property
    def is_well(self) -> bool:
        """Say whether the unit is registered with everybody."""
        return self.standing in {Registered.REGISTERED, Registered.UNCHANGED}


@dataclass(frozen=True, slots=True)
class Detail:
    """What the ledger keeps of the stage `registered`; `reason` says why it waits or failed."""

    serial: str = ""
    number: str = ""
    not_after: str = ""
    platform: str = ""
    node: str = ""
    proof: str = ""
    reason: str = ""

    def to_detail(self) -> Mapping[str, Any]:
        """Return it as plain data, without what is empty."""
        return {key: value for key, value in asdict(self).items() if value}


def from_detail(detail: Mapping[str, Any]) -> Detail:
    """Read what `to_detail` wrote; what is not known is left out."""
    return Detail(**{key: str(detail[key]) for key in Detail.__slots__ if key in detail})


_OUTCOMES = {Registered.PENDING: Outcome.PENDING, Registered.FAILED: Outcome.FAILED, Registered.SUSPECT: Outcome.FAILED}


def outcome_of(result: Result) -> Outcome:
    """Return what the ledger says of it."""
    return _OUTCOMES.get(result.standing, Outcome.DONE)


def detail_of(result: Result) -> Detail:
    """Return what the ledger keeps of it."""
    known = result.registration
    reason = "" if result.is_well else result.text
    if known is None:
        return Detail(reason=reason)
    until = to_text(result.until) if result.until else ""
    return Detail(known.serial, known.number, until, known.platform, known.node, known.proof, reason)


def draft_of(result: Result, actor: str, at: datetime) -> Draft:
    """Return the ledger's entry of it."""
    site = result.unit.partition("/")[0]
    return Draft(site, result.unit, Stage.REGISTERED, outcome_of(result), actor, at, detail_of(result).to_detail())


def document(result: Result) -> dict[str, Any]:
    """Return it as plain data."""
    known = result.registration
    return {
        "unit": result.unit,
        "standing": result.standing.value,
        "text": result.text,
        "certificate": known.number if known else "",
        "not_after": to_text(result.until) if result.until else None,
        "platform": known.platform if known else "",
        "node": known.node if known else "",
        "proof": known.proof if known else "",
    }


def row(result: Result) -> tuple[str, ...]:
    """Return what a table shows of it."""
    number = result.registration.number[:12] if result.registration else ""
    until = f"{result.until:%Y-%m-%d}" if result.until else ""
    return (result.unit, result.standing.value, number, until, result.text)
