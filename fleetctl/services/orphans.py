"""Retire units that are in the inventory no more: from outside, for nobody knows the way to them.

Revoked, unregistered, forgotten, in this order, and safe to repeat. What still runs there goes on heating; nobody who
reads the list of revoked certificates believes it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from fleetctl.core.identity.reasons import Reason
from fleetctl.ports import State
from fleetctl.ports.platform import Platform

PlatformNamed = Callable[[str], Platform]
"""Returns the platform of an id; raises `CouldNot` if nobody here speaks with it."""
WHY = "it is not in the inventory any more"


def retire_all(
    state: State, orphans: Sequence[str], platform_named: PlatformNamed, *, actor: str, at: datetime
) -> Iterator[str]:
    """Retire units; yields in words what was done.

    Raises:
        CouldNot: if a platform cannot be asked; units before it are retired.
    """
    registry = state.registry
    for unit in orphans:
        held = [c.number for c in registry.certificates() if c.unit == unit and c.holds(at)]
        registry.revoke(held, Reason.CESSATION_OF_OPERATION, actor=actor, at=at)
        entry = registry.registrations([unit]).get(unit)
        if entry is not None and entry.node:
            platform_named(entry.platform).remove(entry.node)
        registry.unregister(unit, actor=actor, at=at)
        state.units.forget(unit, actor=actor, at=at, why=WHY)
        yield f"{unit}: retired, {len(held)} certificates revoked; it is not wiped"
