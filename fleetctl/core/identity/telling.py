"""What the event log says of certificates and registrations: numbers and names, never a key."""

from __future__ import annotations

from datetime import datetime

from fleetctl.core.identity.certificate import Certificate
from fleetctl.core.identity.registration import Registration
from fleetctl.core.rollout.state import Noted


def issued(certificate: Certificate, at: datetime) -> Noted:
    """Return the entry of a certificate that was issued."""
    text = f"certificate {certificate.number} for machine {certificate.serial} until {certificate.not_after:%Y-%m-%d}"
    return Noted("", certificate.unit, at, "certificate-issued", f"{text}, asked for by {certificate.actor}")


def revoked(certificate: Certificate, actor: str, at: datetime) -> Noted:
    """Return the entry of a certificate that was revoked."""
    why = certificate.reason.value if certificate.reason else ""
    text = f"certificate {certificate.number} of machine {certificate.serial} revoked by {actor}: {why}"
    return Noted("", certificate.unit, at, "certificate-revoked", text)


def registered(registration: Registration) -> Noted:
    """Return the entry of a unit that was registered."""
    where = f", node {registration.node} of {registration.platform}" if registration.node else ""
    text = f"machine {registration.serial} with certificate {registration.number}{where}, by {registration.actor}"
    return Noted("", registration.unit, registration.at, "unit-registered", text)


def unregistered(registration: Registration, actor: str, at: datetime) -> Noted:
    """Return the entry of a unit that is registered no more."""
    return Noted("", registration.unit, at, "unit-unregistered", f"machine {registration.serial}, by {actor}")
