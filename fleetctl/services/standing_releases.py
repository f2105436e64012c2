"""What work asks of signed releases: planning which problems stand, rollouts whether something new may still begin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from fleetctl.core.clock import Now
from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.plan import UnitPlan
from fleetctl.core.problems import CouldNot, InvalidInput, Problem, refuse
from fleetctl.core.releases.catalogue import Catalogue
from fleetctl.core.releases.desired import Gift, disagreements, unit_problems
from fleetctl.core.releases.freshness import Signed
from fleetctl.core.releases.wanted import NO_RELEASES, Supply
from fleetctl.ports import Releases

VERIFY_EVERY_S = 60.0
"""How old what is known of signed metadata may be when a controller decides."""


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
    catalogue, problems = signed_so_far(releases, now)
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
        refuse(standing_problems(fleet, chosen, releases, now))


def signed_so_far(releases: Releases, now: datetime) -> tuple[Catalogue | None, list[Problem]]:
    """Return what is signed, None if it cannot be believed, and what speaks against new work with it."""
    try:
        catalogue = releases.catalogue()
    except InvalidInput as refused:
        return None, list(refused.problems)
    stale = releases.freshness(now)
    return catalogue, [Problem("expired-metadata", stale)] if stale else []
