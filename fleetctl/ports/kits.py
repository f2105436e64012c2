"""What is remembered of the kits that left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fleetctl.core.kit.record import Kit
    from fleetctl.core.rollout.state import Noted


class Kits(Protocol):
    """The kits of a state. None is ever forgotten."""

    def kits(self) -> Sequence[Kit]:
        """Return every kit, the newest last."""
        ...

    def keep(self, kit: Kit, note: Noted) -> None:
        """Add a kit, or replace what is known of it, and note it in the event log, in one transaction."""
        ...
