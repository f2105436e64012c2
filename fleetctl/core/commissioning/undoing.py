"""What of a ledger still counts: an entry that was taken back does not, and neither does an undoing that was undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from fleetctl.core.commissioning.ledger import Entry, in_order
from fleetctl.core.commissioning.stages import Outcome

TAKES_BACK = "entry"
"""Key of an undoing's detail: digest of the entry that it takes back. Without it, all that was said of the stage is."""


def undoing_of(entry: Entry) -> Mapping[str, Any]:
    """Return the detail of an entry with outcome `undone` that takes back exactly this one."""
    return {TAKES_BACK: entry.digest}


def effective(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that nobody took back, in the order that everybody agrees on.

    It is by digest that an undoing names what it takes back, so that the clock of the laptop on which it was written
    does not matter; an entry holds the digest of what it names, so no two can name each other.
    """
    ordered = in_order(entries)
    undoings = defaultdict(list)
    for entry in ordered:
        if entry.draft.outcome is Outcome.UNDONE and TAKES_BACK in entry.draft.detail:
            undoings[str(entry.draft.detail[TAKES_BACK])].append(entry.digest)
    known: dict[str, bool] = {}
    return [entry for entry in ordered if _stands(entry.digest, undoings, known)]


def _stands(digest: str, undoings: Mapping[str, list[str]], known: dict[str, bool]) -> bool:
    if digest not in known:
        known[digest] = not any(_stands(by, undoings, known) for by in undoings.get(digest, ()))
    return known[digest]
