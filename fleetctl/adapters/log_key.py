"""Keys that sign heads of the event log, or manifests for imagers: ed25519, in OpenSSH's form. Fills `Signer`.

`ssh-keygen -y` and `ssh-keygen -l` read them. Whoever holds the log's key can vouch for a log that was rewritten, so it
should not be where the state's database is.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
    load_ssh_public_key,
)

from fleetctl.core.log_heads import SignedHead
from fleetctl.core.problems import CouldNot

VARIABLE = "FLEETCTL_LOG_KEY"


class LogKey:
    """A private key in a file of mode 0600."""

    def __init__(self, file: Path, variable: str = VARIABLE, whose: str = "the log's") -> None:
        """Take the file, which is made when the key is first needed.

        Args:
            file: of the key.
            variable: of the environment, which may name another file.
            whose: what the key is for, for people.
        """
        self._file, self._variable, self._whose = file, variable, whose

    @property
    def public(self) -> str:
        """Return the public key, `ssh-ed25519 AAAA…`.

        Raises:
            CouldNot: as `sign`.
        """
        return _written(self._private.public_key())

    def sign(self, message: bytes) -> str:
        """Return a signature in base64.

        Raises:
            CouldNot: if the key cannot be made or read, or others may read it.
        """
        return base64.b64encode(self._private.sign(message)).decode()

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        try:
            if not self._file.exists():
                _make(self._file)
            if self._file.stat().st_mode & 0o077:
                raise CouldNot(f"{self._whose} key {self._file} can be read by others", hint=f"chmod 600 {self._file}")
            key = load_ssh_private_key(self._file.read_bytes(), password=None)
        except OSError as error:
            hint = f"name another place with {self._variable}"
            raise CouldNot(f"{self._whose} key {self._file} cannot be had: {error.strerror}", hint=hint) from error
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            hint = "it has to be one of ed25519 without a passphrase; move it away, and a new one is made"
            raise CouldNot(f"{self._file} does not hold a key that can sign", hint=hint)
        return key


def forgery(signed: SignedHead, trusted: Collection[str]) -> str | None:
    """Return what is wrong with a head's signature, in words; None if a trusted key made it.

    Args:
        signed: the head.
        trusted: public keys, `ssh-ed25519 AAAA…`.
    """
    return flaw_of(signed.message, signed.signature, signed.key, trusted)


def flaw_of(message: bytes, signature: str, public: str, trusted: Collection[str]) -> str | None:
    """Return what is wrong with a signature, in words; None if a trusted key made it.

    Args:
        message: that was signed.
        signature: in base64.
        public: the key that is said to have made it, `ssh-ed25519 AAAA…`.
        trusted: public keys.
    """
    if public not in trusted:
        return "it is signed with a key that is not trusted"
    try:
        key = load_ssh_public_key(public.encode())
        assert isinstance(key, Ed25519PublicKey)  # noqa: S101 - trusted keys are
        key.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, binascii.Error, ValueError):
        return "its signature is wrong"
    return None


def read_public(file: Path) -> frozenset[str]:
    """Return the public keys of a file, one a line as in `authorized_keys`; comments are left out.

    Raises:
        CouldNot: if it cannot be read, or holds something else.
    """
    try:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNot(f"public keys {file} cannot be read: {error}") from error
    return frozenset(_normal(line, file) for line in lines if line and not line.startswith("#"))


def _normal(line: str, file: Path) -> str:
    try:
        key = load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        hint = "'ssh-keygen -y -f KEY' prints one on the machine that signs"
        raise CouldNot(f"{file} has a line that is not a public key of ed25519: {line[:40]}", hint=hint)
    return _written(key)


def _written(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _make(file: Path) -> None:
    """Make a key; of two processes that do so at once, one wins."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    beside = file.with_name(f".{file.name}-{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        os.link(beside, file)
    except FileExistsError:
        return
    finally:
        beside.unlink()
