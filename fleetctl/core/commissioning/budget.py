"""How long a building takes to commission: people's time and machines' time, with the arithmetic.

What is reckoned with (`Terms`) is what the field allows: two engineers, two days of eight hours, four minutes of
hands-on work a unit, twenty minutes a dwelling for the proof of its rooms, during which the engineer stays there and
its doors stay shut. Burn-ins need nobody: they run beside, as many at once as the site's power allows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fleetctl.core.commissioning.checklist import Checklist, UnitList
from fleetctl.core.commissioning.order import HANDS_ON
from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.heat.premises import SitePremises
from fleetctl.core.inventory.fleet import Fleet, Kind, Site


@dataclass(frozen=True, slots=True)
class Terms:
    """What a commissioning is reckoned with."""

    engineers: int = 2
    days: float = 2.0
    hours_a_day: float = 8.0
    hands_on_min: float = 4.0
    """Of one unit: unloading, label, blinking, acceptance."""
    room_proof_min: float = 20.0
    """Of one dwelling."""

    @property
    def available_min(self) -> float:
        """Return the minutes that people have."""
        return self.engineers * self.days * self.hours_a_day * 60


TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Budget:
    """Time that is needed, and there is.

    Attributes:
        units: left to be handled, in units; a unit of which half is done counts half.
        dwellings: whose rooms are left to be proved.
        burn_in_min: of machines, with nobody there.
    """

    terms: Terms
    units: float
    dwellings: int
    burn_in_min: float = 0.0

    @property
    def hands_on_min(self) -> float:
        """Return people's time with units."""
        return self.units * self.terms.hands_on_min

    @property
    def room_proof_min(self) -> float:
        """Return people's time with rooms."""
        return self.dwellings * self.terms.room_proof_min

    @property
    def needed_min(self) -> float:
        """Return people's time, all of them together."""
        return self.hands_on_min + self.room_proof_min

    @property
    def each_min(self) -> float:
        """Return how long each of them has to work."""
        return self.needed_min / self.terms.engineers

    @property
    def fits(self) -> bool:
        """Return whether people have the time."""
        return self.needed_min <= self.terms.available_min

    @property
    def text(self) -> str:
        """Return the arithmetic."""
        terms = self.terms
        hands = f"{self.units:g} units x {terms.hands_on_min:g} min"
        work = f"{hands} + {self.dwellings} dwellings x {terms.room_proof_min:g} min"
        people = f"{terms.engineers} engineers x {terms.days:g} days x {terms.hours_a_day:g} h"
        have, need, beside = _hours(terms.available_min), _hours(self.needed_min), _hours(self.burn_in_min)
        return f"{work} = {need}; {people} = {have}; burn-ins {beside} beside"


def budget_of(fleet: Fleet, premises: SitePremises, power_share: float, terms: Terms = TERMS) -> Budget:
    """Return what a whole site needs.

    Args:
        fleet: with the site.
        premises: of the site.
        power_share: of the subscribed power that may be used (G7).
    """
    site = fleet.sites[premises.site]
    dwellings = {unit.dwelling for unit in site.units.values() if unit.kind is Kind.RADIATOR}
    burn_in_min = batches(premises, power_share) * longest_burn_in_s(fleet, site) / 60
    return Budget(terms, len(site.units), len(dwellings), burn_in_min)


def batches(premises: SitePremises, power_share: float) -> int:
    """Return in how many goes the heaters of a site are burned in, at full load and with all other load there is."""
    spare_w = power_share * premises.subscribed_power_w - premises.other_load_w
    gateways_w = sum(gateway.power_w for gateway in premises.gateways.values())
    most_w = max((heater.power_w for heater in premises.heaters.values()), default=0.0)
    whole_w = sum(heater.power_w for heater in premises.heaters.values())
    return math.ceil(whole_w / max(spare_w - gateways_w, most_w)) if whole_w else 0


def longest_burn_in_s(fleet: Fleet, site: Site) -> float:
    """Return the longest burn-in that a model of the site asks for."""
    heating = (unit.model for unit in site.units.values() if unit.kind is not Kind.GATEWAY)
    return max((fleet.models[model].burn_in.seconds for model in heating), default=0.0)


def left(checklist: Checklist, whole: Budget) -> Budget:
    """Return what is left of a site's budget by its checklist: stages by hand and rooms that are not over yet.

    Args:
        checklist: of the site, as it stands.
        whole: what `budget_of` said of it.
    """
    units = sum(_share_left(unit) for unit in checklist.units.values())
    rooms = sum(any(_unproved(checklist.units[name]) for name in d.units) for d in checklist.dwellings.values())
    heaters = [unit for unit in checklist.units.values() if unit.unit.kind is not Kind.GATEWAY]
    to_burn_in = sum(not unit.of(Stage.BURN_IN).passed for unit in heaters)
    share = to_burn_in / len(heaters) if heaters else 0.0
    return Budget(whole.terms, round(units, 2), rooms, whole.burn_in_min * share)


def _share_left(unit: UnitList) -> float:
    by_hand = [stage for stage in unit.stages if stage in HANDS_ON]
    return sum(not unit.of(stage).passed for stage in by_hand) / len(by_hand)


def _unproved(unit: UnitList) -> bool:
    return not unit.of(Stage.ROOM_PROOF).passed


def _hours(minutes: float) -> str:
    return f"{minutes / 60:.1f} h"
