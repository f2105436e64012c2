"""The private keys that a kit carries: encrypted with age in the folder, in clear only in memory-backed folders.

Unlocking writes them where nothing reaches a disk (a tmpfs: `$XDG_RUNTIME_DIR`, else `/dev/shm`), readable by one user;
locking, or turning the laptop off, takes them away.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from fleetctl.adapters.secrets import age
from fleetctl.adapters.store.sqlite_file import file_system
from fleetctl.core.problems import CouldNot, InvalidInput, Problem

FILE = "keys.age"
KIT_KEY = "kit-key"
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _LENGTH = 5, 4


@dataclass(frozen=True)
class Keyring:
    """What a kit carries.

    Attributes:
        kit: the kit's own private key, in OpenSSH's form.
        ssh: private keys of the site, by the name that they have in the kit.
        units: which of them opens which unit.
    """

    kit: str
    ssh: Mapping[str, str]
    units: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Keyring({', '.join(sorted(self.ssh))})"


@dataclass(frozen=True)
class Lock:
    """Who can open a kit: whoever knows the passphrase, or whoever holds the identity of one of the recipients."""

    passphrase: str = ""
    recipients: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Lock({', '.join(self.recipients) or 'passphrase'})"


def new_key() -> str:
    """Return a new private key of ed25519 in OpenSSH's form."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def public_of(private: str) -> str:
    """Return the public half of `new_key`, `ssh-ed25519 AAAA…`."""
    public = load_ssh_private_key(private.encode(), password=None).public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def new_passphrase() -> str:
    """Return a passphrase of 99 bits that can be read aloud and typed: `k3mp-…`, without letters that look alike."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def encrypted(keyring: Keyring, lock: Lock) -> bytes:
    """Return the keys as the kit holds them.

    Raises:
        InvalidInput: if a recipient is none.
    """
    clear = json.dumps({"kit": keyring.kit, "ssh": dict(keyring.ssh), "units": dict(keyring.units)}).encode()
    if lock.passphrase:
        return bytes(pyrage.passphrase.encrypt(clear, lock.passphrase))
    return bytes(pyrage.encrypt(clear, [_recipient(text) for text in lock.recipients]))


def decrypted(file: Path, *, passphrase: str = "", identity: Path | None = None) -> Keyring:
    """Return the keys of a kit.

    Raises:
        CouldNot: if the passphrase or the identity is not the right one, or a file cannot be read.
    """
    try:
        content = file.read_bytes()
        if identity is not None:
            clear = pyrage.decrypt(content, age.identities(identity))
        else:
            clear = pyrage.passphrase.decrypt(content, passphrase)
        row = json.loads(bytes(clear))
        return Keyring(row["kit"], row["ssh"], row["units"])
    except OSError as error:
        raise CouldNot(f"{file} cannot be read: {error.strerror}") from error
    except (pyrage.DecryptError, ValueError, KeyError):
        how = "identity" if identity else "passphrase"
        raise CouldNot(f"{file} cannot be opened: this is not its {how}", hint="ask whoever made the kit") from None


def session_folder(kit: str, environment: Mapping[str, str]) -> Path:
    """Return where a kit's keys are while it is unlocked; nothing is made."""
    base = Path(environment.get("XDG_RUNTIME_DIR") or f"/dev/shm/{_own_base()}")  # noqa: S108 - mode 0700, checked
    return base / f"fleetctl-kit-{kit}"


def _own_base() -> str:
    return f"fleetctl-{os.getuid()}"


def unlocked(keyring: Keyring, folder: Path) -> Mapping[str, str]:
    """Write the keys in clear into a folder in memory; returns the key file of each unit.

    Raises:
        CouldNot: if the folder is not in memory, or not ours.
    """
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        _check_private(folder)
        _check_private(folder.parent)
        for name, text in {KIT_KEY: keyring.kit, **keyring.ssh}.items():
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as opened:
                opened.write(text)
    except OSError as error:
        raise CouldNot(f"{folder}: keys cannot be kept in memory: {error.strerror}") from error
    return {unit: str(folder / name) for unit, name in keyring.units.items()}


def locked(folder: Path) -> bool:
    """Take the keys in clear away; returns whether there were any."""
    was_there = folder.is_dir()
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # another kit is unlocked, or it is not ours
        if folder.parent.name == _own_base():
            folder.parent.rmdir()
    return was_there


def _check_private(folder: Path) -> None:
    status = folder.lstat()
    mounts = Path("/proc/self/mountinfo").read_text("utf-8")
    if file_system(status.st_dev, mounts) not in _IN_MEMORY:
        hint = "set XDG_RUNTIME_DIR to a folder of yours on a tmpfs"
        raise CouldNot(f"{folder} is on a disk: keys in clear would stay there", hint=hint)
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise CouldNot(f"{folder} can be read by others, or is not yours", hint="set XDG_RUNTIME_DIR")


def _recipient(text: str) -> object:
    try:
        if text.startswith("ssh-"):
            return pyrage.ssh.Recipient.from_str(text)
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        hint = "give age1…, ssh-ed25519 AAAA…, or leave it out for a passphrase"
        raise InvalidInput([Problem("bad-recipient", f"'{text[:24]}' is no recipient of age", hint=hint)]) from None


def recipients_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Return recipients as they were given, or as they stand in the files that were given: one a line.

    Raises:
        CouldNot: if a file cannot be read.
    """
    found: list[str] = []
    for text in texts:
        if text.startswith(("age1", "ssh-")):
            found.append(text)
            continue
        try:
            lines = Path(text).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CouldNot(f"recipients {text} cannot be read: {error}") from error
        found += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return tuple(found)
