"""The key ceremony: draws up a root, lets its holders sign one after the other, and puts it in force.

What is being signed lies beside the published metadata, so it travels with them. A holder signs only what has the
digest that the holders told each other. A root that replaces keys is published with all that the new keys sign anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tuf.api.metadata import Metadata, Root, Targets, Timestamp
from tuf.api.serialization import DeserializationError

from fleetctl.adapters.tuf import roots
from fleetctl.adapters.tuf.folder import NEXT_ROOT, TRUSTED_ROOT, root_name
from fleetctl.adapters.tuf.repository import TufReleases, next_versions
from fleetctl.adapters.tuf.targets import to_catalogue
from fleetctl.adapters.tuf.verify import TARGETS, TIMESTAMP, refuse, trusted_root
from fleetctl.core.problems import InvalidInput
from fleetctl.core.releases.catalogue import Catalogue
from fleetctl.core.releases.freshness import ONLINE
from fleetctl.core.releases.proposal import Proposal

Versions = tuple[int, int, int]


@dataclass(frozen=True)
class Ceremony:
    """The root of a fleet's releases."""

    releases: TufReleases

    def make(self, name: str) -> str:
        """Make a holder's key on this machine; returns its public half in hexadecimal."""
        return roots.public_text(self.releases.keys.make(f"root-{name}").public_key)

    def begin(self, holders: Sequence[str], own: int, threshold: int, now: datetime) -> Proposal:
        """Draw up the first root, with a new key of this machine for each other role.

        Args:
            holders: public keys in hexadecimal.
            own: how many root keys to make on this machine besides.
            threshold: how many holders have to sign a root.
            now: in UTC.

        Raises:
            InvalidInput: if there is a root, or the threshold cannot be met.
            CouldNot: if keys or files cannot be written.
        """
        published = self.releases.published
        if published.read(root_name(1)) or published.read(NEXT_ROOT):
            hint = "'fleetctl release keys rotate' replaces keys"
            raise refuse("exists", "the releases of this fleet have a root already", published.path, hint)
        given = [roots.public_key(holder) for holder in holders]
        if not 1 <= threshold <= len(given) + own:
            hint = "choose a threshold from 1 to the number of holders"
            raise refuse("bad-threshold", f"{threshold} of {len(given) + own} holders cannot sign", hint=hint)
        made = [self.releases.keys.make(f"root-{number}").public_key for number in range(1, own + 1)]
        root = roots.prolonged(Root(), 1, now)
        roots.with_holders(root, [*given, *made], (), threshold)
        for role in ONLINE:
            roots.with_key(root, role, self.releases.keys.make(role).public_key)
        return self._signed(Metadata(root), None, now)

    def rotate(
        self,
        role: str,
        now: datetime,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        threshold: int | None = None,
    ) -> Proposal:
        """Draw up the next root: with a new key for a role, or with other holders of the root, or only with a new life.

        Raises:
            InvalidInput: if what is published cannot be verified, another root waits to be signed, or it is bad usage.
            CouldNot: if keys or files cannot be written.
        """
        if role not in (Root.type, *ONLINE):
            raise InvalidInput([roots.no_role(role, (Root.type, *ONLINE))])
        if self.releases.published.read(NEXT_ROOT):
            hint = "'fleetctl release keys status' shows it"
            raise refuse("exists", "another root waits to be signed", self.releases.published.path / NEXT_ROOT, hint)
        before = self.releases.verified().root
        root = roots.prolonged(before, before.version + 1, now)
        if role == Root.type:
            roots.with_holders(root, [roots.public_key(key) for key in add], remove, threshold)
        else:
            roots.with_key(root, role, self.releases.keys.make(role).public_key)
        return self._signed(Metadata(root), before, now)

    def proposal(self) -> Proposal:
        """Return the root that waits to be signed, otherwise the one in force.

        Raises:
            InvalidInput: if there is neither.
        """
        if self.releases.published.read(NEXT_ROOT):
            return roots.proposal(*self._next())
        file = self.releases.trust.read(TRUSTED_ROOT) or self.releases.published.read(root_name(1))
        if file is None:
            hint = "'fleetctl release keys init' makes keys"
            raise refuse("no-root", "the releases of this fleet have no root", self.releases.published.path, hint)
        metadata = Metadata[Root].from_bytes(file)
        return roots.in_force(roots.proposal(metadata, None))

    def sign(self, digest: str, now: datetime) -> Proposal:
        """Sign the root that waits with every root key of this machine, and put it in force if enough have.

        Args:
            digest: that its holders agreed on.
            now: in UTC.

        Raises:
            InvalidInput: if it has another digest, or is not the next one.
            CouldNot: if keys or files cannot be read or written.
        """
        metadata, before = self._next()
        found = roots.proposal(metadata, before).digest
        if found != digest:
            message = f"its digest is {found}, not {digest}"
            hint = "do not sign; ask the other holders what they have"
            raise refuse("other-root", message, self.releases.published.path / NEXT_ROOT, hint)
        return self._signed(metadata, before, now)

    def trust(self, digest: str) -> Proposal:
        """Trust a published root by its digest, on a machine that trusts none yet.

        Raises:
            InvalidInput: if no published root has it, or another is trusted.
        """
        releases, number = self.releases, 1
        if releases.trust.read(TRUSTED_ROOT) is not None:
            raise refuse("exists", "this machine trusts a root already", releases.trust.path / TRUSTED_ROOT, "")
        while content := releases.published.read(root_name(number)):
            proposed = roots.proposal(_parsed(content, releases.published.path / root_name(number)), None)
            if proposed.digest == digest and not proposed.missing:
                releases.trust.write(TRUSTED_ROOT, content)
                return roots.in_force(proposed)
            number += 1
        raise refuse("other-root", f"none of {number - 1} published roots has this digest", releases.published.path)

    def _signed(self, metadata: Metadata[Root], before: Root | None, now: datetime) -> Proposal:
        holders = {*metadata.signed.roles[Root.type].keyids, *(before.roles[Root.type].keyids if before else ())}
        for signer in self.releases.keys.of(sorted(holders)):
            metadata.sign(signer, append=True)
        self.releases.published.write(NEXT_ROOT, metadata.to_bytes())
        proposed = roots.proposal(metadata, before)
        if proposed.missing or not self.releases.can_sign(metadata.signed):
            return proposed
        self._put_in_force(metadata, now)
        return roots.in_force(proposed)

    def _put_in_force(self, metadata: Metadata[Root], now: datetime) -> None:
        """Publish a root and all that its keys sign; what waits is removed last, so a cut in between is made good."""
        releases, root = self.releases, metadata.signed
        if not self._is_in_force(root.version):
            catalogue, versions = self._base(root.version)
            releases.published.write(root_name(root.version), metadata.to_bytes())
            if root.version == 1:
                releases.trust.write(TRUSTED_ROOT, metadata.to_bytes())
            releases.write(catalogue, root, versions, now)
            releases.verified()
        releases.published.remove(NEXT_ROOT)

    def _is_in_force(self, number: int) -> bool:
        try:
            return self.releases.verified().root.version == number
        except InvalidInput:
            return False

    def _base(self, number: int) -> tuple[Catalogue, Versions]:
        """Return what is signed anew under a root, and with which versions."""
        releases = self.releases
        if number == 1:
            return Catalogue(), (1, 1, 1)
        if releases.published.read(root_name(number)) is None:
            verified = releases.verified()
            return to_catalogue(verified.targets), next_versions(verified.targets, verified.timestamp)
        # An earlier try was cut after it published the root: the other roles are still signed by replaced keys, so the
        # catalogue is what this machine verified last. Versions need no trust: they only have to go up.
        known, stamp = releases.trust.read(TARGETS), releases.published.read(TIMESTAMP)
        if known is None or stamp is None:
            raise refuse("missing-metadata", "nothing is known of the releases before this root", releases.trust.path)
        targets = Metadata[Targets].from_bytes(known).signed
        return to_catalogue(targets), next_versions(targets, Metadata[Timestamp].from_bytes(stamp).signed)

    def _next(self) -> tuple[Metadata[Root], Root | None]:
        """Return the root that waits and the one before it, None before the first.

        Raises:
            InvalidInput: if none waits, or it does not follow the one that this machine trusts.
        """
        file = self.releases.published.path / NEXT_ROOT
        content = self.releases.published.read(NEXT_ROOT)
        if content is None:
            raise refuse("no-next-root", "no root waits to be signed", file, "'fleetctl release keys rotate' makes one")
        metadata, trusted = _parsed(content, file), self._trusted()
        if trusted is None or metadata.signed == trusted:  # the same: it was put in force, and cut before the end
            before, follows = None, 1 if trusted is None else trusted.version
        else:
            before, follows = trusted, trusted.version + 1
        if metadata.signed.version != follows:
            raise refuse("rolled-back-metadata", f"it has version {metadata.signed.version}, next is {follows}", file)
        return metadata, before

    def _trusted(self) -> Root | None:
        """Return the root that this machine trusts; None if nobody has one yet."""
        releases = self.releases
        if releases.trust.read(TRUSTED_ROOT) is None and releases.published.read(root_name(1)) is None:
            return None
        return trusted_root(releases.trust)


def _parsed(content: bytes, file: object) -> Metadata[Root]:
    try:
        metadata = Metadata[Root].from_bytes(content)
    except (DeserializationError, ValueError) as error:
        raise refuse("bad-metadata", "it is cut off or no metadata", file) from error
    if metadata.signed.type != Root.type:
        raise refuse("bad-metadata", f"it is metadata of {metadata.signed.type}", file)
    return metadata
