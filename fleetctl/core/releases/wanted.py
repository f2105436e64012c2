"""Which units get another release, from what was signed for them, and why one that should has to wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fleetctl.core.digest import digest_of
from fleetctl.core.releases.catalogue import Catalogue
from fleetctl.core.releases.versions import is_downgrade


@dataclass(frozen=True, slots=True)
class Supply:
    """What units may be updated from.

    Attributes:
        kept: the fleet keeps signed releases; without them nobody is updated.
        catalogue: what was signed, empty if it cannot be believed; whoever plans with it refuses the plan then.
        allow_downgrade: the user wants units to go back to older releases.
    """

    kept: bool = False
    catalogue: Catalogue = field(default_factory=Catalogue)
    allow_downgrade: bool = False

    @property
    def digest(self) -> str:
        """Return the digest of everything in it that a plan depends on."""
        signed = sorted((of.version, of.sha256, of.size_bytes) for of in self.catalogue.releases.values())
        return digest_of([self.kept, [list(of) for of in signed], self.allow_downgrade])


NO_RELEASES = Supply()


@dataclass(frozen=True, slots=True)
class Update:
    """An update that a unit needs.

    Attributes:
        release: the version wanted.
        bundle, bundle_bytes: SHA-256 and size of its bundle as they were signed; empty and 0 for a release that was
            not, of which `unit_problems` tells.
        reason: why, in words.
        component: that it is for; empty for the system.
    """

    release: str
    bundle: str
    bundle_bytes: int
    reason: str
    component: str = ""


def update_of(wanted: str, runs: str, supply: Supply) -> Update | str | None:
    """Return the update that a unit needs, why it gets none although it should, or None if it needs none.

    Args:
        wanted: version that is declared for it; empty if none is.
        runs: version that it reports.
        supply: what it may be updated from.
    """
    if not wanted or wanted == runs:
        return None
    reason = f"runs {runs or 'an unknown version'}, release {wanted} is wanted"
    if not supply.kept:
        return f"{reason}, but the fleet keeps no signed releases: 'fleetctl release add' signs one"
    if is_downgrade(runs, wanted) and not supply.allow_downgrade:
        return f"{reason}, which is older: '--allow-downgrade' goes back"
    published = supply.catalogue.releases.get(wanted)
    if published is None:
        return Update(wanted, "", 0, reason)
    return Update(wanted, published.sha256, published.size_bytes, reason)


def component_update_of(wanted: Mapping[str, str], has: Mapping[str, str], supply: Supply) -> Update | str | None:
    """Return the update that the first component of a unit needs, why it gets none, or None if none needs one.

    One at a time: each takes the unit's heat for a while, and the next plan has the next one.

    Args:
        wanted: release that is declared for each component, by its name.
        has: release that each is of; a component that was cut in a flash is of none.
        supply: what it may be updated from.
    """
    held_back = None
    for name, version in sorted(wanted.items()):
        if name not in has:
            held_back = held_back or f"{version} is wanted for its {name}, which it does not tell of"
            continue
        found = update_of(version, has[name], supply)
        if isinstance(found, Update):
            return replace(found, reason=f"{name} {found.reason}", component=name)
        held_back = held_back or (f"{name} {found}" if found else None)
    return held_back
