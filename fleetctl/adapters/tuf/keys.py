"""Private keys of the releases' roles: ed25519 in PEM, files of mode 0600 in a folder outside of every repository."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner

from fleetctl.adapters.tuf.folder import KEYS_VARIABLE
from fleetctl.core.problems import CouldNot, InvalidInput, Problem


@dataclass(frozen=True)
class KeyFolder:
    """The keys of this machine. The folder is made when the first key is."""

    path: Path

    @cached_property
    def signers(self) -> Mapping[str, CryptoSigner]:
        """Return what can sign, by the key's identifier.

        Raises:
            CouldNot: if a key cannot be read, or others may read it.
        """
        found = [_signer(file) for file in sorted(self.path.glob("*.pem"))]
        return {signer.public_key.keyid: signer for signer in found}

    def of(self, keyids: Iterable[str]) -> list[CryptoSigner]:
        """Return those of some keys that are here."""
        return [self.signers[keyid] for keyid in keyids if keyid in self.signers]

    def make(self, name: str) -> CryptoSigner:
        """Make a key, `NAME-xxxxxxxx.pem`; returns what signs with it.

        Raises:
            InvalidInput: if the folder is in a Git work tree: keys are never committed.
            CouldNot: if the file system refuses.
        """
        self._check_outside()
        signer = CryptoSigner.generate_ed25519()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = self.path / f"{name}-{signer.public_key.keyid[:8]}.pem"
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(signer.private_bytes)
                opened.flush()
                os.fsync(opened.fileno())
        except OSError as error:
            raise CouldNot(f"a key cannot be kept in {self.path}: {error.strerror}") from error
        self.__dict__.pop("signers", None)
        return signer

    def _check_outside(self) -> None:
        folder = self.path.resolve()
        if any((parent / ".git").exists() or (parent / "fleet.yaml").exists() for parent in (folder, *folder.parents)):
            hint = f"name another folder with {KEYS_VARIABLE}"
            raise InvalidInput([Problem("keys-in-repository", f"{folder} is in a fleet's or Git's folder", hint=hint)])


def _signer(file: Path) -> CryptoSigner:
    try:
        if file.stat().st_mode & 0o077:
            raise CouldNot(f"the release key {file} can be read by others", hint=f"chmod 600 {file}")
        key = load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise CouldNot(f"the release key {file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise CouldNot(f"{file} does not hold a key of ed25519 without a passphrase")
    return CryptoSigner(key)
