"""Add, promote, withdraw and verify releases. What speaks against it is said all at once, before anything is written.

`standing_problems` is what planning asks, `Releases.freshness` what gates ask before new work begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fleetctl.core.clock import Now
from fleetctl.core.document import Document
from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.plan import UnitPlan
from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.core.releases import declaring
from fleetctl.core.releases.catalogue import Catalogue, Published
from fleetctl.core.releases.desired import Gift, disagreements, promotion_problems, unit_problems
from fleetctl.core.releases.freshness import Signed
from fleetctl.core.releases.offer import Offer
from fleetctl.core.releases.wanted import NO_RELEASES, Supply
from fleetctl.ports import Bundles, FleetFiles, Releases

VERIFY_EVERY_S = 60.0
"""How old what is known of signed metadata may be when a controller decides."""


@dataclass(frozen=True)
class Depot:
    """Where a fleet's releases come from and go to.

    Attributes:
        fleet: what is declared; its sites are not looked at.
        releases: what is signed.
        bundles: reads and checks what is offered.
    """

    fleet: Fleet
    releases: Releases
    bundles: Bundles


@dataclass(frozen=True)
class Verdict:
    """What a verification found.

    Attributes:
        catalogue: what is signed.
        problems: what is not as it was signed, or not declared as it was signed.
        stale: why no new work may begin; None if it may.
    """

    catalogue: Catalogue
    problems: tuple[Problem, ...]
    stale: str | None

    @property
    def is_good(self) -> bool:
        """Say whether everything is as it should be."""
        return not self.problems and self.stale is None


def add(depot: Depot, bundle: Path, now: datetime, *, version: str = "", model: str = "") -> Published:
    """Check a bundle, keep it, and sign it as a release; adding the same again changes nothing.

    Args:
        depot: of the fleet.
        bundle: its file.
        now: in UTC.
        version: that it is to have; empty for the bundle's own.
        model: that it is to be for; empty for every model of its compatible string.

    Raises:
        InvalidInput: with everything that is wrong with the bundle, with what is signed, or how fresh that is.
        CouldNot: if this machine has not the keys, or files cannot be read or written.
    """
    signed, problems = _signed_so_far(depot.releases, now)
    catalogue = signed or Catalogue()
    offer = Offer(depot.bundles.read(bundle, now), version, model)
    _refuse([*problems, *offer.problems(depot.fleet, catalogue)])
    release = offer.release(depot.fleet)
    known = catalogue.releases.get(release.version)
    depot.releases.keep(bundle, release)
    if known is None:
        depot.releases.publish(catalogue.with_release(release), now)
    return known or release


def promote(depot: Depot, channel: str, version: str, now: datetime, *, downgrade: bool = False) -> Published:
    """Sign that a channel stands for a release.

    Raises:
        InvalidInput: if it may not, or what is signed cannot be believed or has expired.
        CouldNot: as `add`.
    """
    catalogue, problems = _signed_so_far(depot.releases, now)
    if catalogue is None:
        raise InvalidInput(problems)
    kept = catalogue.releases.get(version)
    if kept is not None and (damage := depot.releases.damage(kept)):
        problems.append(_damaged(kept, damage))
    against = promotion_problems(depot.fleet, catalogue, channel, version, downgrade=downgrade)
    _refuse([*problems, *against])
    promoted = catalogue.promoted(channel, version)
    if catalogue.channels.get(channel) != version:
        depot.releases.publish(promoted, now)
    return promoted.releases[version]


def withdraw(releases: Releases, version: str, reason: str, now: datetime) -> Published:
    """Sign that a release may not be used any more. It works on metadata that expired: a stop must never wait.

    Raises:
        InvalidInput: if there is no such release, no reason, or what is signed cannot be believed.
        CouldNot: as `add`.
    """
    catalogue = releases.catalogue()
    problems = []
    if version not in catalogue.releases:
        problems.append(Problem("unknown-release", f"release '{version}' is not signed"))
    if not reason.strip():
        problems.append(Problem("no-reason", "nobody said why", hint="--reason 'what is wrong with it'"))
    _refuse(problems)
    after = catalogue.withdrawn(version, reason.strip())
    releases.publish(after, now)
    return after.releases[version]


def verify(depot: Depot, now: datetime) -> Verdict:
    """Verify everything: what is signed, every bundle that is kept, and that `fleet.yaml` agrees.

    Raises:
        InvalidInput: if what is signed cannot be believed.
        CouldNot: if it cannot be read.
    """
    catalogue = depot.releases.catalogue()
    kept = [published for published in catalogue.releases.values() if not published.withdrawn]
    damages = [_damaged(of, damage) for of in kept if (damage := depot.releases.damage(of))]
    problems = (*disagreements(depot.fleet, catalogue), *damages)
    return Verdict(catalogue, problems, depot.releases.freshness(now))


def supply(releases: Releases, *, allow_downgrade: bool = False) -> Supply:
    """Return what units may be updated from; what cannot be believed supplies nothing, and `standing_problems` say so.

    Raises:
        CouldNot: if what is signed cannot be read.
    """
    if not releases.is_kept:
        return NO_RELEASES
    try:
        return Supply(True, releases.catalogue(), allow_downgrade)
    except InvalidInput:
        return Supply(True, allow_downgrade=allow_downgrade)


def signed(releases: Releases, now: datetime) -> Signed:
    """Return what signed metadata say to rollouts now; what cannot be believed lets nothing new begin."""
    try:
        if not releases.is_kept:
            return Signed("the fleet keeps no signed releases any more")
        stale, catalogue = releases.freshness(now), releases.catalogue()
    except (InvalidInput, CouldNot) as reason:
        return Signed(f"the releases' signed metadata cannot be believed: {reason}")
    return Signed(stale or "", {of.version: of.withdrawn for of in catalogue.releases.values() if of.withdrawn})


class Watched:
    """Signed releases as a controller watches them: verified anew when something was published, or after a while."""

    def __init__(self, releases: Releases) -> None:
        self._releases = releases
        self._known = Signed()
        self._mark: str | None = None
        self._read_s = 0.0

    def signed(self, now: Now) -> Signed:
        """Return what they say; what was withdrawn stays so while the metadata cannot be read."""
        mark = self._releases.mark
        if mark != self._mark or now.monotonic_s - self._read_s >= VERIFY_EVERY_S:
            found = signed(self._releases, now.utc)
            self._known = replace(found, withdrawn={**self._known.withdrawn, **found.withdrawn})
            self._mark, self._read_s = mark, now.monotonic_s
        return self._known


def standing_problems(fleet: Fleet, gifts: Iterable[Gift], releases: Releases, now: datetime) -> tuple[Problem, ...]:
    """Return why units may not be given these releases; empty for a fleet without signed releases.

    Raises:
        CouldNot: if what is signed cannot be read.
    """
    if not releases.is_kept:
        return ()
    catalogue, problems = _signed_so_far(releases, now)
    if catalogue is None:
        return tuple(problems)
    chosen = tuple(gifts)
    differ = disagreements(fleet, catalogue, {gift.release for gift in chosen})
    return (*problems, *differ, *unit_problems(chosen, catalogue, fleet.models))


def gifts_of(fleet: Fleet, planned: Iterable[UnitPlan]) -> tuple[Gift, ...]:
    """Return the releases that a plan gives to units that are declared still."""
    known = ((fleet.by_name.get(plan.unit), plan) for plan in planned if plan.release)
    return tuple(Gift(unit, plan.release, plan.component) for unit, plan in known if unit is not None)


def refuse_standing(fleet: Fleet, gifts: Iterable[Gift], releases: Releases, now: datetime) -> None:
    """Refuse to update units that may not be: every problem at once.

    Raises:
        InvalidInput: if there is one.
        CouldNot: if what is signed cannot be read.
    """
    chosen = tuple(gifts)
    if chosen:
        _refuse(standing_problems(fleet, chosen, releases, now))


def declared_release(files: FleetFiles, published: Published) -> bytes | None:
    """Return `fleet.yaml` with a release declared; None if a person has to put it there."""
    return _edited(
        files, ("releases", published.version), lambda text, read: declaring.with_release(text, read, published)
    )


def declared_channel(files: FleetFiles, channel: str, version: str) -> bytes | None:
    """Return `fleet.yaml` in which a channel stands for a release; None if a person has to change it."""
    return _edited(
        files, ("channels", channel), lambda text, read: declaring.with_channel(text, read, channel, version)
    )


def _edited(files: FleetFiles, entry: tuple[str, str], edit: Callable[[str, Document], str | None]) -> bytes | None:
    """Edit the text and read it again: anything but one changed entry would be somebody else's fleet."""
    file = files.fleet()
    before = files.parse(file)
    text = edit(file.content.decode(), before)
    if text is None:
        return None
    after = files.parse(replace(file, content=text.encode()))
    return text.encode() if not after.problems and _without(after, entry) == _without(before, entry) else None


def _without(document: Document, entry: tuple[str, str]) -> Mapping[str, Any]:
    section, key = entry
    others = {name: value for name, value in (document.data.get(section) or {}).items() if name != key}
    return {**document.data, section: others}


def _signed_so_far(releases: Releases, now: datetime) -> tuple[Catalogue | None, list[Problem]]:
    """Return what is signed, None if it cannot be believed, and what speaks against new work with it."""
    try:
        catalogue = releases.catalogue()
    except InvalidInput as refused:
        return None, list(refused.problems)
    stale = releases.freshness(now)
    return catalogue, [Problem("expired-metadata", stale)] if stale else []


def _refuse(problems: Iterable[Problem]) -> None:
    found = tuple(problems)
    if found:
        raise InvalidInput(found)


def _damaged(published: Published, damage: str) -> Problem:
    return Problem("damaged-bundle", damage, published.file, hint="add the bundle again, from where it was built")
