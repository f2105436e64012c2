"""Whether a unit has to be registered, and how: pure, from what it shows and what the registry has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fleetctl.core.facts import Facts
from fleetctl.core.identity.certificate import Certificate
from fleetctl.core.identity.registration import Registration, why_register


@dataclass(frozen=True, slots=True)
class Need:
    """A unit is to be registered.

    Attributes:
        why: in words.
        renew: with a new key, because the one in force has had its time or is not trusted any more.
    """

    why: str
    renew: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the registry has.

    Attributes:
        registrations: by unit.
        certificates: by their number.
    """

    registrations: Mapping[str, Registration]
    certificates: Mapping[str, Certificate]


def need_of(digest: str, seen: Facts, known: Known, at: datetime, renew: timedelta) -> Need | None:
    """Say what a unit needs; None if it is registered with everybody.

    Args:
        digest: of what it should be registered as.
        seen: what it shows.
        known: what the registry has.
        at: now.
        renew: how long before its end a certificate is renewed.
    """
    why = why_register(digest, seen.registration, seen.certificate_until, at, renew)
    if why is not None:
        return Need(why, renew=seen.registration == digest)
    certificate, entry = known.certificates.get(seen.certificate), known.registrations.get(seen.unit)
    if certificate is None:
        return Need("nobody here has issued its certificate")
    if certificate.revoked is not None:
        return Need("its certificate is revoked", renew=True)
    if entry is None or (entry.digest, entry.number) != (digest, seen.certificate):
        return Need("the registry does not have it so")
    return None


def read_back(digest: str, seen: Facts, known: Known) -> str | None:
    """Return what is not as it should be once a unit was registered, in words; None if all is."""
    if seen.registration != digest:
        return "it does not show that it is registered"
    entry = known.registrations.get(seen.unit)
    if entry is None or (entry.digest, entry.number) != (digest, seen.certificate):
        return "the registry has another certificate than it shows"
    return None
