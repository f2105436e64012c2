"""X.509 as the fleet's CA writes it: two kinds of certificate above, one of machines, the list of revoked ones.

What stands in them follows RFC 5280. Serial numbers are 20 random bytes. The CA's own path is as short as it can be:
the root signs issuing certificates (path length 1), those sign machines (path length 0).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fleetctl.adapters.key_usage import key_usage
from fleetctl.core.identity.certificate import CLOCK_SKEW, Certificate, Profile
from fleetctl.core.identity.reasons import Reason

ROOT_DAYS = 20 * 365
ISSUING_DAYS = 2 * 365
CRL_DAYS = 7
"""How long a list of revoked certificates is believed; a new one is made in good time, from a timer."""


def root_certificate(fleet: str, key: EllipticCurvePrivateKey, at: datetime) -> x509.Certificate:
    """Return the certificate that everything else hangs on; its key signs it."""
    name = _name(fleet, "root")
    return _authority(name, name, key, key.public_key(), (at, ROOT_DAYS, 1)).sign(key, SHA256())


def issuing_certificate(
    fleet: str, key: EllipticCurvePrivateKey, root: x509.Certificate, root_key: EllipticCurvePrivateKey, at: datetime
) -> x509.Certificate:
    """Return the certificate of the key that signs machines' certificates; the root's key signs it.

    A later one for the same key has the same name, so that what was signed before, and the list of what is revoked of
    it, hang on either.
    """
    name = _name(fleet, "issuing")
    span = (at, ISSUING_DAYS, 0)
    return _authority(name, root.subject, root_key, key.public_key(), span).sign(root_key, SHA256())


def machine_certificate(
    profile: Profile, public: CertificatePublicKeyTypes, issuing: x509.Certificate, key: EllipticCurvePrivateKey
) -> x509.Certificate:
    """Return the certificate of a machine; it ends with the issuing one at the latest."""
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(profile.uri),
        x509.DNSName(profile.host_name),
        x509.IPAddress(ip_address(profile.address)),
    ]
    use = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    builder = (
        _builder(x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, profile.serial)]), issuing.subject, public)
        .not_valid_before(profile.not_before)
        .not_valid_after(min(profile.not_after, issuing.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(use), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if profile.crl_url:
        where = x509.DistributionPoint([x509.UniformResourceIdentifier(profile.crl_url)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([where]), critical=False)
    return builder.sign(key, SHA256())


def address_of(pem: str) -> str:
    """Return the network address that a machine's certificate names; empty if it names none."""
    extensions = x509.load_pem_x509_certificate(pem.encode()).extensions
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ""
    return next((str(address) for address in names.get_values_for_type(x509.IPAddress)), "")


def revocation_list(
    revoked: Iterable[Certificate], issuing: x509.Certificate, key: EllipticCurvePrivateKey, at: datetime
) -> x509.CertificateRevocationList:
    """Return the signed list of certificates that are revoked; its number is its time, so a later list has a higher."""
    whole = at.replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuing.subject)
        .last_update(whole)
        .next_update(whole + timedelta(days=CRL_DAYS))
        .add_extension(x509.CRLNumber(int(whole.timestamp())), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for certificate in revoked:
        builder = builder.add_revoked_certificate(_revoked(certificate))
    return builder.sign(key, SHA256())


def _revoked(certificate: Certificate) -> x509.RevokedCertificate:
    assert certificate.revoked is not None  # noqa: S101 - only those are listed
    builder = x509.RevokedCertificateBuilder().serial_number(int(certificate.number, 16))
    builder = builder.revocation_date(certificate.revoked.replace(microsecond=0))
    if certificate.reason not in {None, Reason.UNSPECIFIED}:
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(certificate.reason)), critical=False)
    return builder.build()


def _authority(
    subject: x509.Name,
    issuer: x509.Name,
    signer: EllipticCurvePrivateKey,
    public: CertificatePublicKeyTypes,
    span: tuple[datetime, int, int],
) -> x509.CertificateBuilder:
    """Return a certificate that may sign others; `span` is when it begins, for how many days, and its path length."""
    at, days, path_length = span
    begins = (at - CLOCK_SKEW).replace(microsecond=0)
    return (
        _builder(subject, issuer, public)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )


def _builder(subject: x509.Name, issuer: x509.Name, public: CertificatePublicKeyTypes) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(fleet: str, what: str) -> x509.Name:
    attributes = [(NameOID.ORGANIZATION_NAME, fleet), (NameOID.COMMON_NAME, f"{fleet} {what}")]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])
