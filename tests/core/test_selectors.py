"""Selectors: what they select, and how they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.core.selectors import KEYS, names_any, parse, select
from tests.builders.fleets import a_building, a_fleet, a_plant

FLEET = a_fleet(a_building("launaguet-a", 1, 6), a_building("launaguet-b", 2, 3), a_plant("brescia", 3, 2))


def names(*arguments: str, fleet: Fleet = FLEET) -> list[str]:
    return [unit.name for unit in select(fleet, arguments)]


def refusal(*arguments: str) -> Problem:
    with pytest.raises(InvalidInput) as refused:
        select(FLEET, arguments)
    (problem,) = refused.value.problems
    return problem


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ((), 14),
        (("site=launaguet-*",), 11),
        (("site=launaguet-?",), 11),
        (("site=launaguet-[b-z]",), 4),
        (("kind=radiator",), 9),
        (("site=launaguet-*,kind=radiator,dwelling=A10[12]",), 9),
        (("kind=radiator,dwelling=A102",), 3),
        (("kind=boiler", "kind=gateway"), 5),
        (("loop=hot-water",), 2),
        (("gateway=gw-1",), 11),
        (("model=qb-1",), 2),
        (("channel=stable",), 14),
        (("release=2026.*",), 14),
        (("building=a,room=living",), 3),
        (("label.floor=0",), 9),
        (("unit=a101-1",), 2),
        (("unit=launaguet-a/a101-1",), 1),
        (("launaguet-a/a101-1",), 1),
        (("launaguet-a/*",), 7),
        (("launaguet-a/a101-1,kind=radiator",), 1),
        ((" site = brescia , kind = boiler ",), 2),
    ],
)
def test_selects(arguments: tuple[str, ...], count: int) -> None:
    assert len(names(*arguments)) == count


def test_several_arguments_are_a_union_without_duplicates_in_the_fleets_order() -> None:
    both = names("kind=gateway", "launaguet-a/a101-1", "site=launaguet-a,unit=gw-1")

    assert both == ["launaguet-a/gw-1", "launaguet-a/a101-1", "launaguet-b/gw-1", "brescia/gw-1"]


def test_a_unit_without_the_thing_asked_for_never_matches() -> None:
    assert all("gw" not in name for name in names("dwelling=*"))


@pytest.mark.parametrize(
    ("argument", "code", "hint"),
    [
        ("kindd=radiator", "unknown-key", "did you mean 'kind'?"),
        ("launaguet-a/a101-9", "unknown-unit", "did you mean 'a101-"),
        ("launaguet-z/gw-1", "unknown-unit", "did you mean 'launaguet-a/gw-1'?"),
        ("launaguet-z/none", "unknown-unit", "no such site"),
        ("launaguet-a", "bad-selector", "did you mean 'site=launaguet-a'?"),
        ("a102-1", "bad-selector", "did you mean 'launaguet-a/a102-1'?"),
        ("zzz", "bad-selector", "write key=pattern or site/unit"),
        ("", "bad-selector", "write key=pattern or site/unit"),
        ("kind=", "bad-selector", "kind=*"),
        ("label.=x", "unknown-key", "label.NAME"),
        ("site=launagett-a", "empty-selection", "did you mean 'launaguet-a'?"),
        ("site=brescia,kind=radiator", "empty-selection", "no unit matches all"),
        ("label.colour=red", "empty-selection", ""),
    ],
)
def test_refuses_with_a_hint(argument: str, code: str, hint: str) -> None:
    problem = refusal(argument)

    assert problem.code == code
    assert hint in problem.hint


def test_an_argument_that_selects_nothing_is_an_error_beside_one_that_does() -> None:
    assert refusal("kind=radiator", "dwelling=B*").code == "empty-selection"


def test_every_wrong_part_is_reported_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        select(FLEET, ["sight=x,kind=", "nowhere/gw-1", "dwelling=Z"])

    assert {p.code for p in refused.value.problems} == {
        "unknown-key",
        "bad-selector",
        "unknown-unit",
        "empty-selection",
    }


def test_an_empty_fleet_is_an_empty_selection() -> None:
    with pytest.raises(InvalidInput, match="the fleet has no units"):
        select(Fleet("nothing"))


@given(st.sampled_from(sorted(KEYS)), st.text("*?ab1-", min_size=1, max_size=4))
def test_selects_just_the_units_whose_value_matches(key: str, pattern: str) -> None:
    from fnmatch import fnmatchcase

    expected = [u.name for u in FLEET.units() if any(v and fnmatchcase(v, pattern) for v in KEYS[key](u))]
    try:
        found: Any = names(f"{key}={pattern}")
    except InvalidInput:
        found = []
    assert found == expected


def test_a_selector_can_be_read_without_a_fleet() -> None:
    selector = parse("launaguet-a/a101-1,kind=radiator")
    assert [unit.name for unit in FLEET.units() if selector.selects(unit)] == ["launaguet-a/a101-1"]
    assert not names_any(parse("nowhere/a101-1"), FLEET)
    assert names_any(parse("label.floor=0"), FLEET)


def test_without_a_fleet_its_form_is_refused_all_the_same() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse("a101-1,kid=radiator")
    assert [problem.code for problem in refused.value.problems] == ["bad-selector", "unknown-key"]
