"""What is known of machines beside what their units are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fleetctl.core.commissioning.marked import Marked


class Machines(Protocol):
    """Marks of machines: in maintenance, quarantined, retired. They follow from the ledger, whoever wrote there."""

    def marked(self, units: Iterable[str] | None = None) -> Mapping[str, Marked]:
        """Return the marks of the machines at all units, or at those named, by the unit."""
        ...
