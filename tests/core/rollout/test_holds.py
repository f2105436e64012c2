"""Which units a hold or an override is about, and when an override counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.rollout.holds import OVERRIDE_AT_MOST, RULES, Hold, Override, covers, held_by, overridden
from tests.builders.world import START

UNIT = "launaguet/a101-1"
HOUR = timedelta(hours=1)


def hold(scope: str, id: int = 1) -> Hold:
    return Hold(id, scope, "ada", "storm", START)


def override(
    rule: str = "G1", scope: str = "*", *, hours: float = 4, after: timedelta = timedelta(0), actor: str = "ada"
) -> Override:
    at = START + after
    return Override(1, rule, scope, actor, "empty house", at, at + hours * HOUR)


@pytest.mark.parametrize("scope", ["*", "launaguet", UNIT])
def test_a_scope_takes_in_all_a_site_or_a_unit(scope: str) -> None:
    assert covers(scope, UNIT)


@pytest.mark.parametrize("scope", ["launaguet/a101-10", "launaguet/a101", "launa", "a101-1", "launaguet/", "", "**"])
def test_a_scope_takes_in_nothing_that_merely_looks_alike(scope: str) -> None:
    assert not covers(scope, UNIT)


def test_the_first_hold_that_covers_a_unit_is_named() -> None:
    holds = [hold("brescia", 1), hold(UNIT, 2), hold("*", 3)]
    assert held_by(holds, UNIT) == holds[1]
    assert held_by(holds, "florestine/b1") == holds[2]
    assert held_by(holds[:2], "florestine/b1") is None


def test_a_hold_says_why_a_unit_waits() -> None:
    assert hold("launaguet").text == "launaguet is held by ada: storm (hold 1)"
    assert hold("*", 7).text == "everything is held by ada: storm (hold 7)"


def test_an_override_frees_the_units_of_its_scope_from_its_rule() -> None:
    overrides = [override("G1", "launaguet"), override("window", UNIT), override("G6", "brescia")]
    assert overridden(overrides, UNIT, START) == {"G1", "window"}
    assert overridden(overrides, "launaguet/a101-2", START) == {"G1"}


@pytest.mark.parametrize("minutes", [-1, 240, 241, 10_000])
def test_an_override_that_has_ended_or_not_begun_never_counts(minutes: int) -> None:
    assert overridden([override()], UNIT, START + timedelta(minutes=minutes)) == frozenset()


@pytest.mark.parametrize("minutes", [0, 239.99])
def test_an_override_counts_from_its_order_until_its_end(minutes: float) -> None:
    assert overridden([override()], UNIT, START + timedelta(minutes=minutes)) == {"G1"}


@given(st.sampled_from(["G4", "g4", "G13", "hold", "", "*"]), st.sampled_from(["*", "launaguet", UNIT]))
def test_hot_water_is_never_overridden_nor_what_is_no_rule(rule: str, scope: str) -> None:
    assert overridden([override(rule, scope)], UNIT, START) == frozenset()


@given(st.floats(-100, 100), st.floats(0, 100))
def test_no_override_counts_for_longer_than_a_day(hours: float, looked_h: float) -> None:
    counted = overridden([override(hours=hours)], UNIT, START + looked_h * HOUR)
    assert not counted or (looked_h * HOUR < OVERRIDE_AT_MOST and looked_h < hours <= 24)


def test_the_starter_of_a_rollout_does_not_override_for_himself() -> None:
    own, other = override("G1", actor="ada"), override("G6", actor="bob")
    assert overridden([own, other], UNIT, START, not_by="ada") == {"G6"}
    assert overridden([own, other], UNIT, START) == {"G1", "G6"}


def test_all_rules_but_hot_water_can_be_overridden() -> None:
    assert set(RULES) == {f"G{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12)} | {"window"}
    assert overridden([override(rule) for rule in RULES], UNIT, START) == set(RULES)
