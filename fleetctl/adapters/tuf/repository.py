"""The fleet's releases on disk: `releases/` with bundles, `releases/metadata/` with what was signed. Fills `Releases`.

Writing goes from the leaves to the timestamp: whoever reads at any moment sees the old or the new releases, whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp

from fleetctl.adapters.bundles.layout import sha256
from fleetctl.adapters.tuf.folder import METADATA, MetadataFolder, is_kept, numbered
from fleetctl.adapters.tuf.keys import KeyFolder
from fleetctl.adapters.tuf.targets import to_catalogue, to_targets
from fleetctl.adapters.tuf.verify import TARGETS, TIMESTAMP, S, Verified, refreshed, refuse
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.core.releases.catalogue import Catalogue, Published
from fleetctl.core.releases.freshness import LIFETIMES, ONLINE, stale


@dataclass(frozen=True)
class TufReleases:
    """Signed releases of a fleet.

    Attributes:
        folder: with the bundles; the published metadata are in `metadata` below.
        trust: what this machine has verified; outside of the repository.
        keys: private keys of this machine, for publishing.
    """

    folder: Path
    trust: MetadataFolder
    keys: KeyFolder

    @property
    def published(self) -> MetadataFolder:
        """Return the published metadata."""
        return MetadataFolder(self.folder / METADATA)

    @property
    def is_kept(self) -> bool:
        """Say whether anything was published here, or trusted by this machine."""
        return is_kept(self.published, self.trust)

    @property
    def mark(self) -> str:
        """Return what changes whenever something else is published; see the port."""
        return self.published.mark(TIMESTAMP)

    def verified(self) -> Verified:
        """Return what is published, verified, expired or not.

        Raises:
            InvalidInput: if it cannot be believed.
            CouldNot: if it cannot be read.
        """
        if not self.is_kept:
            hint = "'fleetctl release keys init' makes keys"
            raise refuse("no-signed-releases", "this fleet has no signed releases yet", self.published.path, hint)
        return refreshed(self.published, self.trust)

    def catalogue(self) -> Catalogue:
        """Return every release that was signed; see the port."""
        return to_catalogue(self.verified().targets)

    def freshness(self, now: datetime) -> str | None:
        """Return why no new work may begin; see the port."""
        if not self.is_kept:
            return None
        try:
            return stale(self.verified().expiries, now)
        except InvalidInput as refused:
            problem = refused.problems[0]
            return f"the releases' signed metadata cannot be believed: {problem.where}: {problem.message}"
        except CouldNot as failure:
            return f"the releases' signed metadata cannot be verified: {failure}"

    def publish(self, catalogue: Catalogue, now: datetime) -> None:
        """Sign a catalogue in the place of the one before; see the port."""
        with self.trust.locked("publish"):
            before = self.verified()
            if catalogue.edition not in (None, before.targets.version):
                raise CouldNot("somebody else signed releases in the meantime", hint="run the command again")
            self.write(catalogue, before.root, next_versions(before.targets, before.timestamp), now)
            self.verified()

    def renew(self, now: datetime) -> None:
        """Sign again what is signed; see the port. What is in the first half of its life needs no new signature."""
        with self.trust.locked("publish"):
            before = self.verified()
            versions = next_versions(before.targets, before.timestamp)
            if _is_due(before.targets, now):
                self.write(to_catalogue(before.targets), before.root, versions, now)
            else:
                meta, (_, of_snapshot, of_timestamp) = before.timestamp.snapshot_meta, versions
                if _is_due(before.snapshot, now):
                    meta = self._write_snapshot(before.snapshot.meta, of_snapshot, before.root, now)
                self._write_timestamp(meta, of_timestamp, before.root, now)
            self.verified()

    def write(self, catalogue: Catalogue, root: Root, versions: tuple[int, int, int], now: datetime) -> None:
        """Sign and write targets, snapshot and timestamp of these versions.

        Raises:
            CouldNot: if this machine has not the keys that the root names, or the file system refuses.
        """
        of_targets, of_snapshot, of_timestamp = versions
        self._check_keys(root)
        targets = Targets(of_targets, expires=_end(Targets.type, now), targets=to_targets(catalogue))
        content = self._signed(targets, root)
        self.published.write(numbered(Targets.type, of_targets), content)
        meta = self._write_snapshot({TARGETS: _meta(of_targets, content)}, of_snapshot, root, now)
        self._write_timestamp(meta, of_timestamp, root, now)

    def _write_snapshot(self, listed: dict[str, MetaFile], version: int, root: Root, now: datetime) -> MetaFile:
        content = self._signed(Snapshot(version, expires=_end(Snapshot.type, now), meta=listed), root)
        self.published.write(numbered(Snapshot.type, version), content)
        return _meta(version, content)

    def _write_timestamp(self, listed: MetaFile, version: int, root: Root, now: datetime) -> None:
        stamp = Timestamp(version, expires=_end(Timestamp.type, now), snapshot_meta=listed)
        self.published.write(TIMESTAMP, self._signed(stamp, root))

    def _check_keys(self, root: Root, roles: Iterable[str] = ONLINE) -> None:
        for role in roles:
            if not self._enough(root, role):
                hint = f"sign on the machine that has it; keys are looked for in {self.keys.path}"
                raise CouldNot(f"this machine has no key for '{role}' that root {root.version} names", hint=hint)

    def can_sign(self, root: Root) -> bool:
        """Say whether this machine has the keys of all roles but the root's."""
        return all(self._enough(root, role) for role in ONLINE)

    def keep(self, bundle: Path, published: Published) -> None:
        """Copy a bundle to where releases are kept; see the port."""
        kept = self.folder / published.file
        if self.damage(published) is None:
            return
        beside = kept.with_name(f".{kept.name}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(bundle, beside)
            if sha256(beside) != published.sha256:
                raise CouldNot(f"{bundle} changed while it was copied", hint="add it again")
            beside.chmod(0o644)
            beside.replace(kept)
        except OSError as error:
            raise CouldNot(f"{bundle} cannot be copied to {kept}: {error.strerror}") from error
        finally:
            beside.unlink(missing_ok=True)

    def damage(self, published: Published) -> str | None:
        """Return why a kept bundle is not what was signed; see the port."""
        file = self.folder / published.file
        try:
            size = file.stat().st_size
            if size != published.size_bytes:
                return f"it has {size} bytes, signed were {published.size_bytes}{_cut(size, published)}"
            return None if sha256(file) == published.sha256 else "its SHA-256 is not the one that was signed"
        except FileNotFoundError:
            return "it is missing"
        except OSError as error:
            return f"it cannot be read: {error.strerror}"

    def _signed(self, of: S, root: Root) -> bytes:
        self._check_keys(root, (of.type,))
        metadata = Metadata(of)
        for signer in self.keys.of(root.roles[of.type].keyids):
            metadata.sign(signer, append=True)
        return metadata.to_bytes()

    def _enough(self, root: Root, role: str) -> bool:
        return len(self.keys.of(root.roles[role].keyids)) >= root.roles[role].threshold


def next_versions(targets: Targets, stamp: Timestamp) -> tuple[int, int, int]:
    """Return the versions of targets, snapshot and timestamp that follow."""
    return targets.version + 1, stamp.snapshot_meta.version + 1, stamp.version + 1


def _meta(version: int, content: bytes) -> MetaFile:
    return MetaFile.from_data(version, content, ["sha256"])


def _is_due(of: Targets | Snapshot, now: datetime) -> bool:
    """Say whether the second half of its life has begun."""
    return of.expires - now < LIFETIMES[of.type] / 2


def _end(role: str, now: datetime) -> datetime:
    return now.replace(microsecond=0) + LIFETIMES[role]


def _cut(size: int, published: Published) -> str:
    return ": it is cut off" if size < published.size_bytes else ""
