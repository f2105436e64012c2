"""How each stage of one place stands: the last thing said of it that counts.

A measured stage counts by its verdict alone. A burn-in that was interrupted has none, so whatever its entry claims, the
stage stands where it stood before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fleetctl.core.commissioning.ledger import Draft, Entry
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.undoing import TAKES_BACK

VERDICT = "verdict"
PASSED = "passed"
"""Key and value of the detail of a measured stage that was passed."""
REASON = "reason"
SERIAL = "serial"
"""Keys of details: why a stage was skipped, failed or waits; the machine that an `installed` entry is about."""

MEASURED = frozenset({Stage.BURN_IN, Stage.ROOM_PROOF})
_OF_THE_PLACE = frozenset({Stage.DELIVERED})
"""What stays when another machine is put in."""


class State(StrEnum):
    """Where a stage stands."""

    OPEN = "open"
    DONE = "done"
    CONFIRMED = "confirmed"
    """A person vouches for it."""
    PENDING = "pending"
    """All was done that can be done here."""
    SKIPPED = "skipped"
    FAILED = "failed"
    VOID = "void"
    """It was accepted, and what it rested on holds no longer."""


_STATES = {
    Outcome.DONE: State.DONE,
    Outcome.CONFIRMED: State.CONFIRMED,
    Outcome.PENDING: State.PENDING,
    Outcome.SKIPPED: State.SKIPPED,
    Outcome.FAILED: State.FAILED,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """One stage of one place.

    Attributes:
        entry: that decides; None while nothing was said.
        tries: entries that counted for it, this one among them.
    """

    stage: Stage
    state: State = State.OPEN
    entry: Entry | None = None
    tries: int = 0

    @property
    def passed(self) -> bool:
        """Return whether the stage is over and well."""
        return self.state in (State.DONE, State.CONFIRMED)

    @property
    def reason(self) -> str:
        """Return why it stands so, in the words of whoever wrote it; empty if nothing was said."""
        return str(self.entry.draft.detail.get(REASON, "")) if self.entry else ""


@dataclass(frozen=True, slots=True)
class Record:
    """All that is known of one place.

    Attributes:
        standings: of the stages of which something is said.
        serial: of the machine that was last installed; empty if none was.
        notes: reserves, remarks and interrupted tries, in order.
    """

    standings: Mapping[Stage, Standing]
    serial: str = ""
    notes: tuple[Entry, ...] = ()

    def of(self, stage: Stage) -> Standing:
        """Return how a stage stands."""
        return self.standings.get(stage) or Standing(stage)


def recorded(entries: Sequence[Entry]) -> Record:
    """Fold the effective entries of one place, in order."""
    standings: dict[Stage, Standing] = {}
    notes: list[Entry] = []
    serial, since = machine(entries)
    for index, entry in enumerate(entries):
        stage, outcome = entry.draft.stage, entry.draft.outcome
        if outcome is Outcome.UNDONE:
            if TAKES_BACK not in entry.draft.detail:
                standings.pop(stage, None)
        elif not counts(entry.draft):
            notes.append(entry)
        elif index >= since or stage in _OF_THE_PLACE:  # a proof does not go over to another machine
            standings[stage] = _next(standings.get(stage), entry)
    return Record(standings, serial, tuple(notes))


def machine(entries: Iterable[Entry]) -> tuple[str, int]:
    """Return the serial of the machine that stands in a place, and the index of the entry that put it there.

    The index is 0 if it is the first machine there: what was said before its label was scanned is about it too.
    """
    serial, since = "", 0
    for index, entry in enumerate(entries):
        installed = _installed(entry.draft)
        if installed and serial and installed != serial:
            since = index
        serial = installed or serial
    return serial, since


def counts(draft: Draft) -> bool:
    """Return whether an entry changes how its stage stands: notes do not, nor what was measured without a verdict."""
    if draft.outcome is Outcome.NOTE:
        return False
    measured = draft.stage in MEASURED and draft.outcome is Outcome.DONE
    return not measured or draft.detail.get(VERDICT) == PASSED


def _installed(draft: Draft) -> str:
    named = draft.stage is Stage.INSTALLED and draft.outcome is Outcome.DONE
    return str(draft.detail.get(SERIAL, "")) if named else ""


def _next(before: Standing | None, entry: Entry) -> Standing:
    tries = before.tries if before else 0
    return Standing(entry.draft.stage, _STATES[entry.draft.outcome], entry, tries + 1)
