"""Signed releases for stand-ins: bundles that `release add` takes as RAUC's, and the key that signs them.

A release may be made to fail in one of the ways that real ones do.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs7,
)
from cryptography.x509.oid import NameOID

from fleetctl.core.problems import CouldNot
from fleetctl.lab.unit import bundle

FAILURES = {
    "panic": {"etc/fleet/panic": "its kernel gives up as it boots\n"},
    "no-agent": {"etc/fleet/no-agent": "its heat agent does not start\n"},
    "no-heat": {"etc/fleet/no-heat": "its heat agent writes, and heats by nothing\n"},
}
"""Ways in which a release can fail, with the files that make it do so."""
_VALID = timedelta(days=3650)


@dataclass(frozen=True)
class Signer:
    """A key that signs bundles, and the certificate that a keyring has to hold."""

    key: EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """Return the certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def sign(self, payload: bytes) -> bytes:
        """Return what follows a payload: its signature in CMS, and the size of that."""
        options = [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities, pkcs7.PKCS7Options.DetachedSignature]
        builder = pkcs7.PKCS7SignatureBuilder().set_data(payload).add_signer(self.certificate, self.key, SHA256())
        signature = builder.sign(Encoding.DER, options)
        return signature + len(signature).to_bytes(8, "big")


def build(
    path: Path,
    compatible: str,
    version: str,
    signer: Signer,
    *,
    fails: str = "",
    ballast_bytes: int = 0,
    like: str = "",
) -> None:
    """Write a signed bundle.

    Args:
        path: of the bundle; ends in `.raucb`.
        compatible: which machines it is for.
        version: of the system.
        signer: signs it.
        fails: how its system fails, of `FAILURES`; empty if it does not.
        ballast_bytes: what it is larger by, so that it is as slow to carry as a real one.
        like: version whose ballast it has; empty for one of its own.
    """
    files = FAILURES[fails] if fails else {}
    bundle.write(path, compatible, version, files, ballast=ballast(like or version, ballast_bytes))
    with path.open("r+b") as file:
        signature = signer.sign(file.read())
        file.write(signature)


def ballast(version: str, size: int) -> bytes:
    """Return so many bytes that no program makes smaller, the same for the same version."""
    return random.Random(version).randbytes(size)  # noqa: S311 - no secret


def signer_in(folder: Path, now: datetime | None = None) -> Signer:
    """Return the signer whose key and certificate are in a folder; makes them if there are none.

    Raises:
        CouldNot: if what is there cannot be used.
    """
    key_file, certificate_file = folder / "key.pem", folder / "certificate.pem"
    try:
        if not key_file.exists():
            _make(key_file, certificate_file, now or datetime.now(UTC))
        key = load_pem_private_key(key_file.read_bytes(), None)
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        hint = f"remove {folder}, and another signer is made"
        raise CouldNot(f"the lab's signer in {folder} cannot be used: {error}", hint=hint) from error
    if not isinstance(key, EllipticCurvePrivateKey):
        raise CouldNot(
            f"{key_file} is not a key on an elliptic curve", hint=f"remove {folder}, and another one is made"
        )
    return Signer(key, certificate)


def _make(key_file: Path, certificate_file: Path, now: datetime) -> None:
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fleetctl lab (not for real units)")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    certificate_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_file.touch(0o600)
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
