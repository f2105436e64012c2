"""Keys for bundles: an authority, and a builder that it vouches for; made on this machine, kept by their owner.

RAUC refuses a certificate whose purpose is `codeSigning` alone, so the builder's names no purpose at all.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from fleetctl.adapters.key_usage import key_usage
from fleetctl.core.problems import CouldNot, InvalidInput, Problem

AUTHORITY_KEY, AUTHORITY, BUILDER_KEY, BUILDER = "authority.key", "authority.pem", "builder.key", "builder.pem"
_AUTHORITY_LIVES, _BUILDER_LIVES = timedelta(days=3650), timedelta(days=730)


def make_keys(folder: Path, name: str, now: datetime) -> None:
    """Make an authority and a builder.

    Args:
        folder: is made, and is for its owner alone; the authority's key is to be taken away from here.
        name: whom the certificates name.
        now: from when on they are valid.

    Raises:
        InvalidInput: if keys are there already.
        CouldNot: if the folder cannot be written.
    """
    present = [file for file in (AUTHORITY_KEY, BUILDER_KEY) if (folder / file).exists()]
    if present:
        hint = "keys are never overwritten: choose another folder"
        raise InvalidInput([Problem("keys-exist", f"{folder / file} is there already", hint=hint) for file in present])
    authority, builder = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    issuer = _named(f"{name} bundle authority")
    own = _certificate(issuer, issuer, authority, authority, now, _AUTHORITY_LIVES)
    signer = _certificate(_named(f"{name} bundle builder"), issuer, builder, authority, now, _BUILDER_LIVES)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, key in ((AUTHORITY_KEY, authority), (BUILDER_KEY, builder)):
            _write(folder / file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
        for file, certificate in ((AUTHORITY, own), (BUILDER, signer)):
            _write(folder / file, certificate.public_bytes(Encoding.PEM), 0o644)
    except OSError as error:
        raise CouldNot(f"{error.filename} cannot be written: {error.strerror}") from error


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    signed_by: EllipticCurvePrivateKey,
    now: datetime,
    lives: timedelta,
) -> x509.Certificate:
    is_authority = key is signed_by
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        # A unit's clock may be a day late when it boots for the first time.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + lives)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(key_usage(signs_certificates=is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_by.public_key()), critical=False)
        .sign(signed_by, SHA256())
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), mode)
