"""The client's workflow of TUF (specification 1.0, section 5): from a trusted root to targets that can be believed.

python-tuf's own `Updater` reads the clock and stops at the first thing that expired. Here an end is a value: a rollback
or a repair has to read what was signed while it was fresh. Signatures, versions and digests are never forgiven.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from tuf.api.exceptions import LengthOrHashMismatchError, RepositoryError, UnsignedMetadataError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError

from fleetctl.adapters.tuf.folder import TRUSTED_ROOT, MetadataFolder, numbered, root_name
from fleetctl.core.problems import InvalidInput, Problem

S = TypeVar("S", Root, Timestamp, Snapshot, Targets)

TIMESTAMP, SNAPSHOT, TARGETS = "timestamp.json", "snapshot.json", "targets.json"
MAX_ROOTS = 1024
_COPY = "get the releases' metadata again, or ask who signs them"


@dataclass(frozen=True)
class Verified:
    """Metadata that a trusted root vouches for, with the files that they were read from."""

    root: Root
    timestamp: Timestamp
    snapshot: Snapshot
    targets: Targets
    files: Mapping[str, bytes]

    @property
    def expiries(self) -> Mapping[str, datetime]:
        """Return when each role's metadata end."""
        return {of.type: of.expires for of in (self.root, self.timestamp, self.snapshot, self.targets)}


def refuse(code: str, message: str, file: object = "", hint: str = _COPY) -> InvalidInput:
    """Return what is raised when metadata cannot be believed."""
    return InvalidInput([Problem(code, message, str(file) if file else "", hint=hint)])


def trusted_root(trust: MetadataFolder) -> Root:
    """Return the root that this machine trusts.

    Raises:
        InvalidInput: if it trusts none yet.
    """
    content = trust.read(TRUSTED_ROOT)
    if content is None:
        hint = "compare its digest with its holders, then 'fleetctl release trust DIGEST'"
        raise refuse("no-trusted-root", "this machine does not trust a root of the releases yet", hint=hint)
    return _parsed(Root, content, trust, TRUSTED_ROOT).signed


def refreshed(published: MetadataFolder, trust: MetadataFolder) -> Verified:
    """Verify what is published, and remember it: nothing older is believed from then on.

    Raises:
        InvalidInput: if it is missing, wrongly signed, damaged, or older than what was seen before.
        CouldNot: if a file cannot be read or written.
    """
    with trust.locked("verify"):
        root = _newest_root(published, trust)
        verified = _verified(root, published, trust)
        for name, content in verified.files.items():
            if trust.read(name) != content:
                trust.write(name, content)
        return verified


def _newest_root(published: MetadataFolder, trust: MetadataFolder) -> Root:
    """Follow the chain of roots, each signed by the one before and by itself (5.3)."""
    root = trusted_root(trust)
    for _ in range(MAX_ROOTS):
        name = root_name(root.version + 1)
        content = published.read(name)
        if content is None:
            return root
        after = _parsed(Root, content, published, name)
        for signers in (root, after.signed):
            _check_signed(after, Root.type, signers, published, name)
        if after.signed.version != root.version + 1:
            raise refuse("rolled-back-metadata", f"it has version {after.signed.version}", published.path / name)
        _forget_replaced(root, after.signed, trust)
        trust.write(TRUSTED_ROOT, content)
        root = after.signed
    raise refuse("endless-roots", f"more than {MAX_ROOTS} roots follow", published.path)


def _forget_replaced(before: Root, after: Root, trust: MetadataFolder) -> None:
    """Forget versions that a replaced key signed: whoever stole it may have set them high (5.3.11)."""
    if any(before.roles[role].keyids != after.roles[role].keyids for role in (Timestamp.type, Snapshot.type)):
        trust.remove(TIMESTAMP)
        trust.remove(SNAPSHOT)


def _verified(root: Root, published: MetadataFolder, trust: MetadataFolder) -> Verified:
    stamp, stamp_file = _role(Timestamp, root, published, TIMESTAMP)
    _check_stamp(stamp, stamp_file, published, trust)
    meta = stamp.snapshot_meta
    snapshot_name = numbered(Snapshot.type, meta.version)
    snapshot, snapshot_file = _role(Snapshot, root, published, snapshot_name, meta)
    _check_not_older(snapshot.meta, _remembered(Snapshot, trust, SNAPSHOT), published.path / snapshot_name)
    listed = snapshot.meta.get(TARGETS)
    if listed is None:
        raise refuse("bad-metadata", "it lists no targets", published.path / snapshot_name)
    targets, targets_file = _role(Targets, root, published, numbered(Targets.type, listed.version), listed)
    files = {TIMESTAMP: stamp_file, SNAPSHOT: snapshot_file, TARGETS: targets_file}
    return Verified(root, stamp, snapshot, targets, files)


def _check_stamp(stamp: Timestamp, content: bytes, published: MetadataFolder, trust: MetadataFolder) -> None:
    """Refuse a timestamp older than one that was seen, or another of the same version (5.4)."""
    before, file = _remembered(Timestamp, trust, TIMESTAMP), published.path / TIMESTAMP
    if before is None:
        return
    if stamp.version < before.version:
        message = f"it has version {stamp.version}, and this machine has seen {before.version}: it was rolled back"
        raise refuse("rolled-back-metadata", message, file)
    if stamp.version == before.version and content != trust.read(TIMESTAMP):
        raise refuse("forked-metadata", f"this machine has seen another of version {stamp.version}", file)
    _check_not_older({SNAPSHOT: stamp.snapshot_meta}, {SNAPSHOT: before.snapshot_meta}, file)


def _check_not_older(
    meta: Mapping[str, MetaFile], before: Snapshot | Mapping[str, MetaFile] | None, file: object
) -> None:
    """Refuse a list of metadata in which something is older than before, or gone (5.5.5)."""
    seen = before.meta if isinstance(before, Snapshot) else before or {}
    for name, known in seen.items():
        now = meta.get(name)
        if now is None or now.version < known.version:
            message = (
                f"{name} is {'gone' if now is None else f'of version {now.version}'}, and {known.version} was seen"
            )
            raise refuse("rolled-back-metadata", f"{message}: it was rolled back", file)


def _role(
    kind: type[S], root: Root, published: MetadataFolder, name: str, listed: MetaFile | None = None
) -> tuple[S, bytes]:
    """Return a role's metadata, signed as the root says and as they are listed, with their file."""
    content = published.read(name)
    if content is None:
        raise refuse("missing-metadata", "it is missing", published.path / name)
    metadata = _parsed(kind, content, published, name)
    try:
        if listed:
            listed.verify_length_and_hashes(content)
    except LengthOrHashMismatchError as error:
        raise refuse("bad-metadata", "it is not the file that was signed for", published.path / name) from error
    _check_signed(metadata, kind.type, root, published, name)
    if listed and metadata.signed.version != listed.version:
        raise refuse("bad-metadata", f"it has version {metadata.signed.version}", published.path / name)
    return metadata.signed, content


def _check_signed(metadata: Metadata[S], role: str, signers: Root, folder: MetadataFolder, name: str) -> None:
    try:
        signers.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
    except UnsignedMetadataError as error:
        needed = signers.roles[role].threshold
        by = f"too few keys of root {signers.version} ({needed} needed)"
        raise refuse("wrongly-signed-metadata", f"it is signed by {by}", folder.path / name) from error


def _remembered(kind: type[S], trust: MetadataFolder, name: str) -> S | None:
    """Return what this machine verified last; its own memory needs no signature."""
    content = trust.read(name)
    return None if content is None else _parsed(kind, content, trust, name).signed


def _parsed(kind: type[S], content: bytes, folder: MetadataFolder, name: str) -> Metadata[S]:
    try:
        metadata = Metadata[S].from_bytes(content)
    except (DeserializationError, RepositoryError, ValueError) as error:
        raise refuse("bad-metadata", "it is cut off or no metadata", folder.path / name) from error
    if metadata.signed.type != kind.type:
        raise refuse("bad-metadata", f"it is metadata of {metadata.signed.type}", folder.path / name)
    return metadata
