"""Policies as people write them: what they mean, and everything that can be wrong with them, with its arithmetic."""

from __future__ import annotations

import pytest

from fleetctl.core.policy import AtMost, Drain, Freeze, Guard, Policy, Wave, Window
from fleetctl.core.problems import Problem, Severity
from tests.builders.inventories import a_folder, examined, said_of, unmarked

GOOD = "{max_in_progress: 4}"
ROOM = ("heat_loss_w_k: 25, capacity_kj_k: 4950", "heat_loss_w_k: 25, capacity_kj_k: 4950, quiet_hours: 21:00-07:00")


def policy(text: str) -> Policy:
    found = examined(a_folder((GOOD, text)))
    assert found.problems == ()
    assert found.fleet is not None
    return found.fleet.policies["default"]


def said(text: str) -> tuple[Problem, ...]:
    """Return what is said of a policy, after checking that it is said at the marks."""
    texts, places = unmarked(a_folder((GOOD, text)))
    problems = said_of(texts)
    assert [problem.where for problem in problems] == places
    assert all(problem.hint for problem in problems)
    return problems


def the_problem(text: str) -> Problem:
    (problem,) = said(text)
    return problem


def test_waves_are_resolved() -> None:
    waves = "[{name: a, units: 2, soak_s: 600, approve: true}, {name: b, percent: 2.5}, {name: c, select: site=here}]"
    assert policy(f"{{waves: {waves}}}").waves == (
        Wave("a", units=2, soak_s=600, approval=True),
        Wave("b", percent=2.5),
        Wave("c", select="site=here"),
    )


@pytest.mark.parametrize(
    ("days", "meant"),
    [("[mon-wed]", "mon tue wed"), ("[sat-mon]", "mon sat sun"), ("[sun, mon-tue, mon]", "mon tue sun")],
)
def test_days_are_written_out(days: str, meant: str) -> None:
    found = policy(f"{{windows: [{{days: {days}, opens: 22:00, closes: 05:30}}]}}")
    assert found.windows == (Window(tuple(meant.split()), 1320, 330),)


def test_what_is_nested_has_its_defaults_too() -> None:
    found = policy("{max_unavailable: {dwelling: 1}, drain: {jobs: cancel}, guard: {floor_c: 17}}")
    assert found.max_unavailable == AtMost(dwelling=1)
    assert found.drain == Drain(jobs="cancel")
    assert found.guard == Guard(floor_c=17)


def test_what_is_not_written_is_what_a_rollout_without_a_policy_has() -> None:
    assert policy("{}") == Policy("default")


def test_a_freeze_is_days() -> None:
    found = policy("{freeze: [{first: 2026-12-20, last: 2027-01-03, reason: holidays}]}")
    assert found.freeze == (Freeze("2026-12-20", "2027-01-03", "holidays"),)


@pytest.mark.parametrize("written", ["5 %", "5%", "five", "0,5"])
@pytest.mark.parametrize("key", ["max_failed_percent", "min_success_percent"])
def test_a_threshold_that_cannot_be_parsed_is_a_validation_error(key: str, written: str) -> None:
    problem = the_problem(f"{{{key}: ▸'{written}', min_executed: 5}}")
    assert (problem.code, problem.severity) == ("wrong-type", Severity.ERROR)
    assert f"policies.default.{key} must be a number, but is '{written}'" in problem.message
    assert problem.hint == "write the number alone, in percent"


def test_a_percent_limit_needs_a_minimum_of_executed_units() -> None:
    """Else it would trip on the first of one."""
    problem = the_problem("{max_failed_percent: ▸5}")
    assert (problem.code, problem.severity) == ("no-min-executed", Severity.ERROR)


MALFORMED = {
    "percent over 100": ("{waves: [{name: a, percent: ▸101}]}", "out-of-range"),
    "percent of nothing": ("{waves: [{name: a, percent: ▸0}]}", "out-of-range"),
    "wave of no units": ("{waves: [{name: a, units: ▸0}]}", "out-of-range"),
    "unknown key in a list": ("{waves: [{name: a}, {name: b, ▸percnt: 5}]}", "unknown-key"),
    "soak in hours": ("{waves: [{name: a, ▸soak_h: 2}]}", "wrong-unit"),
    "no such day": ("{windows: [{days: [mon, ▸thr], opens: 22:00, closes: 05:00}]}", "bad-days"),
    "no day": ("{windows: [{▸days: [], opens: 22:00, closes: 05:00}]}", "too-few"),
    "opens at no time": ("{windows: [{days: [mon], opens: ▸24:00, closes: 05:00}]}", "bad-time"),
    "closes at no time": ("{windows: [{days: [mon], opens: 22:00, closes: ▸5 am}]}", "bad-time"),
    "date of another country": ("{freeze: [{first: ▸20/12/2026, last: 2027-01-03}]}", "bad-date"),
    "day that does not exist": ("{freeze: [{first: 2026-02-20, last: ▸2026-02-30}]}", "bad-date"),
    "negative limit": ("{max_unavailable: {site: ▸-1}}", "out-of-range"),
    "optimistic guard": ("{guard: {loss_factor: ▸0.8}}", "out-of-range"),
    "another word": ("{on_failure: ▸rollback}", "not-one-of"),
}


@pytest.mark.parametrize(("text", "code"), MALFORMED.values(), ids=list(MALFORMED))
def test_what_is_malformed_is_an_error_at_its_place(text: str, code: str) -> None:
    texts, places = unmarked(a_folder((GOOD, text)))
    assert [(problem.code, problem.where) for problem in said_of(texts)] == [(code, place) for place in places]


ERRORS = {
    # waves
    "two sizes": ("{waves: [{name: a, units: 2, percent: ▸5}]}", "two-sizes", "'units' and 'percent'"),
    "a size and a selector": ("{waves: [{name: a, percent: 5, select: ▸site=here}]}", "two-sizes", "and 'select'"),
    "shares over 100": (
        "{waves: [{name: a, percent: 10}, {name: b, percent: 60}, {name: c, percent: ▸50}]}",
        "percent-over-100",
        "10 % + 60 % + 50 % = 120 % of the units",
    ),
    "name twice": ("{waves: [{name: a, units: 1}, {name: ▸a}]}", "duplicate-wave", "two waves 'a'"),
    "rest with a size": ("{waves: [{name: ▸rest, units: 1}]}", "reserved-name", "'rest'"),
    "after all": ("{waves: [{name: a}, ▸{name: b, percent: 5}]}", "empty-wave", "'a' takes all"),
    "selector without a meaning": ("{waves: [{name: a, select: ▸boilers}]}", "bad-selector", "'boilers' is neither"),
    "selector with an unknown key": ("{waves: [{name: a, select: ▸kid=boiler}]}", "unknown-key", "wave 'a' of policy"),
    "selector of nothing": ("{waves: [{name: a, select: ▸kind=boilr}]}", "empty-selection", "no unit matches"),
    "selector of no unit": ("{waves: [{name: a, select: ▸here/a109-1}]}", "unknown-unit", "'here/a109-1'"),
    # limits and caps
    "none at once": ("{max_unavailable: {site: ▸0}}", "never-admits", "0 units of a site may be down"),
    "cap below the smallest radiator": (
        "{cap_down_w: ▸600}",
        "never-admits",
        "600 W of a dwelling may be down, the smallest, 'here/a101-1', has 650 W",
    ),
    "cap below the smallest boiler": (
        "{cap_loop_down_w: ▸1999}",
        "never-admits",
        "1999 W of a loop may be down, the smallest, 'here/boiler-1', has 2000 W",
    ),
    # windows
    "closes when it opens": (
        "{windows: [{days: [mon], opens: 22:00, closes: ▸22:00}]}",
        "never-opens",
        "22:00-22:00 of policy 'default' never opens",
    ),
    "windows overlap": (
        "{windows: [{days: [mon-fri], opens: 22:00, closes: 02:00}, ▸{days: [tue], opens: 01:00, closes: 04:00}]}",
        "overlapping-windows",
        "share 60 min a week",
    ),
    "window over the end of the week": (
        "{windows: [{days: [sun], opens: 22:00, closes: 02:00}, ▸{days: [mon], opens: 00:30, closes: 04:00}]}",
        "overlapping-windows",
        "share 90 min a week",
    ),
    "window shorter than a unit needs": (
        "{▸windows: [{days: [mon], opens: 22:00, closes: 22:15}]}",
        "window-too-short",
        "open for 15 min at most, 'qb' needs 300 + 300 + 60 + 300 = 960 s",
    ),
    "freeze ends before it starts": (
        "{freeze: [{first: 2027-01-03, last: ▸2026-12-20}]}",
        "freeze-order",
        "ends 2026-12-20, before it starts 2027-01-03",
    ),
    "freezes overlap": (
        "{freeze: [{first: 2026-12-20, last: 2027-01-03}, ▸{first: 2026-12-31, last: 2027-01-02}]}",
        "overlapping-freezes",
        "share 3 days from 2026-12-31",
    ),
    "frozen for a year": (
        "{freeze: [{first: 2027-07-01, last: 2027-12-31}, ▸{first: 2028-01-01, last: 2028-06-30}]}",
        "never-opens",
        "366 days without a break",
    ),
    # deadlines
    "reboot and heat outlast the unit": (
        "{reboot_timeout_s: 900, heat_timeout_s: 1200, unit_timeout_s: ▸1800}",
        "timeouts",
        "reboot 900 s and the heat after it 1200 s, together 2100 s; the whole unit has 1800 s",
    ),
    "deferred until it is over": (
        "{defer_for_s: 60, defer_every_s: ▸300}",
        "timeouts",
        "every 300 s, but for 60 s only",
    ),
}


@pytest.mark.parametrize(("text", "code", "words"), ERRORS.values(), ids=list(ERRORS))
def test_a_policy_that_makes_no_sense_is_an_error_with_its_arithmetic(text: str, code: str, words: str) -> None:
    for problem in said(text):
        assert (problem.code, problem.severity) == (code, Severity.ERROR)
    assert words in said(text)[0].message


WARNINGS = {
    "thresholds that differ": (
        "{max_failed_percent: 5, min_executed: 9, min_success_percent: ▸99}",
        "thresholds-differ",
        "5 % + 99 % = 104 %",
    ),
    "a reboot takes longer": ("{reboot_timeout_s: ▸200}", "deadline-too-short", "has reboot_p99_s 300"),
    "heat takes longer": ("{heat_timeout_s: ▸200}", "deadline-too-short", "has verify_s 300"),
}


@pytest.mark.parametrize(("text", "code", "words"), WARNINGS.values(), ids=list(WARNINGS))
def test_a_doubtful_policy_is_a_warning(text: str, code: str, words: str) -> None:
    texts, (place,) = unmarked(a_folder((GOOD, text)))
    problem = said_of(texts)[0]
    assert (problem.code, problem.where, problem.severity) == (code, place, Severity.WARNING)
    assert words in problem.message


def test_a_cap_that_permits_none_blocks_and_says_why() -> None:
    """The promise: nothing is rounded up to one unit, so a policy under which nothing can ever start is refused."""
    texts, (place,) = unmarked(a_folder((GOOD, "{cap_down_w: ▸600}")))
    found = examined(texts)
    assert found.fleet is None
    assert [problem.where for problem in found.problems] == [place]


def test_a_cap_that_only_some_places_exceed_is_one_warning_for_the_policy() -> None:
    limited = ("QR-3,", "QR-3, heat: {max_power_w: 500},")
    texts, (place,) = unmarked(a_folder((GOOD, "{cap_down_w: ▸600}"), limited))
    (problem,) = said_of(texts)
    assert (problem.code, problem.where, problem.severity) == ("cap-too-small", place, Severity.WARNING)
    assert "in 1 of 2 dwellings: 600 W may be down, the smallest there, 'here/a101-1', has 650 W" in problem.message


def test_a_cap_is_not_judged_where_a_model_is_unknown() -> None:
    unknown = ("{model: qh, channel", "{model: qq, channel")
    assert {problem.code for problem in said_of(a_folder((GOOD, "{cap_down_w: 600}"), unknown))} == {"unknown-model"}


def test_a_window_that_only_some_models_exceed_is_a_warning() -> None:
    quick = (
        "  gw: {kind",
        "  quick: {kind: boiler, compatible: x, power_w: 400, reboot_p99_s: 60, verify_s: 60}\n  gw: {kind",
    )
    window = "{▸windows: [{days: [mon], opens: 22:00, closes: 22:15}]}"
    texts, (place,) = unmarked(a_folder((GOOD, window), quick))
    (problem,) = said_of(texts)
    assert (problem.code, problem.where, problem.severity) == ("window-too-short", place, Severity.WARNING)


def test_a_window_inside_the_quiet_hours_of_a_dwelling_is_a_warning_there() -> None:
    edits = ((GOOD, "{windows: [{days: [mon-fri], opens: 22:00, closes: 05:00}]}"), ROOM)
    (problem,) = said_of(a_folder(*edits))
    assert (problem.code, problem.severity) == ("window-in-quiet-hours", Severity.WARNING)
    assert "leaves 'A102' 0 min outside its quiet hours 21:00-07:00" in problem.message


def test_quiet_hours_that_leave_enough_are_nothing_to_say() -> None:
    evening = (GOOD, "{windows: [{days: [mon-fri], opens: 20:00, closes: 22:00}]}")
    assert said_of(a_folder(evening, ROOM)) == ()


@pytest.mark.parametrize(
    ("opens", "closes", "said"),
    [
        ("03:00", "05:00", True),  # an hour to heat up, an hour hot
        ("02:30", "04:30", True),  # twice 16 minutes before it
        ("02:27", "04:30", False),
        ("03:00", "05:30", False),
    ],
)
def test_a_window_inside_the_disinfection_of_a_loop_is_a_warning_there(opens: str, closes: str, said: bool) -> None:
    windows = f"{{windows: [{{days: [mon], opens: {opens}, closes: {closes}}}]}}"
    texts, (place,) = unmarked(a_folder((GOOD, windows), ("disinfection_at: 03:00", "disinfection_at: ▸03:00")))
    problems = said_of(texts)
    assert [(problem.code, problem.where) for problem in problems] == [("window-in-disinfection", place)] * said
    assert all("can never admit a boiler of 'dhw': no work starts 02:28-05:00" in p.message for p in problems)


def test_all_problems_of_all_policies_are_said_at_once() -> None:
    others = (
        "{max_in_progress: 4}\n"
        "  two: {waves: [{name: a, units: 1, percent: ▸5}, {name: ▸a}], max_unavailable: {fleet: ▸0}}\n"
        "  three: {waves: [{name: a, percent: ▸200}]}\n"
        "  four: {freeze: [{first: 2027-01-03, last: ▸2026-12-20}]}"
    )
    texts, places = unmarked(a_folder((GOOD, others)))
    assert sorted(problem.where for problem in said_of(texts)) == places


def test_a_selector_is_not_judged_where_a_site_could_not_be_read() -> None:
    waves = (GOOD, "{waves: [{name: a, select: kind=boilr}]}")
    codes = {
        problem.code for problem in said_of(a_folder(waves, ("subscribed_power_w: 20000", "subscribed_power_w: x")))
    }
    assert codes == {"wrong-type"}
