"""Who knew of which entry when it wrote one: only what neither side knew of can be a conflict. Pure.

A kit knows what it was given when it left. The state at home knows of a kit's entries from the merge on that brought
them. So the answer is the same in whatever order kits are merged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fleetctl.core.commissioning.ledger import Entry
from fleetctl.core.kit.record import Kit


@dataclass(frozen=True)
class Knowledge:
    """What writers knew.

    Attributes:
        home: UUID of the state that kits are merged into.
        kits: by their ids.
    """

    home: str
    kits: Mapping[str, Kit]

    def are_unaware(self, one: Entry, other: Entry) -> bool:
        """Say whether two entries were written without knowing of each other."""
        return one.writer != other.writer and not self._knew(one, other) and not self._knew(other, one)

    def _knew(self, later: Entry, earlier: Entry) -> bool:
        if later.writer in self.kits:
            return earlier.number <= self.kits[later.writer].known.get(earlier.writer, 0)
        merges = self.kits[earlier.writer].merges if earlier.writer in self.kits else ()
        return later.writer == self.home and any(later.number > m.home and earlier.number <= m.kit for m in merges)
