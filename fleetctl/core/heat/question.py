"""What the heat guard is asked: one unit, and all that is known at that moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from fleetctl.core.facts import Observation
from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.premises import SitePremises
from fleetctl.core.heat.verdict import celsius
from fleetctl.core.policy import Policy

HEADROOM = 2
"""Coast times have to cover so many times t_worst."""


@dataclass(frozen=True, slots=True)
class Outdoor:
    """The outdoor temperature that is reckoned with, and where it comes from."""

    temperature_c: float
    text: str


@dataclass(frozen=True)
class Question:
    """May the heat of a unit be interrupted now?

    Attributes:
        unit: name of the unit, a gateway too.
        premises: of its site.
        facts: the latest observation of each unit of the site.
        policy: of the rollout.
        now_utc: aware.
        zone: the site's time zone.
        down: other units of the site that are without heat now, or were admitted to be.
        restarting: those of them that will draw their full power when they come back: admitted, and no heat observed
            yet (G7).
        forecast: None: the site's design temperature is reckoned with.
        repair: the unit is down already, see `proof.already_down`.
        incidents: buildings of the site with an open heat incident (G9).
        touched: temperature (`proof.zone_temperature_c`) of each zone from before we last took a unit of it down, until
            it has recovered (G6); by the zone's id.
        loads_w: `electrical.loads_w` of the site, where it was reckoned already for another question of the moment.
    """

    unit: str
    premises: SitePremises
    facts: Mapping[str, Observation]
    policy: Policy
    now_utc: datetime
    zone: tzinfo
    down: frozenset[str] = frozenset()
    restarting: frozenset[str] = frozenset()
    forecast: Forecast | None = None
    repair: bool = False
    incidents: frozenset[str] = frozenset()
    touched: Mapping[str, float] = field(default_factory=dict)
    loads_w: Mapping[str, float] | None = None

    @property
    def worst_s(self) -> float:
        """Return t_worst of the unit."""
        return self.premises.times(self.unit).worst_s

    @property
    def until(self) -> datetime:
        """Return the end of the span that the guard looks ahead: twice t_worst from now."""
        return self.now_utc + timedelta(seconds=HEADROOM * self.worst_s)

    @property
    def forecast_c(self) -> float | None:
        """Return the lowest forecast in the span, without margin; None without a forecast that covers it."""
        return self.forecast.lowest_c(self.now_utc, self.until) if self.forecast else None

    @property
    def outdoor(self) -> Outdoor:
        """Return the outdoor temperature to reckon with: the lowest forecast less its margin, or the design's."""
        lowest_c, margin_k = self.forecast_c, self.policy.guard.forecast_margin_k
        if lowest_c is None:
            design_c = self.premises.design_temperature_c
            return Outdoor(design_c, f"{celsius(design_c)} (design, no forecast)")
        return Outdoor(lowest_c - margin_k, f"{celsius(lowest_c - margin_k)} (forecast less {margin_k:g} K)")
