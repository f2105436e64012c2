"""The guard as a whole: what is admitted, what is refused and in which words, overrides, repair and pre-heating."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from fleetctl.core.heat.guard import Question, Verdict, refusal, verdicts
from tests.builders.heat import (
    BOILER,
    GATEWAY,
    UNIT,
    building,
    plant,
    question,
    refused,
    rules_against,
    unobserved,
    weather,
)

FIGURE = re.compile(r"\d")


def test_unit_in_a_warm_building_is_admitted() -> None:
    assert refused(question()) is None


def test_rules_are_told_in_their_order_and_all_of_them() -> None:
    assert [v.rule for v in verdicts(question())] == ["G1", "G2", "G6", "G7", "G8", "G9"]
    assert [v.rule for v in verdicts(question(BOILER, plant()))] == ["G4", "G4", "G5", "G7", "G8", "G9"]
    assert [v.rule for v in verdicts(question(GATEWAY))] == ["G3", "G7", "G9"]


@pytest.mark.parametrize("asked", [question(), question(BOILER, plant()), question(GATEWAY)])
def test_every_verdict_has_its_rule_its_object_and_figures(asked: Question) -> None:
    for verdict in verdicts(asked):
        about, _, arithmetic = verdict.text.removeprefix(f"{verdict.rule} ").partition(": ")
        assert about != verdict.text
        assert FIGURE.search(arithmetic), verdict.text


@pytest.mark.parametrize("rule", ["G1", "G2", "G4", "G5", "G7", "G9"])
def test_verdict_of_a_rule_with_a_limit_names_it(rule: str) -> None:
    told = [*verdicts(question()), *verdicts(question(BOILER, plant()))]
    for verdict in (each for each in told if each.rule == rule):
        assert re.search("limit|cap|needed|clear of", verdict.text), verdict.text


def test_refusal_is_every_reason_in_the_words_of_the_rules() -> None:
    said = (Verdict("G1", False, "G1 a: one"), Verdict("G2", True, "G2 a: two"), Verdict("G5", False, "G5 b: three"))
    assert refusal(said) == "G1 a: one; G5 b: three"
    assert refusal(said, frozenset({"G1"})) == "G5 b: three"
    assert refusal(said, frozenset({"G1", "G5"})) is None


@pytest.mark.parametrize("rule", ["G4", "never", "quiet"])
def test_hot_water_and_a_dwellings_wishes_are_never_overridden(rule: str) -> None:
    assert refusal((Verdict(rule, False, "text"),), frozenset({rule})) == "text"


def test_repair_of_a_unit_that_is_down_is_never_blocked_by_what_is_broken() -> None:
    where = building(dwelling={"never": True, "cap_down_w": 0.0, "quiet_hours": "00:00-23:59"})
    everything = frozenset(where.heaters) - {UNIT}
    broken = question(
        premises=where,
        facts={UNIT: unobserved(UNIT)},
        down=everything,
        forecast=weather(-15.0),
        incidents=frozenset({"a"}),
        touched={"A101": 20.0},
    )
    assert {"G1", "G2", "G6", "G8", "G9", "never", "quiet"} <= rules_against(broken)
    assert refused(replace(broken, repair=True)) is None


def test_unit_that_is_down_counts_against_the_others_of_its_dwelling() -> None:
    assert rules_against(question(down=frozenset({"les-sables/a101-2"}))) == {"G2"}
