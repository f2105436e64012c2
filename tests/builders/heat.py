"""Questions to the heat guard, in a few words: a building or a plant whose every unit is well, and what is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fleetctl.core.facts import Cause, Facts, Heat, Observation, Unobserved
from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.guard import Question, Verdict, refusal, verdicts
from fleetctl.core.heat.premises import SitePremises, premises_of
from fleetctl.core.inventory.fleet import Fleet, Kind, Site
from fleetctl.core.policy import Guard, Policy
from tests.builders.fleets import MODELS, a_building, a_fleet, a_plant

NOW = datetime(2026, 1, 15, 18, 0, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
GUARD = Guard()
POLICY = Policy("default")
UNIT = "les-sables/a101-1"
BOILER = "hot-water/boiler-1"
GATEWAY = "les-sables/gw-1"


def building(*, radiators: int = 6, dwelling: Mapping[str, Any] | None = None, **changes: Any) -> SitePremises:
    """Return a building; `dwelling` changes all its dwellings, `changes` the site."""
    site = a_building(radiators=radiators)
    dwellings = {id: replace(each, **(dwelling or {})) for id, each in site.dwellings.items()}
    return premises_at(replace(site, dwellings=dwellings, **changes))


def plant(*, boilers: int = 3, loop: Mapping[str, Any] | None = None, **changes: Any) -> SitePremises:
    """Return a hot-water plant; `loop` changes its loop, `changes` the site."""
    site = a_plant(boilers=boilers)
    loops = {id: replace(each, **(loop or {})) for id, each in site.loops.items()}
    return premises_at(replace(site, loops=loops, **changes))


def premises_at(site: Site, *, cold_without_gateway: bool = False) -> SitePremises:
    """Return the premises of a site; with `cold_without_gateway` its units stop heating while the gateway is down."""
    warm = {id: replace(model, heats_without_gateway=not cold_without_gateway) for id, model in MODELS.items()}
    fleet: Fleet = replace(a_fleet(site), models=warm)
    return premises_of(fleet, site.id)


def observed(unit: str, heat: Heat | None, *, at: datetime = NOW, **changes: Any) -> Facts:
    facts = Facts(unit, at, "boot-1", "S1", "qh-1", "radiator", "1.0", "A", "A", "c" * 64, heat=heat)
    return replace(facts, **changes)


def room(unit: str, temperature_c: float | None = 20.0, **changes: Any) -> Facts:
    """Return facts of a radiator that gives what is commanded."""
    heat = Heat(age_s=10.0, power_w=400.0, commanded_w=400.0, setpoint_c=20.0, zone_temperature_c=temperature_c)
    return observed(unit, replace(heat, **changes))


def water(unit: str, temperature_c: float | None = 60.0, **changes: Any) -> Facts:
    """Return facts of a boiler that gives what is commanded."""
    heat = Heat(age_s=10.0, power_w=1500.0, commanded_w=1500.0, water_out_c=temperature_c, water_return_c=52.0)
    return observed(unit, replace(heat, **changes))


def unobserved(unit: str, cause: Cause = Cause.UNREACHABLE, *, at: datetime = NOW) -> Unobserved:
    return Unobserved(unit, at, cause, "no answer")


def all_well(premises: SitePremises, temperature_c: float = 20.0) -> dict[str, Observation]:
    """Return facts of every unit that heats: rooms at a temperature, water at 60 °C."""
    return {
        unit: water(unit) if heater.kind is Kind.BOILER else room(unit, temperature_c)
        for unit, heater in premises.heaters.items()
    }


def weather(temperature_c: float, *, hours: int = 48, start: datetime = NOW) -> Forecast:
    """Return an even forecast around a time."""
    times = tuple(start + timedelta(hours=hour) for hour in range(-2, hours))
    return Forecast("forecast.csv", times, (temperature_c,) * len(times))


def question(unit: str = UNIT, premises: SitePremises | None = None, **changes: Any) -> Question:
    """Return a question about a unit of a building (or of the premises given) at 5 °C outdoors where all is well."""
    where = premises or building()
    asked = Question(unit, where, all_well(where), POLICY, NOW, PARIS, forecast=weather(5.0))
    return replace(asked, **changes)


def said(asked: Question, rule: str) -> tuple[Verdict, ...]:
    """Return what one rule says."""
    return tuple(each for each in verdicts(asked) if each.rule == rule)


def refused(asked: Question, overridden: frozenset[str] = frozenset()) -> str | None:
    """Return the refusal."""
    return refusal(verdicts(asked), overridden)


def rules_against(asked: Question) -> set[str]:
    """Return the rules that refuse."""
    return {each.rule for each in verdicts(asked) if not each.holds}
