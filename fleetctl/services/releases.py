"""Add, promote, withdraw and verify releases. What speaks against it is said at once, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fleetctl.core.document import Document
from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.problems import InvalidInput, Problem, refuse
from fleetctl.core.releases import declaring
from fleetctl.core.releases.catalogue import Catalogue, Published
from fleetctl.core.releases.desired import disagreements, promotion_problems
from fleetctl.core.releases.offer import Offer
from fleetctl.ports import Bundles, FleetFiles, Releases
from fleetctl.services.standing_releases import signed_so_far


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
    signed, problems = signed_so_far(depot.releases, now)
    catalogue = signed or Catalogue()
    offer = Offer(depot.bundles.read(bundle, now), version, model)
    refuse([*problems, *offer.problems(depot.fleet, catalogue)])
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
    catalogue, problems = signed_so_far(depot.releases, now)
    if catalogue is None:
        raise InvalidInput(problems)
    kept = catalogue.releases.get(version)
    if kept is not None and (damage := depot.releases.damage(kept)):
        problems.append(_damaged(kept, damage))
    against = promotion_problems(depot.fleet, catalogue, channel, version, downgrade=downgrade)
    refuse([*problems, *against])
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
    refuse(problems)
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


def _damaged(published: Published, damage: str) -> Problem:
    return Problem("damaged-bundle", damage, published.file, hint="add the bundle again, from where it was built")
