"""What a unit is registered as: with whom, under which name, and the digest that the unit itself keeps of it.

The digest covers what is declared, not the certificate: a renewal changes no registration. A plan compares the digest
that is wanted with the one that the unit shows, and looks at the certificate's end beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fleetctl.core.digest import digest_of
from fleetctl.core.facts import Facts
from fleetctl.core.identity.certificate import Certificate
from fleetctl.core.inventory.fleet import Authority, Fleet, Unit

NO_PLATFORM = "none"
ENROLMENT_SCHEMA = "fleetctl/enrolment/v1"


@dataclass(frozen=True, slots=True)
class Registration:
    """What a unit is registered as, as the registry keeps it.

    Attributes:
        unit: the place.
        serial: of the machine that stands there.
        digest: of what is declared of it, see `wanted`.
        number: of its certificate, in hexadecimal.
        platform: that it takes jobs from; `none` for heat only.
        node: its name there; empty for heat only.
        proof: what shows that it works there (a job); empty for heat only.
        at: when it was last found registered everywhere.
        actor: who asked for it.
    """

    unit: str
    serial: str
    digest: str
    number: str
    platform: str
    node: str
    proof: str
    at: datetime
    actor: str


def refusal(entry: Registration, certificate: Certificate | None) -> str | None:
    """Return why the registry may not take an entry, by the certificate of its number as it stands; None if it may."""
    if certificate is None or certificate.revoked is None:
        return None
    return f"{entry.unit}: its certificate {entry.number} was revoked"


def wanted(fleet: Fleet, unit: Unit) -> str:
    """Return the digest of what a unit should be registered as; empty if its fleet registers nothing."""
    if fleet.authority is None or not unit.serial:
        return ""
    return digest_of(
        {
            "authority": fleet.authority.root_sha256,
            "fleet": fleet.name,
            "unit": unit.name,
            "serial": unit.serial,
            "address": unit.address,
            "platform": unit.compute.platform,
        }
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a unit should be registered as, at a time.

    Attributes:
        digest: of what is declared; empty if nothing is asked for.
        at: now; None only if nothing is asked for.
        renew: how long before its end a certificate is renewed.
    """

    digest: str = ""
    at: datetime | None = None
    renew: timedelta = timedelta()

    def lacking(self, seen: Facts) -> str | None:
        """Return why a unit has to be registered (again), in words; None if it need not be."""
        if self.at is None:
            return None
        return why_register(self.digest, seen.registration, seen.certificate_until, self.at, self.renew)


NOTHING_WANTED = Wanted()


def wanted_at(fleet: Fleet, unit: Unit, at: datetime) -> Wanted:
    """Return what a unit should be registered as now."""
    authority = fleet.authority
    return Wanted(wanted(fleet, unit), at, renewal(authority)) if authority else NOTHING_WANTED


def renewal(authority: Authority) -> timedelta:
    """Return how long before its end a certificate is renewed."""
    return timedelta(days=authority.renew_days)


def why_register(digest: str, seen: str, until: datetime | None, at: datetime, renew: timedelta) -> str | None:
    """Return why a unit has to be registered (again), in words; None if it need not be.

    Args:
        digest: of what it should be registered as; empty if nothing is asked for.
        seen: the digest that it shows.
        until: the end of its certificate, as it shows it.
        at: now.
        renew: how long before that end the certificate is renewed.
    """
    if not digest:
        return None
    if not seen:
        return "it is not registered"
    if seen != digest:
        return "it is registered as something else"
    if until is None or at >= until:
        return "its certificate has ended"
    if at >= until - renew:
        return f"its certificate ends on {until:%Y-%m-%d}"
    return None
