from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.inventory.fleet import Fleet, Kind
from fleetctl.core.policy import Policy, Wave
from fleetctl.core.rollout.waves import Placed, WaveOf, assign, placed
from tests.builders.fleets import MODELS, a_building, a_fleet, a_plant

FLEET = a_fleet(a_building("a", 1, 12), a_building("b", 2, 12), a_plant("c", 3, 3))
ALL = [replace(place, heats_without_gateway=False) for place in placed(FLEET, [unit.name for unit in FLEET.units()])]
"""30 units: three gateways, 24 radiators, three boilers."""
INDEPENDENT = [replace(place, heats_without_gateway=True) for place in ALL]


def waves_of(*waves: Wave, units: Sequence[Placed] = tuple(INDEPENDENT)) -> dict[str, int]:
    return {wave.rule.name: len(wave.units) for wave in assign(units, Policy("p", waves=waves))}


def the_wave(name: str, found: Sequence[WaveOf]) -> WaveOf:
    (wave,) = (wave for wave in found if wave.rule.name == name)
    return wave


def test_without_waves_everything_is_one() -> None:
    assert waves_of() == {"all": 30}


def test_a_canary_then_shares_then_what_is_left() -> None:
    shares = (Wave("canary", units=2), Wave("tenth", percent=10), Wave("half", percent=50), Wave("last"))
    assert waves_of(*shares) == {"canary": 2, "tenth": 3, "half": 15, "last": 10}


def test_what_no_wave_takes_is_a_last_one() -> None:
    assert waves_of(Wave("canary", units=2)) == {"canary": 2, "rest": 28}


def test_a_percent_is_never_rounded_up_to_one_unit() -> None:
    found = assign(INDEPENDENT[:9], Policy("p", waves=(Wave("tenth", percent=10), Wave("last"))))
    assert [len(wave.units) for wave in found] == [0, 9]
    assert found[0].arithmetic == "10 % of 9 is 0.9, rounded down 0: empty, passed over"


def test_a_share_is_exact() -> None:
    hundred = [replace(INDEPENDENT[0], unit=replace(INDEPENDENT[0].unit, id=f"gw-{n}")) for n in range(100)]
    assert waves_of(Wave("w", percent=29), units=hundred) == {"w": 29, "rest": 71}
    assert waves_of(Wave("w", percent=0.7), units=hundred * 10) == {"w": 7, "rest": 993}


def test_a_share_is_of_the_frozen_set_not_of_what_is_left() -> None:
    assert waves_of(Wave("most", units=20), Wave("half", percent=50)) == {"most": 20, "half": 10}
    assert waves_of(Wave("most", units=28), Wave("half", percent=50)) == {"most": 28, "half": 2}


def test_a_selector_owns_its_units_wherever_its_wave_stands() -> None:
    found = assign(INDEPENDENT, Policy("p", waves=(Wave("half", percent=50), Wave("plant", select="site=c"))))
    assert the_wave("plant", found).units == ("c/gw-1", "c/boiler-1", "c/boiler-2", "c/boiler-3")
    assert not set(the_wave("half", found).units) & set(the_wave("plant", found).units)
    assert len(the_wave("half", found).units) == 15


def test_of_two_selectors_the_first_takes_the_unit() -> None:
    assert waves_of(Wave("radiators", select="kind=radiator"), Wave("a", select="site=a")) == {
        "radiators": 24,
        "a": 1,
        "rest": 5,
    }


def test_shares_follow_the_order_given() -> None:
    backwards = list(reversed(INDEPENDENT))
    (first, *_) = assign(backwards, Policy("p", waves=(Wave("canary", units=2),)))
    assert first.units == ("c/boiler-3", "c/boiler-2")


def test_a_gateway_goes_before_units_that_do_not_heat_without_it() -> None:
    waves = (Wave("a", select="site=a", approval=True, soak_s=60), Wave("others", soak_s=30))
    found = assign(ALL, Policy("p", waves=waves))
    assert [(wave.rule.name, len(wave.units)) for wave in found] == [
        ("a/gateways", 1),
        ("a", 12),
        ("others/gateways", 2),
        ("others", 15),
    ]
    assert [wave.rule.soak_s for wave in found] == [60, 60, 30, 30]
    assert [wave.rule.approval for wave in found] == [True, False, False, False], "a person approves once"


def test_a_gateway_stays_with_units_that_heat_without_it() -> None:
    assert waves_of(Wave("a", select="site=a")) == {"a": 13, "rest": 17}


def test_a_gateway_stays_in_a_wave_without_its_own_units() -> None:
    found = waves_of(Wave("x", select="a/gw-1"), Wave("y", select="site=b"), units=ALL)
    assert found == {"x": 1, "y/gateways": 1, "y": 12, "rest/gateways": 1, "rest": 15}


@pytest.mark.parametrize(
    ("wave", "words"),
    [
        (Wave("w", units=2), "2 of 30"),
        (Wave("w", units=40), "40 of 30, but 30 are left"),
        (Wave("w", percent=50), "50 % of 30 is 15"),
        (Wave("w", percent=5), "5 % of 30 is 1.5, rounded down 1"),
        (Wave("w", select="kind=boiler"), "'kind=boiler' names 3 of 30"),
        (Wave("w", select="site=x"), "'site=x' names 0 of 30: empty, passed over"),
        (Wave("w"), "all 30 that are left of 30"),
    ],
)
def test_the_arithmetic_is_said(wave: Wave, words: str) -> None:
    assert assign(INDEPENDENT, Policy("p", waves=(wave,)))[0].arithmetic == words


@pytest.mark.parametrize(("radiator", "gateway"), [(True, False), (False, True), (False, False)])
def test_the_unit_s_or_the_gateway_s_model_says_what_heats_alone(radiator: bool, gateway: bool) -> None:
    models = {id: replace(model, heats_without_gateway=False) for id, model in MODELS.items()}
    models["qh-1"] = replace(models["qh-1"], heats_without_gateway=radiator)
    models["gw-1"] = replace(models["gw-1"], heats_without_gateway=gateway)
    (place,) = placed(replace(FLEET, models=models), ["a/a101-1"])
    assert place.heats_without_gateway == (radiator or gateway)


# Whatever the policy and the set


selectors = st.sampled_from(["kind=radiator", "site=a", "site=b,dwelling=A101", "c/*", "kind=gateway", "room=living"])
sizes = st.one_of(
    st.builds(lambda n: {"units": n}, st.integers(1, 40)),
    st.builds(lambda n: {"percent": n}, st.floats(0.01, 100)),
    st.builds(lambda text: {"select": text}, selectors),
    st.just({}),
)
policies = st.lists(sizes, max_size=5).map(
    lambda all: Policy("p", waves=tuple(Wave(f"w{n}", **of) for n, of in enumerate(all)))
)


@st.composite
def frozen_sets(draw: st.DrawFn) -> tuple[Placed, ...]:
    chosen = draw(st.lists(st.sampled_from(ALL), unique_by=lambda place: place.unit.name, max_size=30))
    return tuple(replace(place, heats_without_gateway=draw(st.booleans())) for place in chosen)


@given(frozen_sets(), policies)
def test_every_unit_is_in_exactly_one_wave_in_the_order_given(units: tuple[Placed, ...], policy: Policy) -> None:
    found = assign(units, policy)
    assert Counter(name for wave in found for name in wave.units) == Counter(place.unit.name for place in units)
    order = {place.unit.name: n for n, place in enumerate(units)}
    assert all(list(wave.units) == sorted(wave.units, key=order.__getitem__) for wave in found)
    assert len({wave.rule.name for wave in found}) == len(found)
    assert assign(units, policy) == found


@given(frozen_sets(), policies)
def test_no_wave_is_larger_than_its_share(units: tuple[Placed, ...], policy: Policy) -> None:
    taken = Counter[str]()
    for wave in assign(units, policy):
        taken[wave.rule.name.partition("/")[0]] += len(wave.units)
    for rule in policy.waves:
        assert not rule.percent or taken[rule.name] * 100 <= Fraction(str(rule.percent)) * len(units)
        assert not rule.units or taken[rule.name] <= rule.units


@given(frozen_sets(), policies)
def test_a_gateway_and_its_units_are_never_in_one_wave(units: tuple[Placed, ...], policy: Policy) -> None:
    by_name = {place.unit.name: place for place in units}
    for wave in assign(units, policy):
        inside = [by_name[name] for name in wave.units]
        gateways = {place.unit.name for place in inside if place.unit.kind is Kind.GATEWAY}
        for place in inside:
            if not place.heats_without_gateway:
                assert f"{place.unit.site}/{place.unit.gateway}" not in gateways


def test_a_name_that_is_not_in_the_fleet_is_no_unit() -> None:
    with pytest.raises(KeyError):
        placed(Fleet("empty"), ["a/a101-1"])
