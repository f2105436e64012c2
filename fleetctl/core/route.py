"""How to reach a unit: one value that both SSH clients are configured from.

Units of a site are reached through its gateway, over one connection. The gateway itself is reached directly, or through
a `dial` command (a bastion, a VM, the lab).
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pin:
    """A host key that is trusted for a unit.

    Attributes:
        key_type: as in a public key file, for instance `ssh-ed25519`.
        key: base64, as in a public key file.
    """

    key_type: str
    key: str

    @property
    def fingerprint(self) -> str:
        """Return the key's fingerprint as OpenSSH prints it: `SHA256:` and 43 characters of base64.

        Raises:
            ValueError: if the key is not base64.
        """
        try:
            blob = b64decode(self.key, validate=True)
        except ValueError as error:
            raise ValueError(f"'{self.key[:16]}…' is not a key in base64") from error
        return "SHA256:" + b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Way:
    """Where a unit really is, when that is not what the inventory declares: a stand-in, a VM, behind a bastion.

    Empty fields leave what is declared.
    """

    dial: tuple[str, ...] = ()
    host: str = ""
    port: int = 0
    user: str = ""
    identity_file: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One SSH server on the way.

    Attributes:
        unit: name of the unit (`site/unit`).
        alias: the name that it has in generated SSH files; host keys are stored under it.
        host: address to connect to, seen from the hop before.
        identity_file: absolute path of the private key; empty for the agent's keys.
        pins: host keys that are accepted; none means that the unit is unknown and is refused.
    """

    unit: str
    alias: str
    host: str
    port: int
    user: str
    identity_file: str = ""
    pins: tuple[Pin, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """The way to a unit.

    Attributes:
        dial: command whose standard input and output are a connection to the first hop; empty to connect directly.
        hops: at least one; the last is the unit itself, the one before it its gateway.
        become: commands run through `sudo -n`.
    """

    dial: tuple[str, ...]
    hops: tuple[Hop, ...]
    become: bool = False

    @property
    def target(self) -> Hop:
        """Return the hop that is the unit itself."""
        return self.hops[-1]

    @property
    def gateway(self) -> Hop | None:
        """Return the hop before the unit, or None if the unit is reached directly."""
        return self.hops[-2] if len(self.hops) > 1 else None
