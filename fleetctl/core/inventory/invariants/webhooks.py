"""Webhooks and the secrets that their messages are signed with."""

from __future__ import annotations

from collections.abc import Iterator

from fleetctl.core.inventory.flaws import Flaw
from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.inventory.invariants.places import dangling


def secrets(fleet: Fleet) -> Iterator[Flaw]:
    """The secret that a webhook's messages are signed with is declared."""
    for name, hook in fleet.webhooks.items():
        if hook.secret not in fleet.secrets:
            yield dangling(("fleet", "notify", name, "secret"), "secret", hook.secret, name, fleet.secrets)
