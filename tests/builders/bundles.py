"""Authorities, signers and signed bundles, made at run time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from cryptography.x509.oid import NameOID

from fleetctl.lab.unit import bundle as stand_in

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ALWAYS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""RAUC, OpenSSL and the command line judge by the real clock, whatever day it is."""


@dataclass(frozen=True)
class Party:
    """A key with its certificate."""

    key: EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, content: bytes, *, apart: bool = True, chain: tuple[Party, ...] = ()) -> bytes:
        """Return a CMS signature, apart from its content or around it."""
        builder = PKCS7SignatureBuilder().set_data(content).add_signer(self.certificate, self.key, SHA256())
        for party in chain:
            builder = builder.add_certificate(party.certificate)
        options = [PKCS7Options.Binary, PKCS7Options.NoCapabilities]
        return builder.sign(Encoding.DER, [*options, *([PKCS7Options.DetachedSignature] if apart else [])])


def a_party(name: str, issuer: Party | None = None, *, authority: bool = False, **changes: Any) -> Party:
    """Return a party that another vouches for, or it for itself.

    Args:
        name: common name.
        issuer: who signs the certificate.
        authority: it may sign certificates.
        changes: `begins`, `ends`, `purposes`, `usage`, `path_length`, `extra` extension.
    """
    key = generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(changes.get("begins", ALWAYS[0]))
        .not_valid_after(changes.get("ends", ALWAYS[1]))
        .add_extension(x509.BasicConstraints(authority, changes.get("path_length")), critical=True)
    )
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if purposes := changes.get("purposes"):
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if extra := changes.get("extra"):
        builder = builder.add_extension(extra, critical=True)
    return Party(key, builder.sign(issuer.key if issuer else key, SHA256()))


def an_authority(name: str = "test authority") -> Party:
    return a_party(name, authority=True)


def trailer(signature: bytes) -> bytes:
    """Return what follows a payload: the signature and its size."""
    return signature + len(signature).to_bytes(8, "big")


@dataclass
class Workshop:
    """Builds signed bundles for the fleet whose keyring it writes."""

    folder: Path
    authority: Party = field(default_factory=an_authority)
    builder: Party = field(init=False)

    def __post_init__(self) -> None:
        self.builder = a_party("builder", self.authority)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.keyring.write_bytes(self.authority.pem)

    @property
    def keyring(self) -> Path:
        return self.folder / "keyring.pem"

    def unsigned(self, version: str = "2026.12", compatible: str = "heat-qh", *, size: int = 10) -> Path:
        """Build a stand-in that nobody signed."""
        path = self.folder / f"{version}.raucb"
        stand_in.write(path, compatible, version, {"etc/fill": "x" * size})
        return path

    def bundle(
        self, version: str = "2026.12", compatible: str = "heat-qh", *, size: int = 10, signer: Party | None = None
    ) -> Path:
        """Build a signed stand-in."""
        path = self.unsigned(version, compatible, size=size)
        payload = path.read_bytes()
        path.write_bytes(payload + trailer((signer or self.builder).sign(payload)))
        return path

    def verity(self, version: str = "2026.12", compatible: str = "heat-qh", *, blocks: int = 300) -> Path:
        """Build a bundle in RAUC's verity form over made-up data."""
        data = [hashlib.sha256(str(number).encode()).digest() * 128 for number in range(blocks)]
        root, tree = hash_tree(data, b"salt" * 8)
        manifest = (
            f"[update]\ncompatible={compatible}\nversion={version}\n\n"
            f"[bundle]\nformat=verity\nverity-hash={root}\nverity-salt={(b'salt' * 8).hex()}\n"
            f"verity-size={len(tree)}\n\n[image.rootfs]\nsize={4096 * blocks}\nfilename=rootfs.img\n"
        )
        path = self.folder / f"{version}-verity.raucb"
        path.write_bytes(b"".join(data) + tree + trailer(self.builder.sign(manifest.encode(), apart=False)))
        return path


def hash_tree(blocks: list[bytes], salt: bytes) -> tuple[str, bytes]:
    """Return the root of dm-verity's tree in hexadecimal, and its levels from the top: an oracle level by level."""
    levels: list[bytes] = []
    while len(blocks) > 1:
        digests = b"".join(hashlib.sha256(salt + block).digest() for block in blocks)
        level = digests + b"\0" * (-len(digests) % 4096)
        levels.insert(0, level)
        blocks = [level[start : start + 4096] for start in range(0, len(level), 4096)]
    return hashlib.sha256(salt + blocks[0]).hexdigest(), b"".join(levels)
