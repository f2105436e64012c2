"""What is remembered of commissionings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from fleetctl.core.commissioning.ledger import Draft, Entry
    from fleetctl.core.commissioning.reservation import Reserved

T = TypeVar("T")


class Ledger(Protocol):
    """The ledger of commissionings: only ever added to, chained per writer, covered by the event log."""

    def append(self, drafts: Iterable[Draft]) -> Sequence[Entry]:
        """Write entries as this state's own, in their order, in one transaction; returns them with their digests."""
        ...

    def entries(self, site: str | None = None, *, beyond: Mapping[str, int] | None = None) -> Sequence[Entry]:
        """Return the entries of a site, or all, in the order that everybody agrees on (`in_order`).

        Args:
            site: its id; None for all.
            beyond: number of the last entry of each writer that is known already; it and those before are left out.
        """
        ...

    def merge(self, entries: Iterable[Entry]) -> Sequence[Entry]:
        """Take in entries of other writers, in one transaction; returns those that are new here.

        An entry that is there already is passed over, so merging twice changes nothing.

        Raises:
            CouldNot: if the chain of a writer would have a gap, a change or a fork; nothing is taken in then.
        """
        ...


class Reservations(Protocol):
    """The loads that units were admitted to, site by site."""

    def change(self, site: str, decide: Callable[[Reserved], tuple[Reserved, T]]) -> T:
        """Decide on all reservations of a site, and keep what was decided, in one transaction; processes take turns.

        Args:
            site: its id.
            decide: returns those that stand from now on, and an answer. It is quick, and asks the state nothing; if it
                raises, all stays as it was.
        """
        ...
