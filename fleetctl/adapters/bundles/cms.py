"""Reads and checks a CMS signature (RFC 5652), the form in which RAUC signs. Whether its signer is trusted: `chain`.

It is as strict as RAUC: the content's digest and type have to be among the signed attributes, and exactly one signer
signs. What is not DER, or uses another algorithm than those below, is refused.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

from fleetctl.adapters.bundles import der
from fleetctl.adapters.bundles.der import BadDer, Element

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.hashes import HashAlgorithm

SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
RSA_PSS = "1.2.840.113549.1.1.10"
RSA = {"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13", RSA_PSS}
ECDSA_WITH = {"1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4"}
ED25519 = "1.3.101.112"
VERSIONS = (b"\1", b"\3", b"\4", b"\5")
HASHES: dict[str, type[SHA256 | SHA384 | SHA512]] = {
    "2.16.840.1.101.3.4.2.1": SHA256,
    "2.16.840.1.101.3.4.2.2": SHA384,
    "2.16.840.1.101.3.4.2.3": SHA512,
}


class BadSignature(ValueError):
    """Raised when a signature is none, or does not fit; says why."""


@dataclass(frozen=True)
class Signed:
    """A message as it was read.

    Attributes:
        content: what the message carries; None if it was signed apart from it.
        content_type: object identifier of what was signed.
        certificates: that came with it; nobody vouches for them yet.
        signer: the signer's certificate, one of them.
        hash: of the content and of the signature.
        attributes: signed attributes, in the form that is signed.
        values: first value of each of them, by its object identifier.
        algorithm: object identifier of the signature's algorithm.
        signature: over the attributes.
    """

    content: bytes | None
    content_type: str
    certificates: tuple[x509.Certificate, ...]
    signer: x509.Certificate
    hash: HashAlgorithm
    attributes: bytes
    values: dict[str, Element]
    algorithm: str
    signature: bytes


def read(message: bytes) -> Signed:
    """Read a message; nothing of it is checked yet.

    Raises:
        BadSignature: if it is not a signature that can be checked here.
    """
    try:
        return _read(message)
    except (BadDer, ValueError, UnsupportedAlgorithm) as error:
        raise BadSignature(f"the signature cannot be read: {error}") from error


def verify(signed: Signed, content_digest: bytes) -> None:
    """Check that the signer signed content of this digest.

    Args:
        signed: the message.
        content_digest: of the content, by `signed.hash`.

    Raises:
        BadSignature: if not.
    """
    claimed = signed.values.get(MESSAGE_DIGEST)
    if claimed is None or claimed.tag != der.OCTETS or not hmac.compare_digest(claimed.content, content_digest):
        raise BadSignature("the signature is of other content")
    try:
        kind = signed.values.get(CONTENT_TYPE)
        if kind is None or der.oid(kind) != signed.content_type:
            raise BadDer("it does not say what was signed")
        _verify_key(signed)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise BadSignature("the signature is not by the key of its certificate") from error


def digest(name: HashAlgorithm, parts: Iterable[bytes]) -> bytes:
    """Return the digest of content that comes in parts."""
    hashed = hashlib.new(name.name)
    for part in parts:
        hashed.update(part)
    return hashed.digest()


def _read(message: bytes) -> Signed:
    outer = der.whole(message)
    if outer.tag != der.SEQUENCE or der.oid(outer.child(0, der.OID)) != SIGNED_DATA:
        raise BadDer("it is not signed data")
    data = outer.child(1, der.CONTEXT_0).child(0, der.SEQUENCE)
    _check_version(data)
    inner = data.child(2, der.SEQUENCE)
    content = next((element for element in inner.children() if element.tag == der.CONTEXT_0), None)
    certificates = _certificates(data)
    info = _only_signer(data)
    fields = list(info.children())
    attributes = info.child(3, der.CONTEXT_0)
    algorithm = info.child(2, der.SEQUENCE)
    return Signed(
        content=content.child(0, der.OCTETS).content if content else None,
        content_type=der.oid(inner.child(0, der.OID)),
        certificates=certificates,
        signer=_named(fields[1], certificates),
        hash=_hash(algorithm),
        # RFC 5652, 5.4: the digest is of the attributes as a SET OF, not as they are tagged in the message.
        attributes=bytes([der.SET]) + attributes.encoded[1:],
        values={der.oid(a.child(0, der.OID)): der.first(a.child(1, der.SET).content) for a in attributes.children()},
        algorithm=der.oid(info.child(4, der.SEQUENCE).child(0, der.OID)),
        signature=info.child(5, der.OCTETS).content,
    )


def _check_version(data: Element) -> None:
    if data.child(0, der.INTEGER).content not in VERSIONS:
        raise BadDer("it has a version that is not known here")


def _certificates(data: Element) -> tuple[x509.Certificate, ...]:
    found = next((element for element in data.children() if element.tag == der.CONTEXT_0), None)
    chosen = found.children() if found else ()
    return tuple(x509.load_der_x509_certificate(c.encoded) for c in chosen if c.tag == der.SEQUENCE)


def _only_signer(data: Element) -> Element:
    infos = [element for element in data.children() if element.tag == der.SET][1:]
    signers = list(infos[0].children()) if infos else []
    if len(signers) != 1:
        raise BadDer(f"it has {len(signers)} signers, not one")
    return signers[0]


def _named(name: Element, certificates: tuple[x509.Certificate, ...]) -> x509.Certificate:
    """Return the certificate that a signer is named by: issuer and serial number, or the identifier of its key."""
    for certificate in certificates:
        if name.tag == der.SEQUENCE:
            issuer, serial = name.child(0, der.SEQUENCE), name.child(1, der.INTEGER)
            number = int.from_bytes(serial.content, "big", signed=True)
            if certificate.issuer.public_bytes() == issuer.encoded and certificate.serial_number == number:
                return certificate
        elif _key_identifier(certificate) == name.content:
            return certificate
    raise BadDer("the signer's certificate is not in it")


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _hash(algorithm: Element) -> HashAlgorithm:
    name = der.oid(algorithm.child(0, der.OID))
    if name not in HASHES:
        raise BadDer(f"digest algorithm {name} is not among those that are trusted")
    return HASHES[name]()


def _verify_key(signed: Signed) -> None:
    key, algorithm = signed.signer.public_key(), signed.algorithm
    if isinstance(key, RSAPublicKey) and algorithm in RSA:
        padding = PSS(MGF1(signed.hash), PSS.AUTO) if algorithm == RSA_PSS else PKCS1v15()
        key.verify(signed.signature, signed.attributes, padding, signed.hash)
    elif isinstance(key, EllipticCurvePublicKey) and algorithm in ECDSA_WITH:
        key.verify(signed.signature, signed.attributes, ECDSA(signed.hash))
    elif isinstance(key, Ed25519PublicKey) and algorithm == ED25519:
        key.verify(signed.signature, signed.attributes)
    else:
        raise UnsupportedAlgorithm("a key of this kind does not sign bundles so")
