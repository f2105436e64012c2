"""What is remembered of imaging: a record for each unit that was asked to be imaged, and the machines nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fleetctl.core.imaging.claim import Claim


class Stage(StrEnum):
    """How far a unit is on its way to an image."""

    REQUESTED = "requested"
    """Asked for; its machine has not come yet."""
    IMAGING = "imaging"
    """Its machine has a manifest and a token."""
    ENROLLED = "enrolled"
    """Everything is written and the host key is known; the disk does not boot yet, or nobody said so."""
    DONE = "done"
    """It boots from its disk; the host key is pinned."""
    WITHDRAWN = "withdrawn"
    """A person took the request back."""
    QUARANTINED = "quarantined"
    """Two machines claim to be it; a person has to look."""

    @property
    def is_open(self) -> bool:
        """Say whether a machine may still have an image."""
        return self in {Stage.REQUESTED, Stage.IMAGING, Stage.ENROLLED}


@dataclass(frozen=True, slots=True)
class Imaging:
    """One unit's imaging, from the request on. The next request starts anew; what was before is in the event log.

    Attributes:
        actor: who asked for it.
        requested: when.
        at: of the last change.
        release: version that the machine has been given, or is given.
        token: digest of the one-time token of the last manifest; never the token itself.
        token_ends: until when the token counts.
        claim: the machine that came, with the boot that holds the token.
        past_boots: boots of that machine that held a token before, the newest last.
        host_key: `ssh-ed25519 AAAA…`, as enrolled.
        note: what the imager said last; or why the unit is quarantined.
    """

    unit: str
    stage: Stage
    actor: str
    requested: datetime
    at: datetime
    release: str = ""
    token: str = ""
    token_ends: datetime | None = None
    claim: Claim | None = None
    past_boots: tuple[str, ...] = ()
    host_key: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A machine that was refused.

    Attributes:
        reason: in words.
        units: whose serial or MAC it has; none if nobody's.
        address: where it asked from.
    """

    claim: Claim
    reason: str
    first: datetime
    last: datetime
    times: int = 1
    units: tuple[str, ...] = ()
    address: str = ""
