"""Is a signer trusted by the fleet's keyring? As OpenSSL judges for RAUC: chain, validity, purpose.

Certificates that came with the message may link the signer to the keyring, and are trusted for nothing else. Revocation
lists are not asked: RAUC does not either unless it is told to; a key that leaked leaves the keyring.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from fleetctl.core.problems import CouldNot

T = TypeVar("T", bound=x509.ExtensionType)

LINKS = 5
"""Certificates between a signer and the keyring, at most."""
_KNOWN = {
    x509.BasicConstraints.oid,
    x509.KeyUsage.oid,
    x509.ExtendedKeyUsage.oid,
    x509.SubjectKeyIdentifier.oid,
    x509.AuthorityKeyIdentifier.oid,
}
_SIGNING = {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


def read_keyring(file: Path) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a file in PEM.

    Raises:
        CouldNot: if there are none.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(file.read_bytes()))
    except OSError as error:
        hint = f"put the certificates that units believe into {file}, in PEM"
        raise CouldNot(f"the fleet's keyring {file} cannot be read: {error.strerror}", hint=hint) from error
    except ValueError as error:
        raise CouldNot(f"the fleet's keyring {file} holds no certificates in PEM") from error


def distrust(
    signer: x509.Certificate,
    others: Sequence[x509.Certificate],
    keyring: Sequence[x509.Certificate],
    now: datetime,
) -> str | None:
    """Return why a signer is not trusted, in words; None if the keyring vouches for it.

    Args:
        signer: whose key signed.
        others: certificates that came with the signature.
        keyring: that are trusted.
        now: in UTC.
    """
    if reason := _unfit_to_sign(signer):
        return reason
    certificate, seen = signer, [signer]
    while True:
        if reason := _invalid(certificate, now):
            return reason
        if certificate in keyring:
            return None
        issuer = _issuer(certificate, [*keyring, *others], len(seen) - 1)
        if issuer is None or issuer in seen or len(seen) > LINKS:
            return f"the fleet's keyring does not vouch for {name_of(signer)}"
        certificate = issuer
        seen.append(issuer)


def name_of(certificate: x509.Certificate) -> str:
    """Return whom a certificate names."""
    return certificate.subject.rfc4514_string() or f"serial number {certificate.serial_number}"


def _issuer(
    certificate: x509.Certificate, candidates: Sequence[x509.Certificate], below: int
) -> x509.Certificate | None:
    for candidate in candidates:
        try:
            certificate.verify_directly_issued_by(candidate)
        except (InvalidSignature, TypeError, ValueError):
            continue
        if _may_issue(candidate, below):
            return candidate
    return None


def _may_issue(certificate: x509.Certificate, below: int) -> bool:
    """Say whether it is an authority for a chain with so many authorities below it."""
    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
        return False
    return constraints.path_length is None or below <= constraints.path_length


def _unfit_to_sign(certificate: x509.Certificate) -> str | None:
    usage = _extension(certificate, x509.KeyUsage)
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return f"the certificate of {name_of(certificate)} is not for signatures"
    if purposes is not None and not _SIGNING & set(purposes):
        return f"the certificate of {name_of(certificate)} has an unsuitable purpose: units would refuse it"
    return None


def _invalid(certificate: x509.Certificate, now: datetime) -> str | None:
    if now < certificate.not_valid_before_utc:
        return f"the certificate of {name_of(certificate)} is not valid yet"
    if now > certificate.not_valid_after_utc:
        return f"the certificate of {name_of(certificate)} ended at {certificate.not_valid_after_utc:%Y-%m-%d}"
    if any(extension.critical and extension.oid not in _KNOWN for extension in certificate.extensions):
        return f"the certificate of {name_of(certificate)} has a critical extension that is not known here"
    return None


def _extension(certificate: x509.Certificate, kind: type[T]) -> T | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
