"""Files encrypted with age, binary or armoured, for an X25519 or an SSH identity."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyrage

from fleetctl.adapters.secrets.documents import Environment, encrypted
from fleetctl.core.problems import CouldNot

IDENTITY_VARIABLE = "FLEETCTL_AGE_IDENTITY"
DEFAULT_IDENTITY = "~/.config/fleetctl/age.txt"


def decrypt(file: Path, environ: Environment) -> str:
    """Return the text of a file.

    Raises:
        CouldNot: if the file or the identity cannot be read, or the file is for somebody else.
    """
    content = encrypted(file)
    identity = identity_file(environ)
    try:
        return bytes(pyrage.decrypt(content, identities(identity))).decode()
    except pyrage.DecryptError:
        hint = f"name the right identity with {IDENTITY_VARIABLE}, or have the file encrypted for yours"
        raise CouldNot(f"{file} cannot be decrypted with the identity in {identity}", hint=hint) from None
    except UnicodeDecodeError:
        raise CouldNot(f"{file} does not hold text", hint="encode binary secrets, for instance in base64") from None


def identity_file(environ: Environment) -> Path:
    """Return the file with the private identity."""
    return Path(environ.get(IDENTITY_VARIABLE) or DEFAULT_IDENTITY).expanduser()


def identities(file: Path) -> list[Any]:
    """Return the private identities of a file: age's, or one of SSH.

    Raises:
        CouldNot: if there are none, or others may read them.
    """
    return list(_identities(file))


def _identities(file: Path) -> Iterator[Any]:
    text = _private(file)
    if "PRIVATE KEY-----" in text:
        yield _parsed(pyrage.ssh.Identity.from_buffer, text.encode(), file)
        return
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise CouldNot(f"{file} holds no identity", hint="make one with 'age-keygen'")
    for line in lines:
        yield _parsed(pyrage.x25519.Identity.from_str, line, file)


def _parsed(parse: Any, text: Any, file: Path) -> Any:
    try:
        return parse(text)
    except pyrage.IdentityError:
        raise CouldNot(f"{file} does not hold an age identity", hint="make one with 'age-keygen'") from None


def _private(file: Path) -> str:
    """Read a private key that nobody else can read."""
    try:
        if file.stat().st_mode & 0o077:
            raise CouldNot(f"identity {file} can be read by others", hint=f"chmod 600 {file}")
        return file.read_text("utf-8")
    except OSError as error:
        hint = f"make one with 'age-keygen -o {DEFAULT_IDENTITY}', or name yours with {IDENTITY_VARIABLE}"
        raise CouldNot(f"identity {file} cannot be read: {error.strerror}", hint=hint) from None
    except UnicodeDecodeError:
        raise CouldNot(f"{file} does not hold an age identity", hint="make one with 'age-keygen'") from None
