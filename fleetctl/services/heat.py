"""Asks the heat guard about every heated space of some units, as things are now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from fleetctl.core.heat.check import Checked, checked, largest, spaces_of
from fleetctl.core.heat.guard import Question
from fleetctl.core.heat.premises import SitePremises, premises_of
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.holds import overridden
from fleetctl.ports import Forecasts, State


@dataclass(frozen=True)
class Occasion:
    """Under which policy, when, and with which weather is asked."""

    policy: Policy
    now_utc: datetime
    forecasts: Forecasts
    zone: Callable[[str], tzinfo]


def heaters_around(fleet: Fleet, units: Iterable[Unit]) -> list[Unit]:
    """Return every unit that heats a space which one of the units heats: what has to be known of."""
    names = {
        unit
        for premises, asked in _by_site(fleet, units)
        for heaters in spaces_of(premises, asked).values()
        for unit in heaters
    }
    return [unit for unit in fleet.units() if unit.name in names]


def check(fleet: Fleet, units: Iterable[Unit], state: State, occasion: Occasion) -> list[Checked]:
    """Return what the guard says of the largest unit of each space, by the facts that the state remembers."""
    found, overrides = [], state.orders.overrides(at=occasion.now_utc)
    for premises, asked in _by_site(fleet, units):
        ask = _asking(fleet, premises, state, occasion)
        for space, heaters in spaces_of(premises, asked).items():
            question = ask(largest(premises, heaters))
            found.append(checked(space, question, overridden(overrides, question.unit, occasion.now_utc)))
    return found


def question_of(fleet: Fleet, unit: Unit, state: State, occasion: Occasion) -> Question:
    """Return what the guard is asked about one unit, by the facts that the state remembers."""
    return _asking(fleet, premises_of(fleet, unit.site), state, occasion)(unit.name)


def _asking(fleet: Fleet, premises: SitePremises, state: State, occasion: Occasion) -> Callable[[str], Question]:
    """Return what makes the question about a unit of a site."""
    facts = state.units.facts([*premises.heaters, *premises.gateways])
    forecast = occasion.forecasts.of(fleet.sites[premises.site])
    return lambda unit: Question(
        unit=unit,
        premises=premises,
        facts=facts,
        policy=occasion.policy,
        now_utc=occasion.now_utc,
        zone=occasion.zone(premises.time_zone),
        forecast=forecast,
    )


def _by_site(fleet: Fleet, units: Iterable[Unit]) -> Iterator[tuple[SitePremises, list[str]]]:
    sites: dict[str, list[str]] = {}
    for unit in units:
        sites.setdefault(unit.site, []).append(unit.name)
    for site, names in sites.items():
        yield premises_of(fleet, site), names
