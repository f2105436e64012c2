"""The fleet's own CA: its certificates hold for a while before they are renewed."""

from __future__ import annotations

from collections.abc import Iterator

from fleetctl.core.inventory.flaws import Flaw
from fleetctl.core.inventory.fleet import Fleet


def renewed_before_the_end(fleet: Fleet) -> Iterator[Flaw]:
    """A certificate is not due as soon as it is issued: it would be issued anew at each look."""
    authority = fleet.authority
    if authority is not None and authority.renew_days >= authority.valid_days:
        message = f"a certificate holds {authority.valid_days} days and is renewed {authority.renew_days} days before"
        hint = "renew it when about a third of its time is left"
        yield Flaw(("fleet", "authority", "renew_days"), "renewed-at-once", message, hint)
