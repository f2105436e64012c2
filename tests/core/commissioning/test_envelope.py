"""Which burn-ins may run together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.commissioning.envelope import Envelope, admit, zones_of
from fleetctl.core.facts import Observation
from fleetctl.core.heat.premises import SitePremises
from tests.builders.heat import GUARD, NOW, building, plant, room, water

SITE = building(radiators=6)
UNITS = tuple(SITE.heaters)
SECONDS = 1800.0


def envelope(
    premises: SitePremises = SITE,
    facts: Mapping[str, Observation] | None = None,
    *,
    running: frozenset[str] = frozenset(),
) -> Envelope:
    known = {unit: room(unit) for unit in premises.heaters} if facts is None else facts
    return Envelope(premises, known, GUARD, NOW, SECONDS, running=running)


def test_all_burn_in_at_once_where_there_is_power() -> None:
    assert admit(envelope(), UNITS).units == UNITS


def test_no_more_than_the_subscribed_power_allows() -> None:
    gateways_w = sum(gateway.power_w for gateway in SITE.gateways.values())
    # Two may draw 650 W beside four that draw 400 W.
    tight = replace(
        SITE, subscribed_power_w=(2 * 650 + 4 * 400 + gateways_w + SITE.other_load_w) / GUARD.power_share + 1
    )
    admitted = admit(envelope(tight), UNITS)
    assert admitted.units == UNITS[:2]
    assert set(admitted.refused) == set(UNITS[2:])
    assert admitted.refused[UNITS[2]].text.startswith("G7 les-sables: 1950 W loaded (3), 1215 W running and 5000 W")


def test_what_runs_already_counts() -> None:
    gateways_w = sum(gateway.power_w for gateway in SITE.gateways.values())
    tight = replace(
        SITE, subscribed_power_w=(2 * 650 + 4 * 400 + gateways_w + SITE.other_load_w) / GUARD.power_share + 1
    )
    admitted = admit(envelope(tight, running=frozenset(UNITS[:1])), UNITS)
    assert admitted.units == UNITS[1:2]
    assert UNITS[0] not in admitted.refused


@pytest.mark.parametrize(("temperature_c", "admitted"), [(20.0, True), (21.0, True), (22.9, False), (25.0, False)])
def test_no_burn_in_where_it_would_become_too_warm(temperature_c: float, admitted: bool) -> None:
    facts = {unit: room(unit, temperature_c) for unit in UNITS}
    found = admit(envelope(facts=facts), UNITS[:1])
    assert (UNITS[0] in found.units) is admitted
    if not admitted:
        assert "limit 23 °C" in found.refused[UNITS[0]].text
        assert found.refused[UNITS[0]].rule == "G10"


def test_a_room_is_not_heated_by_three_at_once_if_two_are_all_that_it_takes() -> None:
    small = building(radiators=6, dwelling={"capacity_kj_k": 2400.0, "heat_loss_w_k": 15.0})
    facts = {unit: room(unit, 20.4, power_w=50.0, commanded_w=50.0) for unit in small.heaters}
    by_dwelling = zones_of(small, small.heaters)
    together = next(iter(by_dwelling.values()))
    admitted = admit(envelope(small, facts), together)
    assert 0 < len(admitted.units) < len(together)
    assert "K in 30 min" in admitted.refused[together[-1]].text


def test_of_whose_room_nothing_is_known_nobody_would_see_it_become_too_warm() -> None:
    stale = {unit: room(unit) for unit in UNITS}
    found = admit(replace(envelope(facts=stale), now_utc=NOW + timedelta(hours=2)), UNITS)
    assert found.units == ()
    assert "nobody would see" in found.refused[UNITS[0]].text
    assert admit(envelope(facts={}), UNITS[:1]).refused[UNITS[0]].text.startswith(f"G10 {UNITS[0]}: was never observed")


def test_boilers_are_bound_by_the_limit_of_their_modules() -> None:
    site = plant()
    boilers = tuple(site.heaters)
    limit_c = site.heaters[boilers[0]].water_max_c
    assert limit_c is not None
    warm = {unit: water(unit, limit_c) for unit in boilers}
    assert admit(envelope(site, warm), boilers).units == boilers
    hot = warm | {boilers[1]: water(boilers[1], limit_c + 0.5)}
    found = admit(envelope(site, hot), boilers)
    assert boilers[1] in found.refused
    assert envelope(site, hot).limit_c(boilers[1]) == limit_c


def test_the_limit_of_a_room_is_three_kelvin_over_its_setpoint() -> None:
    assert envelope().limit_c(UNITS[0]) == 23.0
    assert envelope(facts={}).limit_c(UNITS[0]) is None


@given(
    st.lists(st.sampled_from(UNITS), max_size=8),
    st.sets(st.sampled_from(UNITS)),
    st.floats(0.2, 1.0),
    st.lists(st.floats(15, 27), min_size=len(UNITS), max_size=len(UNITS)),
)
def test_whatever_is_admitted_is_within_the_power_and_nowhere_too_warm(
    wanted: list[str], running: set[str], share: float, temperatures_c: list[float]
) -> None:
    whole_w = sum(heater.power_w for heater in SITE.heaters.values())
    site = replace(SITE, subscribed_power_w=SITE.other_load_w + share * 2 * whole_w)
    facts = {unit: room(unit, celsius) for unit, celsius in zip(UNITS, temperatures_c, strict=True)}
    found = admit(envelope(site, facts, running=frozenset(running)), wanted)
    assert set(found.units) | set(found.refused) == set(wanted) - running
    measured_c = dict(zip(UNITS, temperatures_c, strict=True))
    assert all(measured_c[unit] <= 23.0 for unit in found.units)
    if found.units:
        loaded = running | set(found.units)
        rest_w = 400.0 * (len(UNITS) - len(loaded)) + sum(gateway.power_w for gateway in site.gateways.values())
        assert 650.0 * len(loaded) + rest_w + site.other_load_w <= GUARD.power_share * site.subscribed_power_w + 1e-6
