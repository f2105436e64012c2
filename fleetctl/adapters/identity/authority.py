"""The fleet's CA on this machine: certificates in the fleet's folder, the signing key if it is here. Fills `Issuer`.

The root's key is needed only to make or renew the issuing certificate, so it may lie in a safe meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from fleetctl.adapters.identity import certificates
from fleetctl.adapters.identity.keys import CaKeys
from fleetctl.adapters.whole_file import write_whole
from fleetctl.core.digest import digest
from fleetctl.core.identity.certificate import Certificate, Profile
from fleetctl.core.identity.issuing import Request
from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.ports.identity import Chain

FOLDER = "authority"
"""Of the CA's certificates, beside `fleet.yaml`; they are public."""
ROOT, ISSUING = "root", "issuing"


@dataclass(frozen=True)
class FleetAuthority:
    """The CA of one fleet.

    Attributes:
        folder: of the certificates.
        keys: where the signing key is.
        pinned: SHA-256 that the root certificate has to have; empty before it is declared.
        away: why the CA is not on this machine on purpose, in words; empty if it is.
    """

    folder: Path
    keys: CaKeys
    pinned: str = ""
    away: str = ""

    def chain(self) -> Chain:
        """Return the certificates above those of machines.

        Raises:
            CouldNot: if they are not there, or do not belong together.
        """
        root, issuing = self._certificates
        return Chain(_pem(root), _pem(issuing), _sha256(root), issuing.not_valid_after_utc)

    def read(self, request: str) -> Request:
        """Read a machine's request in PEM, its signature checked.

        Raises:
            CouldNot: if it is none, or was made without the key that it names.
        """
        parsed = _parsed(request)
        public = _supported(parsed)
        serials = parsed.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
        return Request(str(serials[0].value) if serials else "", digest(_spki(public)), request)

    def issue(self, request: Request, profile: Profile, actor: str) -> Certificate:
        """Issue a certificate; it says what the profile says, for the request's key.

        Raises:
            CouldNot: if the signing key is not here, or its own certificate has ended.
        """
        _, issuing = self._certificates
        if profile.not_before >= issuing.not_valid_after_utc:
            hint = "'fleetctl ca renew' makes another, with the root's key"
            raise CouldNot(f"the CA's issuing certificate ended on {issuing.not_valid_after_utc:%Y-%m-%d}", hint=hint)
        made = certificates.machine_certificate(profile, _supported(_parsed(request.pem)), issuing, self._key)
        return Certificate(
            number=f"{made.serial_number:x}",
            serial=profile.serial,
            unit=profile.unit,
            key=request.key,
            fingerprint=_sha256(made),
            not_before=made.not_valid_before_utc,
            not_after=made.not_valid_after_utc,
            pem=_pem(made),
            actor=actor,
        )

    def revocations(self, revoked: Iterable[Certificate], at: datetime) -> bytes:
        """Return the signed list of revoked certificates in DER.

        Raises:
            CouldNot: as `issue`.
        """
        _, issuing = self._certificates
        return certificates.revocation_list(revoked, issuing, self._key, at).public_bytes(Encoding.DER)

    def begin(self, fleet: str, root_keys: CaKeys, at: datetime) -> Chain:
        """Hold the ceremony: make both keys and both certificates.

        Raises:
            InvalidInput: if there is a CA already, or keys would come to lie in a repository.
            CouldNot: if the file system refuses, or the CA is elsewhere.
        """
        self._refuse_away()
        present = [path for path in (self._file(ROOT), self._file(ISSUING)) if path.exists()]
        if present:
            hint = "'fleetctl ca show' shows it, 'fleetctl ca renew' makes another issuing certificate"
            raise InvalidInput([Problem("ca-exists", f"{path} exists already", hint=hint) for path in present])
        root_keys.check_free(ROOT)
        self.keys.check_free(ISSUING)
        root_key = root_keys.make(ROOT)
        root = certificates.root_certificate(fleet, root_key, at)
        issuing = certificates.issuing_certificate(fleet, self.keys.make(ISSUING), root, root_key, at)
        self._write(root, issuing)
        return self.chain()

    def renew(self, fleet: str, root_keys: CaKeys, at: datetime) -> Chain:
        """Make another issuing certificate for the same key; certificates that were issued hold on.

        Raises:
            CouldNot: if the root's key is not there, or is not the root certificate's.
        """
        root, _ = self._certificates
        root_key = root_keys.load(ROOT)
        if _spki(root_key.public_key()) != _spki(root.public_key()):
            raise CouldNot(f"the key in {root_keys.path} is not that of {self._file(ROOT)}")
        self._write(root, certificates.issuing_certificate(fleet, self._key, root, root_key, at))
        self.__dict__.pop("_certificates", None)
        return self.chain()

    @cached_property
    def _key(self) -> EllipticCurvePrivateKey:
        _, issuing = self._certificates
        key = self.keys.load(ISSUING)
        if _spki(key.public_key()) != _spki(issuing.public_key()):
            raise CouldNot(f"the key in {self.keys.path} is not that of {self._file(ISSUING)}")
        return key

    @cached_property
    def _certificates(self) -> tuple[x509.Certificate, x509.Certificate]:
        self._refuse_away()
        root, issuing = self._read(ROOT), self._read(ISSUING)
        if self.pinned and _sha256(root) != self.pinned:
            hint = "put the certificate back that fleet.yaml names, or declare the new one: authority, root_sha256"
            raise CouldNot(f"{self._file(ROOT)} has SHA-256 {_sha256(root)}, fleet.yaml says {self.pinned}", hint=hint)
        try:
            issuing.verify_directly_issued_by(root)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise CouldNot(f"{self._file(ISSUING)} was not signed by {self._file(ROOT)}") from error
        return root, issuing

    def _refuse_away(self) -> None:
        if self.away:
            raise CouldNot(self.away)

    def _read(self, name: str) -> x509.Certificate:
        file = self._file(name)
        try:
            return x509.load_pem_x509_certificate(file.read_bytes())
        except OSError as error:
            hint = "make a CA with 'fleetctl ca init', or commit the certificates of the one that there is"
            raise CouldNot(f"the CA's certificate {file} cannot be read: {error.strerror}", hint=hint) from error
        except ValueError as error:
            raise CouldNot(f"{file} does not hold a certificate in PEM") from error

    def _write(self, root: x509.Certificate, issuing: x509.Certificate) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, certificate in ((ROOT, root), (ISSUING, issuing)):
            write_whole(self._file(name), _pem(certificate).encode(), mode=0o644)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.pem"


def listed(crl: bytes) -> tuple[datetime, datetime, tuple[str, ...]]:
    """Return when a list of revoked certificates was made, until when it is believed, and the numbers in it.

    Raises:
        CouldNot: if it is none.
    """
    try:
        parsed = x509.load_der_x509_crl(crl)
    except ValueError as error:
        raise CouldNot("it is not a list of revoked certificates in DER") from error
    until = parsed.next_update_utc or parsed.last_update_utc
    return parsed.last_update_utc.astimezone(UTC), until, tuple(f"{each.serial_number:x}" for each in parsed)


def _parsed(request: str) -> x509.CertificateSigningRequest:
    try:
        parsed = x509.load_pem_x509_csr(request.encode())
        if parsed.is_signature_valid:
            return parsed
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CouldNot("what the unit sent is not a request for a certificate") from error
    raise CouldNot("the unit's request for a certificate was not signed with the key that it names")


def _supported(parsed: x509.CertificateSigningRequest) -> CertificatePublicKeyTypes:
    """Return the key of a request, if it is of a kind that units make."""
    public = parsed.public_key()
    if isinstance(public, Ed25519PublicKey):
        return public
    if isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1):
        if not isinstance(parsed.signature_hash_algorithm, SHA256):
            raise CouldNot("the unit's request for a certificate is not signed with SHA-256")
        return public
    raise CouldNot("the unit's key is neither of P-256 nor of ed25519")


def _spki(public: CertificatePublicKeyTypes) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _sha256(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(SHA256()).hex()


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
