"""Roots as they are drawn up: who may sign for which role. Pure but for the keys that are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.signer import Key, SSlibKey
from tuf.api.metadata import Metadata, Root

from fleetctl.adapters.tuf.verify import refuse
from fleetctl.core.digest import digest
from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import Problem
from fleetctl.core.releases.freshness import LIFETIMES
from fleetctl.core.releases.proposal import Proposal, Role


def public_key(text: str) -> Key:
    """Return a public key of ed25519 from its 64 hexadecimal digits.

    Raises:
        InvalidInput: if it is none.
    """
    try:
        return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(bytes.fromhex(text)))
    except ValueError as error:
        hint = "a holder gets it from 'fleetctl release keys make NAME'"
        raise refuse("bad-public-key", f"'{text}' is not a public key of ed25519 in hexadecimal", hint=hint) from error


def public_text(key: Key) -> str:
    """Return what `public_key` reads."""
    return str(key.keyval["public"])


def with_holders(root: Root, add: Sequence[Key], remove: Sequence[str], threshold: int | None) -> None:
    """Change who holds the root.

    Args:
        root: is changed.
        add: keys.
        remove: identifiers of keys, or their beginnings.
        threshold: how many of them have to sign; None leaves it.

    Raises:
        InvalidInput: if a key to remove is not there, or the threshold cannot be met.
    """
    role = root.roles[Root.type]
    for beginning in remove:
        matches = [keyid for keyid in role.keyids if keyid.startswith(beginning)]
        if len(matches) != 1:
            hint = did_you_mean(beginning, role.keyids)
            raise refuse("unknown-key", f"'{beginning}' names {len(matches)} keys of the root, not one", hint=hint)
        root.revoke_key(matches[0], Root.type)
    for key in add:
        root.add_key(key, Root.type)
    role.threshold = role.threshold if threshold is None else threshold
    if not 1 <= role.threshold <= len(role.keyids):
        message = f"{role.threshold} of {len(role.keyids)} holders cannot sign"
        raise refuse("bad-threshold", message, hint="choose a threshold from 1 to the number of holders")


def with_key(root: Root, role: str, key: Key) -> None:
    """Let one key sign for a role, in the place of all before."""
    for before in list(root.roles[role].keyids):
        root.revoke_key(before, role)
    root.add_key(key, role)


def prolonged(root: Root, version: int, now: datetime) -> Root:
    """Return a root as the next one, with a full life before it."""
    after = Root.from_dict(root.to_dict())
    after.version, after.expires = version, now.replace(microsecond=0) + LIFETIMES[Root.type]
    return after


def proposal(metadata: Metadata[Root], before: Root | None) -> Proposal:
    """Return where a root stands.

    Args:
        metadata: the root, with the signatures that it has.
        before: the root in force; None before the first.
    """
    root = metadata.signed
    result = root.get_root_verification_result(before, metadata.signed_bytes, metadata.signatures)
    return Proposal(
        version=root.version,
        digest=digest(metadata.signed_bytes),
        roles={name: Role(tuple(sorted(role.keyids)), role.threshold) for name, role in root.roles.items()},
        expires=root.expires,
        signed=tuple(sorted(result.signed)),
        missing=max(result.first.missing, result.second.missing),
    )


def in_force(proposed: Proposal) -> Proposal:
    """Return a proposal that was published."""
    return replace(proposed, published=True)


def no_role(role: str, known: Sequence[str]) -> Problem:
    """Return the problem of a role that is none."""
    return Problem("unknown-role", f"there is no role '{role}'", hint=did_you_mean(role, known))
