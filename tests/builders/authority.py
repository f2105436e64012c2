"""A fleet's CA made at run time, and machines that ask it for certificates; nothing of it is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from fleetctl.adapters.identity.authority import FleetAuthority
from fleetctl.adapters.identity.keys import CaKeys
from fleetctl.core.identity.certificate import Profile

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def an_authority(folder: Path, at: datetime = NOON, fleet: str = "test-fleet") -> FleetAuthority:
    """Hold the ceremony in a folder; root and issuing keys lie together."""
    keys = CaKeys(folder / "keys")
    made = FleetAuthority(folder / "authority", keys)
    made.begin(fleet, keys, at)
    return FleetAuthority(folder / "authority", keys)


def a_request(serial: str = "QR-1", key: EllipticCurvePrivateKey | None = None) -> str:
    """Return a request for a certificate in PEM, as a machine makes it."""
    name = x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, serial)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(key or generate_private_key(SECP256R1()), SHA256()).public_bytes(Encoding.PEM).decode()


def a_profile(unit: str = "site/unit", serial: str = "QR-1", at: datetime = NOON, days: int = 90) -> Profile:
    """Return what a certificate is to say."""
    begins = at - timedelta(hours=1)
    host = ".".join(reversed(unit.split("/")))
    end = at + timedelta(days=days)
    return Profile(serial, unit, f"fleet://test-fleet/{unit}", host, "10.77.1.11", begins, end)
