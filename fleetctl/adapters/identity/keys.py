"""Private keys of the CA: P-256 in PEM, files of mode 0600 outside of every repository, with a passphrase if wanted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from fleetctl.core.problems import CouldNot, InvalidInput, Problem

KEYS_VARIABLE = "FLEETCTL_CA_KEYS"
"""Names the folder of this machine's keys."""
PASSPHRASE_VARIABLE = "FLEETCTL_CA_PASSPHRASE"  # noqa: S105 - the name of a variable
"""Holds the passphrase of the keys, where nobody can be asked."""


@dataclass(frozen=True)
class CaKeys:
    """The CA's keys in one folder, which is made when the first key is.

    Attributes:
        path: of the folder.
        passphrase: of each key; None for keys without.
    """

    path: Path
    passphrase: str | None = None

    def has(self, name: str) -> bool:
        """Say whether a key is here."""
        return self._file(name).exists()

    def load(self, name: str) -> EllipticCurvePrivateKey:
        """Return a key.

        Raises:
            CouldNot: if it is not here, others may read it, or the passphrase does not open it.
        """
        file = self._file(name)
        try:
            if file.stat().st_mode & 0o077:
                raise CouldNot(f"the CA's key {file} can be read by others", hint=f"chmod 600 {file}")
            key = load_pem_private_key(file.read_bytes(), self._secret)
        except OSError as error:
            hint = f"fetch it from where it is kept, or name another folder with {KEYS_VARIABLE}"
            raise CouldNot(f"the CA's key {file} cannot be read: {error.strerror}", hint=hint) from error
        except TypeError as error:
            hint = f"set {PASSPHRASE_VARIABLE}" if self.passphrase is None else f"leave {PASSPHRASE_VARIABLE} out"
            with_or_without = "is kept with a passphrase" if self.passphrase is None else "has no passphrase"
            raise CouldNot(f"the CA's key {file} {with_or_without}", hint=hint) from error
        except ValueError as error:
            message = f"the CA's key {file} is not a key, or the passphrase is wrong"
            raise CouldNot(message, hint=f"see {PASSPHRASE_VARIABLE}") from error
        if not isinstance(key, EllipticCurvePrivateKey):
            raise CouldNot(f"the CA's key {file} is not one of P-256")
        return key

    def make(self, name: str) -> EllipticCurvePrivateKey:
        """Make a key; returns it.

        Raises:
            InvalidInput: if there is one, or the folder is in a repository: keys are never committed.
            CouldNot: if the file system refuses.
        """
        self.check_free(name)
        key = generate_private_key(SECP256R1())
        content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, self._encryption)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._file(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
        except OSError as error:
            raise CouldNot(f"a key cannot be kept in {self.path}: {error.strerror}") from error
        return key

    def check_free(self, name: str) -> None:
        """Raise InvalidInput if a key of this name must not be made here."""
        folder = self.path.resolve()
        if any((parent / ".git").exists() or (parent / "fleet.yaml").exists() for parent in (folder, *folder.parents)):
            hint = f"name another folder with {KEYS_VARIABLE}"
            raise InvalidInput([Problem("keys-in-repository", f"{folder} is in a fleet's or Git's folder", hint=hint)])
        if self.has(name):
            hint = "whoever loses it loses the CA: move it away only if you mean to begin anew"
            raise InvalidInput([Problem("key-exists", f"{self._file(name)} exists already", hint=hint)])

    def _file(self, name: str) -> Path:
        return self.path / f"{name}.key"

    @property
    def _secret(self) -> bytes | None:
        return self.passphrase.encode() if self.passphrase else None

    @property
    def _encryption(self) -> KeySerializationEncryption:
        return BestAvailableEncryption(self._secret) if self._secret else NoEncryption()
