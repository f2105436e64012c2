"""What a fleet's state remembers of each kit: that it is out, for whom, until when, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from fleetctl.core.kit.manifest import Manifest
from fleetctl.core.rollout.state import Noted


@dataclass(frozen=True, slots=True)
class Merge:
    """A moment at which a kit's results were taken in.

    Attributes:
        home: how many entries the state had written itself by then.
        kit: how many entries of the kit were there from then on.
    """

    at: datetime
    home: int
    kit: int


@dataclass(frozen=True, slots=True)
class Kit:
    """One kit.

    Attributes:
        id, site, dwellings, engineer, actor, made, expires: as in its manifest.
        manifest: SHA-256 of its manifest; a folder with another one is not this kit.
        key: public key that it signs its results with.
        known: how many entries of each writer's ledger it was given.
        secrets: fingerprints of the SSH keys that it carries, encrypted.
        merges: when its results were taken in, oldest first; none that brought nothing new.
        revoked: when somebody revoked it; None if nobody did.
        revoked_by, reason: who, and why.
        decided: digests of conflicts, other than those of the ledger, that a person decided for what is here.
    """

    id: str
    site: str
    engineer: str
    actor: str
    made: datetime
    expires: datetime
    manifest: str
    key: str
    dwellings: tuple[str, ...] = ()
    known: Mapping[str, int] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    merges: tuple[Merge, ...] = ()
    revoked: datetime | None = None
    revoked_by: str = ""
    reason: str = ""
    decided: tuple[str, ...] = ()

    def standing(self, now: datetime) -> str:
        """Return where it stands in one word or two."""
        if self.revoked is not None:
            return "revoked"
        if self.merges:
            return "merged"
        return "expired" if now >= self.expires else "out"

    @property
    def merged(self) -> datetime | None:
        """Return when its results were last taken in; None if never."""
        return self.merges[-1].at if self.merges else None

    @property
    def entries(self) -> int:
        """Return how many entries of its ledger were taken in so far."""
        return self.merges[-1].kit if self.merges else 0

    def after_merge(self, merge: Merge, decided: Iterable[str] = ()) -> Kit:
        """Return it after its results were taken in; `decided` adds to what was decided before."""
        return replace(self, merges=(*self.merges, merge), decided=tuple(sorted({*self.decided, *decided})))

    def after_revocation(self, actor: str, at: datetime, reason: str) -> Kit:
        """Return it after somebody revoked it; the first to do so is kept."""
        return self if self.revoked else replace(self, revoked=at, revoked_by=actor, reason=reason)


def kit_of(manifest: Manifest, digest: str, secrets: tuple[str, ...]) -> Kit:
    """Return what is remembered of a kit that is made."""
    return Kit(
        id=manifest.kit,
        site=manifest.site,
        engineer=manifest.engineer,
        actor=manifest.actor,
        made=manifest.made,
        expires=manifest.expires,
        manifest=digest,
        key=manifest.key,
        dwellings=manifest.dwellings,
        known=manifest.known,
        secrets=secrets,
    )


def exported(kit: Kit) -> Noted:
    """Return what the event log says of a kit that left."""
    scope = f" ({', '.join(kit.dwellings)})" if kit.dwellings else ""
    until = f"until {kit.expires:%Y-%m-%d %H:%M} UTC"
    text = f"{kit.actor} exported kit {kit.id} of {kit.site}{scope} for {kit.engineer}, {until}"
    return Noted("", kit.site, kit.made, "kit-exported", f"{text} (manifest {kit.manifest})")


def merged(kit: Kit, actor: str, at: datetime, new: int) -> Noted:
    """Return what the event log says of a merge."""
    text = f"{actor} merged kit {kit.id} of {kit.site}: {new} new entries of {kit.entries}"
    return Noted("", kit.site, at, "kit-merged", text)


def revoked(kit: Kit, at: datetime) -> Noted:
    """Return what the event log says of a revocation."""
    return Noted("", kit.site, at, "kit-revoked", f"{kit.revoked_by} revoked kit {kit.id}: {kit.reason}")
