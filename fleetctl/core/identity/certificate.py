"""The certificate of a machine: what stands in it, how long it holds, and how it stands at a time.

A certificate says two things: which machine it is (subject: its serial) and which place it stands at (alternative
names: the unit's address as a URI, its host name, its network address). The place may change, so a machine that moves
gets a new one.

    now ----- not_before ------------------------- due ----------- not_after
              (an hour before it was issued:       renewed from
              a unit's clock may be behind)        here on
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from fleetctl.core.identity.reasons import Reason
from fleetctl.core.inventory.fleet import Authority, Fleet, Unit

CLOCK_SKEW = timedelta(hours=1)
"""How far a unit's clock may be behind: it begins to believe its certificate at once."""


class Health(StrEnum):
    """How a certificate stands."""

    VALID = "valid"
    DUE = "due"
    """It is to be renewed, and holds until then."""
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a certificate is to say.

    Attributes:
        serial: of the machine.
        unit: name of the place.
        uri: that names the place in the certificate.
        host_name: of the unit.
        address: of the unit, in the site's network.
        not_before, not_after: aware, whole seconds.
        crl_url: where the list of revoked certificates is; empty if that is nowhere.
    """

    serial: str
    unit: str
    uri: str
    host_name: str
    address: str
    not_before: datetime
    not_after: datetime
    crl_url: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that was issued, as the registry keeps it.

    Attributes:
        number: the certificate's own, in lower-case hexadecimal; not the machine's serial.
        serial: of the machine.
        key: SHA-256 of the public key (SubjectPublicKeyInfo), in hexadecimal.
        fingerprint: SHA-256 of the certificate, in hexadecimal.
        pem: the certificate itself.
        actor: who asked for it.
        revoked: when it was revoked; None if it was not.
    """

    number: str
    serial: str
    unit: str
    key: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    pem: str
    actor: str
    revoked: datetime | None = None
    reason: Reason | None = None

    def health(self, at: datetime, renew: timedelta) -> Health:
        """Say how it stands.

        Args:
            at: when.
            renew: how long before its end it is to be renewed.
        """
        if self.revoked is not None:
            return Health.REVOKED
        if at >= self.not_after:
            return Health.EXPIRED
        return Health.DUE if at >= self.not_after - renew else Health.VALID

    def as_revoked(self, reason: Reason, at: datetime) -> Certificate:
        """Return it as it is once it is revoked; what was revoked before stays as it was."""
        return self if self.revoked is not None else replace(self, revoked=at, reason=reason)

    def holds(self, at: datetime) -> bool:
        """Say whether others believe it, as far as they know of revocations."""
        return self.revoked is None and at < self.not_after


def profile_of(fleet: Fleet, authority: Authority, unit: Unit, at: datetime) -> Profile:
    """Return what the certificate of the machine at a unit is to say, if it is issued now."""
    begins = (at - CLOCK_SKEW).replace(microsecond=0)
    return Profile(
        serial=unit.serial,
        unit=unit.name,
        uri=uri_of(fleet.name, unit.name),
        host_name=f"{unit.host_name}.{unit.site}",
        address=unit.address,
        not_before=begins,
        not_after=begins + CLOCK_SKEW + timedelta(days=authority.valid_days),
        crl_url=authority.crl_url,
    )


def uri_of(fleet: str, unit: str) -> str:
    """Return the address that names a unit in certificates: `fleet://FLEET/SITE/UNIT`."""
    return f"fleet://{fleet}/{unit}"
