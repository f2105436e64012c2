"""Signed releases in memory: what a fleet publishes, what one machine remembers, and an attacker between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.core.releases.catalogue import Catalogue, Published
from fleetctl.core.releases.freshness import LIFETIMES, stale


@dataclass(frozen=True)
class Edition:
    """One state of what is published."""

    number: int
    catalogue: Catalogue
    at: datetime
    forged: bool = False


@dataclass
class MemoryReleases:
    """Fills `Releases`.

    Attributes:
        published: what is there for everybody; None before anything was signed.
        seen: number of the newest edition that this machine verified.
        kept: content of each bundle by its file.
        may_sign: this machine has the keys.
    """

    published: Edition | None = None
    seen: int = 0
    kept: dict[str, bytes] = field(default_factory=dict)
    may_sign: bool = True

    @property
    def is_kept(self) -> bool:
        return self.published is not None or self.seen > 0

    @property
    def mark(self) -> str:
        return str(self.published and (self.published.number, self.published.forged))

    def catalogue(self) -> Catalogue:
        signed = self._verified()
        return replace(signed.catalogue, edition=signed.number)

    def freshness(self, now: datetime) -> str | None:
        if not self.is_kept:
            return None
        try:
            signed = self._verified()
        except InvalidInput as refused:
            return f"the releases' signed metadata cannot be believed: {refused}"
        return stale({role: signed.at + life for role, life in LIFETIMES.items()}, now)

    def publish(self, catalogue: Catalogue, now: datetime) -> None:
        before = self._verified()
        if catalogue.edition not in (None, before.number):
            raise CouldNot("somebody else signed releases in the meantime")
        if not self.may_sign:
            raise CouldNot("this machine has no key for 'targets' that root 1 names")
        self.published = Edition(before.number + 1, catalogue, now)
        self._verified()

    def renew(self, now: datetime) -> None:
        self.publish(self.catalogue(), now)

    def keep(self, bundle: Path, published: Published) -> None:
        self.kept[published.file] = bundle.read_bytes()
        if self.damage(published):
            del self.kept[published.file]
            raise CouldNot(f"{bundle} changed while it was copied")

    def damage(self, published: Published) -> str | None:
        from fleetctl.core.digest import digest

        content = self.kept.get(published.file)
        if content is None:
            return "it is missing"
        if len(content) != published.size_bytes:
            return f"it has {len(content)} bytes: it is cut off"
        return None if digest(content) == published.sha256 else "its SHA-256 is not the one that was signed"

    def _verified(self) -> Edition:
        if self.published is None:
            raise InvalidInput([Problem("missing-metadata", "it is missing")])
        if self.published.forged:
            raise InvalidInput([Problem("wrongly-signed-metadata", "it is signed by too few keys")])
        if self.published.number < self.seen:
            raise InvalidInput([Problem("rolled-back-metadata", "it was rolled back")])
        self.seen = self.published.number
        return self.published


@dataclass
class MemoryWorld:
    """A fleet with releases in memory; the attacker controls what is published."""

    releases: MemoryReleases = field(default_factory=MemoryReleases)
    _copies: list[Edition | None] = field(default_factory=list)

    def begin(self, now: datetime) -> None:
        self.releases.published = Edition(1, Catalogue(), now)

    def copy(self) -> None:
        """Keep a copy of what is published."""
        self._copies.append(self.releases.published)

    def put_back(self) -> None:
        """Publish the copy in the place of what is newer."""
        self.releases.published = self._copies.pop()

    def forge(self) -> None:
        """Publish something with keys of the attacker's own."""
        assert self.releases.published is not None
        self.releases.published = replace(self.releases.published, number=99, forged=True)

    def remove(self) -> None:
        """Take away what is published."""
        self.releases.published = None

    def lose_keys(self) -> None:
        self.releases.may_sign = False

    def damage(self, published: Published, content: bytes) -> None:
        self.releases.kept[published.file] = content
