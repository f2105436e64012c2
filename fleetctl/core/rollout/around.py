"""What a decision knows besides the rollout: other rollouts, orders of people, facts, the building and the weather."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from fleetctl.core.facts import Observation
from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.premises import SitePremises
from fleetctl.core.rollout.holds import Hold, Override


def _nowhere(_site: str) -> None:
    return None


def _utc(_site: str) -> tzinfo:
    return UTC


@dataclass(frozen=True)
class Around:
    """The surroundings of a rollout at one moment.

    Attributes:
        held: sites that other rollouts work on, with their ids.
        down_elsewhere: units that other rollouts have taken down.
        closed: why nothing may start although the rollout runs, for instance that the controller stops; or empty.
        stale: why no release may be given to further units, and no wave of an update may begin: signed metadata that
            are not fresh; or empty. A roll-back or a repair never waits for it.
        withdrawn: releases that may not be used any more, with the reason.
        holds, overrides: orders of people.
        facts: the newest observation of every unit that was observed since the controller started, or that the state
            remembers.
        before: the observation before that one.
        premises: returns what a site heats with what; None if the inventory has the site no more.
        forecast: returns the weather at a site; None if nothing is known.
        zone: returns a site's time zone.
    """

    held: Mapping[str, str] = field(default_factory=dict)
    down_elsewhere: int = 0
    closed: str = ""
    stale: str = ""
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()
    overrides: tuple[Override, ...] = ()
    facts: Mapping[str, Observation] = field(default_factory=dict)
    before: Mapping[str, Observation] = field(default_factory=dict)
    premises: Callable[[str], SitePremises | None] = _nowhere
    forecast: Callable[[str], Forecast | None] = _nowhere
    zone: Callable[[str], tzinfo] = _utc
