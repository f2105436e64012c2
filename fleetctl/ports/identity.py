"""Who vouches for machines, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from fleetctl.core.facts import Cause
from fleetctl.core.problems import CouldNot

if TYPE_CHECKING:
    from fleetctl.core.identity.certificate import Certificate, Profile
    from fleetctl.core.identity.issuing import Request
    from fleetctl.core.identity.reasons import Reason
    from fleetctl.core.identity.registration import Registration


class NotRegistered(CouldNot):
    """Raised when a unit is not registered; the cause says whether a person has to look, or asking again is enough."""

    def __init__(self, message: str, *, cause: Cause, hint: str = "") -> None:
        self.cause = cause
        super().__init__(message, hint=hint)


@dataclass(frozen=True, slots=True)
class Chain:
    """The certificates above those of machines.

    Attributes:
        root: in PEM.
        issuing: of the key that signs, in PEM; signed by the root's.
        root_sha256: of the root certificate, in hexadecimal.
        issuing_until: end of the issuing certificate; no machine's outlives it.
    """

    root: str
    issuing: str
    root_sha256: str
    issuing_until: datetime


class Issuer(Protocol):
    """The fleet's CA, as far as it is on this machine."""

    def chain(self) -> Chain:
        """Return the certificates above those of machines.

        Raises:
            CouldNot: if they are not there, or do not belong together.
        """
        ...

    def read(self, request: str) -> Request:
        """Read a machine's request in PEM, its signature checked.

        Raises:
            CouldNot: if it is none, or was made without the key that it names.
        """
        ...

    def issue(self, request: Request, profile: Profile, actor: str) -> Certificate:
        """Issue a certificate; it says what the profile says, for the request's key.

        Raises:
            CouldNot: if the signing key is not here, or its own certificate has ended.
        """
        ...

    def revocations(self, revoked: Iterable[Certificate], at: datetime) -> bytes:
        """Return the signed list of revoked certificates in DER.

        Raises:
            CouldNot: as `issue`.
        """
        ...


class Registry(Protocol):
    """Every certificate that was issued, and what each unit is registered as."""

    def certificates(self, *, serial: str = "", key: str = "") -> Sequence[Certificate]:
        """Return certificates, the oldest first: all, or those of a machine, of a key, or of either."""
        ...

    def certificate(self, number: str) -> Certificate | None:
        """Return the certificate of a number."""
        ...

    def keep(self, certificate: Certificate, at: datetime) -> None:
        """Keep a certificate that was issued; the event log says so."""
        ...

    def revoke(self, numbers: Iterable[str], reason: Reason, *, actor: str, at: datetime) -> Sequence[Certificate]:
        """Revoke certificates; returns those that were not revoked before, as they are now."""
        ...

    def registrations(self, units: Iterable[str] | None = None) -> Mapping[str, Registration]:
        """Return what units are registered as, all or those named; one that is not registered has none."""
        ...

    def register(self, registration: Registration) -> None:
        """Remember what a unit is registered as, in the place of what it was; the event log says so.

        Raises:
            NotRegistered: if the certificate that it is registered with was revoked.
        """
        ...

    def unregister(self, unit: str, *, actor: str, at: datetime) -> Registration | None:
        """Forget what a unit is registered as; returns what it was."""
        ...
