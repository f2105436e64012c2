"""Whether a machine that asks gets a certificate: pure, from its request, what is declared, and what was issued.

Asking again is safe. A key that has a certificate for the same machine and place gets that one again while it holds and
is not due, so that a step that is repeated after a cut issues nothing twice.

What is never done, whatever the request says:
    - a certificate for a serial that is not the one declared for the unit that was asked;
    - a certificate for a key that another machine has: a disk that was copied would be two machines with one identity;
    - anything that the request itself asks for besides its key: the certificate says what the inventory says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fleetctl.core.identity.certificate import Certificate, Health
from fleetctl.core.identity.reasons import Reason
from fleetctl.core.inventory.fleet import Unit


@dataclass(frozen=True, slots=True)
class Request:
    """What a machine asks for, its signature checked: it has the key.

    Attributes:
        serial: that it says it has.
        key: SHA-256 of its public key (SubjectPublicKeyInfo), in hexadecimal.
        pem: the request itself (PKCS #10).
    """

    serial: str
    key: str
    pem: str


@dataclass(frozen=True, slots=True)
class NoCertificate:
    """Why a machine gets no certificate.

    Attributes:
        suspect: it may be another machine than it says, so that a person has to look before anything else is done.
    """

    reason: str
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """The certificate that the machine has already."""

    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Issue:
    """A new certificate is to be issued."""


Answer = NoCertificate | Again | Issue


def decide(request: Request, unit: Unit, known: Iterable[Certificate], at: datetime, renew: timedelta) -> Answer:
    """Say what a machine gets.

    Args:
        request: what it asks for.
        unit: the place that it was reached at, as declared.
        known: certificates of this key, or of this machine.
        at: now.
        renew: how long before its end a certificate is to be renewed.
    """
    if not unit.serial:
        return NoCertificate(f"{unit.name} has no serial in the inventory, so nobody knows which machine belongs there")
    if request.serial != unit.serial:
        reason = f"{unit.name} answers as {request.serial or 'nobody'}, the inventory says {unit.serial}"
        return NoCertificate(reason, suspect=True)
    of_key = [certificate for certificate in known if certificate.key == request.key]
    for other in of_key:
        if other.serial != request.serial:
            reason = f"{unit.name} ({request.serial}) has the key of {other.serial} at {other.unit}: one is a copy"
            return NoCertificate(reason, suspect=True)
    if any(certificate.reason is Reason.KEY_COMPROMISE for certificate in of_key):
        return NoCertificate(
            f"the key of {unit.name} was given up as compromised; it has to make a new one", suspect=True
        )
    standing = [c for c in of_key if c.unit == unit.name and c.health(at, renew) is Health.VALID]
    return Again(max(standing, key=lambda c: c.not_after)) if standing else Issue()
