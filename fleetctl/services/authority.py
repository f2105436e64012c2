"""Take certificates back: by number, by machine or by place; and the list that tells others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fleetctl.core.identity.certificate import Certificate
from fleetctl.core.identity.reasons import Reason
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.ports.identity import Issuer, Registry


def revoke(registry: Registry, name: str, reason: Reason, *, actor: str, at: datetime) -> Sequence[Certificate]:
    """Revoke certificates that have not ended; returns those that were not revoked before.

    Args:
        registry: keeps them.
        name: a certificate's number, a machine's serial, or a unit's name.
        reason: why.
        actor: who says so.
        at: now.

    Raises:
        InvalidInput: if nothing of that name has a certificate that could be revoked.
    """
    named = [c for c in registry.certificates() if name in {c.number, c.serial, c.unit}]
    if not named:
        hint = "'fleetctl ca show' lists them"
        raise InvalidInput([Problem("no-certificate", f"nothing called '{name}' has a certificate", hint=hint)])
    return registry.revoke([c.number for c in named if at < c.not_after], reason, actor=actor, at=at)


def revocations(registry: Registry, issuer: Issuer, at: datetime) -> bytes:
    """Return the signed list of revoked certificates; one that has ended by itself is believed by nobody anyway.

    Raises:
        CouldNot: if the signing key is not here.
    """
    return issuer.revocations([c for c in registry.certificates() if c.revoked and at < c.not_after], at)
