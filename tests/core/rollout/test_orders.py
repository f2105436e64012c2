"""What people write to hold, override and approve: what it means, and everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from fleetctl.core.policy import Policy, Wave
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.core.rollout.orders import (
    HoldOrder,
    OverrideOrder,
    approvable,
    concerned,
    hold_order,
    needs_another,
    override_order,
    waiting_wave,
)
from fleetctl.core.rollout.state import Rollout, Status
from tests.builders.rollouts import rollout

UNITS = frozenset({"launaguet/a101-1", "launaguet/a101-2", "brescia/b1"})
WAITS = replace(rollout(), waves=(Wave("canary"), Wave("rest")), wave=1, awaiting=True, actor="ada")


def problems_of(order: Callable[[], object]) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as refused:
        order()
    return refused.value.problems


def the_problem(order: Callable[[], object]) -> Problem:
    (problem,) = problems_of(order)
    return problem


def override(rule: str = "G1", scope: str = "*", reason: str = "empty", length: str = "4h") -> OverrideOrder:
    return override_order(rule, scope, reason, length, UNITS)


def test_what_is_right_is_taken_over() -> None:
    assert hold_order("launaguet", " leak ", UNITS) == HoldOrder("launaguet", "leak")
    assert override("g6", "launaguet/a101-1") == OverrideOrder("G6", "launaguet/a101-1", "empty", timedelta(hours=4))


@pytest.mark.parametrize("scope", ["", "laun*", "Launaguet", "launaguet/", "/a101-1", "a/b/c", "**", "launaguet a"])
def test_a_scope_has_a_form(scope: str) -> None:
    problem = the_problem(lambda: hold_order(scope, "x", None))
    assert (problem.code, problem.hint) == ("bad-scope", "write '*', SITE or SITE/UNIT")


@pytest.mark.parametrize(
    ("scope", "code", "hint"),
    [
        ("launagut", "unknown-site", "did you mean 'launaguet'?"),
        ("launaguet/a101-3", "unknown-unit", "did you mean 'launaguet/a101-"),
        ("launagut/a101-1", "unknown-unit", "did you mean 'launaguet/a101-1'?"),
        ("a101-2", "unknown-site", "did you mean 'launaguet/a101-2'?"),
        ("nowhere", "unknown-site", "known: brescia, launaguet"),
    ],
)
def test_a_scope_that_is_nowhere_is_refused_with_what_was_meant(scope: str, code: str, hint: str) -> None:
    problem = the_problem(lambda: hold_order(scope, "x", UNITS))
    assert problem.code == code
    assert problem.hint.startswith(hint)


def test_where_nobody_knows_the_units_only_the_form_counts() -> None:
    assert hold_order("nowhere/at-all", "x", None).scope == "nowhere/at-all"


@pytest.mark.parametrize("rule", ["G4", "g4", " G4 "])
def test_hot_water_cannot_be_overridden(rule: str) -> None:
    assert the_problem(lambda: override(rule)).code == "never-overridden"


@pytest.mark.parametrize(
    ("rule", "hint"), [("windo", "did you mean 'window'?"), ("G13", "known: G1, G2"), ("", "known: G1, G2, G3, G5")]
)
def test_a_rule_that_is_none_is_refused_with_what_was_meant(rule: str, hint: str) -> None:
    problem = the_problem(lambda: override(rule))
    assert problem.code == "unknown-rule"
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    ("text", "hours"), [("4h", 4), ("90min", 1.5), ("90m", 1.5), ("1h30m", 1.5), ("24h", 24), ("1d", 24), ("1440m", 24)]
)
def test_a_length_is_days_hours_and_minutes(text: str, hours: float) -> None:
    assert override(length=text).length == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "4", "h", "4 h", "-4h", "4h30", "0h", "0m", "1.5h", "forever", "4s", "٤h" * 2])
def test_a_length_that_is_none_is_refused(text: str) -> None:
    assert the_problem(lambda: override(length=text)).code == "bad-duration"


@pytest.mark.parametrize("text", ["25h", "1d1m", "1441min", "999999d"])
def test_no_override_lasts_longer_than_a_day(text: str) -> None:
    problem = the_problem(lambda: override(length=text))
    assert problem.code == "too-long"
    assert "24 h" in problem.message


def test_everything_that_is_wrong_is_said_at_once() -> None:
    found = problems_of(lambda: override("G4", "nowhere", "  ", "3 weeks"))
    assert {problem.code for problem in found} == {"never-overridden", "unknown-site", "no-reason", "bad-duration"}


# --- approval -------------------------------------------------------------------------------------------------------


def test_the_wave_that_waits_is_approved_by_another_person() -> None:
    assert waiting_wave(WAITS) == "rest"
    assert approvable(WAITS, "", "looks good", "bob") == "rest"
    assert approvable(WAITS, "rest", "looks good", "bob") == "rest"


@pytest.mark.parametrize(
    ("wave", "code"), [("canary", "nothing-waits"), ("rset", "unknown-wave"), ("canary2", "unknown-wave")]
)
def test_no_other_wave_is_approved(wave: str, code: str) -> None:
    problem = the_problem(lambda: approvable(WAITS, wave, "looks good", "bob"))
    assert (problem.code, problem.hint) == (code, "the wave that waits is 'rest'")


@pytest.mark.parametrize(
    "row",
    [
        replace(WAITS, awaiting=False),
        replace(WAITS, status=Status.ABORTED),
        replace(WAITS, status=Status.SUCCEEDED),
    ],
)
def test_where_no_wave_waits_nothing_is_approved(row: Rollout) -> None:
    assert the_problem(lambda: approvable(row, "", "looks good", "bob")).code == "nothing-waits"


def test_a_halted_rollout_may_be_approved_and_still_waits_to_be_resumed() -> None:
    assert approvable(replace(WAITS, status=Status.HALTED), "", "looks good", "bob") == "rest"


def test_who_started_a_rollout_does_not_approve_it_unless_the_policy_lets_him() -> None:
    problem = the_problem(lambda: approvable(WAITS, "", "looks good", "ada"))
    assert problem.code == "own-approval"
    assert "separate_approver" in problem.hint
    alone = replace(WAITS, policy=replace(WAITS.policy, separate_approver=False))
    assert approvable(alone, "", "looks good", "ada") == "rest"


def test_an_approval_without_a_reason_is_none() -> None:
    assert the_problem(lambda: approvable(WAITS, "", " ", "bob")).code == "no-reason"


# --- whose override counts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scope", "ids"), [("*", ["r-1", "r-2"]), ("brescia", ["r-2"]), ("launaguet/a101-1", ["r-1"])])
def test_an_override_concerns_the_rollouts_of_its_sites(scope: str, ids: list[str]) -> None:
    rollouts = [replace(rollout("r-1"), sites=("launaguet",)), replace(rollout("r-2"), sites=("brescia",))]
    assert [row.id for row in concerned(rollouts, override(scope=scope))] == ids


@pytest.mark.parametrize(
    ("actor", "separate", "needed"), [("ada", True, True), ("ada", False, False), ("bob", True, False)]
)
def test_a_second_person_is_needed_for_ones_own_rollout(actor: str, separate: bool, needed: bool) -> None:
    row = replace(rollout(), actor="ada", policy=Policy("p", separate_approver=separate))
    assert needs_another(row, actor) is needed
