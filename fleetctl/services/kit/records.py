"""What is remembered of kits: found by their ids, revoked when they are lost."""

from __future__ import annotations

from datetime import datetime

from fleetctl.core.kit.record import Kit, revoked
from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.ports import State


def known_kit(state: State, kit: str) -> Kit:
    """Return a kit by its id, or by an unambiguous start of it.

    Raises:
        InvalidInput: if there is none, or more than one.
    """
    kits = state.kits.kits()
    found = [each for each in kits if each.id == kit] or [each for each in kits if each.id.startswith(kit)]
    if len(found) != 1:
        fact = f"'{kit}' is the start of {len(found)} kits" if found else f"this state never made a kit '{kit}'"
        hint = did_you_mean(kit, [each.id for each in kits]) or "'fleetctl commission kits' lists them"
        raise InvalidInput([Problem("unknown-kit", fact, hint=hint)])
    return found[0]


def revoke(state: State, kit: str, *, actor: str, at: datetime, reason: str) -> Kit:
    """Never take a kit's results in again; returns it.

    Raises:
        InvalidInput: if there is no such kit.
    """
    lost = known_kit(state, kit).after_revocation(actor, at, reason)
    state.kits.keep(lost, revoked(lost, at))
    return lost
