"""What a place goes through until it is accepted, and how a stage may stand."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """One step of the checklist of a unit or of a dwelling, in the order in which they are done."""

    DELIVERED = "delivered"
    INSTALLED = "installed"
    """Its label was scanned or typed where it hangs."""
    DISCOVERED = "discovered"
    """It was seen on the wire, where it is declared to be."""
    IDENTIFIED = "identified"
    """It blinked, and a person saw it blink in its room."""
    IMAGED = "imaged"
    CONFIGURED = "configured"
    BURN_IN = "burn_in"
    ROOM_PROOF = "room_proof"
    """It was heated, and the sensor of its own room answered, and no other."""
    REGISTERED = "registered"
    ACCEPTED = "accepted"


class Outcome(StrEnum):
    """What an entry of the ledger says of a stage."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Left out for a reason, to be visited again."""
    UNDONE = "undone"
    """What was said of this stage before is taken back."""
    PENDING = "pending"
    """All was done that can be done here; the rest needs the platform, the CA or fresh metadata."""
    CONFIRMED = "confirmed"
    """A person vouches for what no instrument could show."""
    NOTE = "note"
    """A reserve (an open point), or its lifting; changes no stage."""
