"""Which machine a person or fleetctl has said something of beside its stages: in maintenance, quarantined, retired."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.commissioning.ledger import Entry
from fleetctl.core.commissioning.lifecycle import MARK, Lifecycle, marks
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import machine
from fleetctl.core.commissioning.undoing import TAKES_BACK, effective


@dataclass(frozen=True, slots=True)
class Marked:
    """A machine that is marked.

    Attributes:
        unit: where it stands.
        serial: as the ledger knows it; empty if nobody has scanned its label.
        reason: in the words of whoever marked it.
    """

    unit: str
    serial: str
    lifecycle: Lifecycle
    reason: str
    actor: str
    at: datetime

    @property
    def refusal(self) -> str | None:
        """Return why nothing may be done to it, in words; None if something may."""
        if self.lifecycle is Lifecycle.QUARANTINED:
            lift = f"'fleetctl unit quarantine {self.unit} --lift --reason …'"
            return f"quarantined by {self.actor} since {self.at:%Y-%m-%d %H:%M} UTC: {self.reason}; {lift} ends it"
        if self.lifecycle is Lifecycle.RETIRED:
            return f"retired by {self.actor} since {self.at:%Y-%m-%d %H:%M} UTC: {self.reason or 'no reason was given'}"
        return None


def marked(unit: str, entries: Iterable[Entry]) -> Marked | None:
    """Return the mark of the machine that stands at a unit; None if it has none.

    Args:
        unit: its name.
        entries: all of its site, or those about it.
    """
    about = effective(entry for entry in entries if entry.draft.subject == unit)
    found = marks(about)
    if found.lifecycle is None or found.entry is None:
        return None
    told = found.entry.draft
    return Marked(unit, machine(about)[0], found.lifecycle, found.reason, told.actor, told.at)


def may_mark(entry: Entry, known: Iterable[str] = ()) -> bool:
    """Say whether an entry may change the mark of its unit's machine.

    Args:
        entry: that was just written.
        known: units whose machines are marked: another machine there begins anew.
    """
    draft = entry.draft
    taken_back = draft.outcome is Outcome.UNDONE and TAKES_BACK in draft.detail
    return MARK in draft.detail or taken_back or (draft.stage is Stage.INSTALLED and draft.subject in known)
