"""What the key of an X.509 certificate may be used for, alike for bundles' and for machines' certificates."""

from __future__ import annotations

from cryptography import x509


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Return that a key signs certificates and lists of revoked ones, or that it signs anything else."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
