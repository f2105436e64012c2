"""The ledger as one sitting knows it: read once, then followed, with the checklist that it folds to.

What cannot be written, for the disk is full or the database away, is held and tried again. As long as something is held
nothing new is begun, so at most what was measured last is at stake, and that can be measured again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

from fleetctl.core.commissioning.checklist import Checklist, fold
from fleetctl.core.commissioning.ledger import Draft, Entry, in_order
from fleetctl.core.commissioning.load import LOAD
from fleetctl.core.inventory.fleet import Site
from fleetctl.core.problems import CouldNot
from fleetctl.ports import Clock, Ledger

REREAD_S = 20.0
"""Another engineer may write to the same state; so old may what is known of it be."""


class Book:
    """Entries of one site, and what follows from them."""

    def __init__(self, ledger: Ledger, site: Site, clock: Clock) -> None:
        self._ledger, self._site, self._clock = ledger, site, clock
        self._held: list[Draft] = []
        self._entries: list[Entry] = []
        self._folded: tuple[Sequence[Entry], Checklist] | None = None
        self._judged: tuple[Sequence[Entry], Set[tuple[str, str]]] | None = None
        self._read_s = 0.0
        self._read_up_to: dict[str, int] = {}
        """Number of the last entry of each writer that was read. What was written from here counts as read only when it
        was: another process of this state writes under the same name, perhaps in between."""
        self._read()

    @property
    def entries(self) -> Sequence[Entry]:
        """Return what is written."""
        return self._entries

    @property
    def checklist(self) -> Checklist:
        """Return how everything stands. Instruments ask in their own threads, while entries are written in another."""
        entries, folded = self._entries, self._folded
        if folded is None or folded[0] is not entries:
            self._folded = folded = (entries, fold(self._site, entries))
        return folded[1]

    @property
    def judged(self) -> Set[tuple[str, str]]:
        """Return the loads of which something is written, each by its unit's name and its id."""
        entries, judged = self._entries, self._judged
        if judged is None or judged[0] is not entries:
            self._judged = judged = (entries, frozenset(_loads(entries)))
        return judged[1]

    @property
    def holds(self) -> bool:
        """Say whether something could not be written yet."""
        return bool(self._held)

    def write(self, drafts: Iterable[Draft]) -> None:
        """Write entries.

        Raises:
            CouldNot: if they cannot be written now; they are held then.
        """
        self._held += drafts
        if not self._held:
            return
        written = self._ledger.append(self._held)
        self._held = []
        self._entries = [*self._entries, *written]

    def drop(self, drafts: Sequence[Draft]) -> None:
        """Forget what is held of a line: whoever said it is told, and says it again."""
        self._held = [held for held in self._held if not any(held is draft for draft in drafts)]

    def follow(self) -> None:
        """Take in what others have written, now and then; a state that is away is read later."""
        if self._clock.now().monotonic_s - self._read_s < REREAD_S:
            return
        try:
            self._read()
        except CouldNot:
            self._read_s = self._clock.now().monotonic_s

    def _read(self) -> None:
        read = self._ledger.entries(self._site.id, beyond=self._read_up_to)
        for entry in read:
            self._read_up_to[entry.writer] = max(entry.number, self._read_up_to.get(entry.writer, 0))
        known = {(entry.writer, entry.number) for entry in self._entries}
        if news := [entry for entry in read if (entry.writer, entry.number) not in known]:
            self._entries = in_order([*self._entries, *news])
        self._read_s = self._clock.now().monotonic_s


def _loads(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        if LOAD in entry.draft.detail:
            yield entry.draft.subject, str(entry.draft.detail[LOAD])
