"""On and off, differently for each unit."""

from __future__ import annotations

from itertools import combinations

import pytest

from fleetctl.core.commissioning.codes import MOST_UNITS, patterns


@pytest.mark.parametrize(
    ("units", "minutes"), [(1, 20), (3, 20), (5, 20), (6, 40), (11, 40), (12, 80), (MOST_UNITS, 80)]
)
def test_a_dwelling_takes_twenty_minutes_and_several_at_once_take_less_each(units: int, minutes: float) -> None:
    given = patterns([f"u{index}" for index in range(units)])
    assert given.seconds == 60 * minutes
    assert len(set(given.codes.values())) == units


def test_every_two_codes_are_orthogonal_and_on_half_of_the_time() -> None:
    codes = list(patterns([f"u{index}" for index in range(MOST_UNITS)]).codes.values())
    half = len(codes[0]) // 2
    assert all(code.count("1") == half for code in codes)
    both = {sum(a == b == "1" for a, b in zip(one, two, strict=True)) for one, two in combinations(codes, 2)}
    assert both == {half // 2}


def test_what_flows_at_once_is_known_beforehand() -> None:
    given = patterns(["a", "b", "c"])
    assert given.together() == max(sum(int(code[chip]) for code in given.codes.values()) for chip in range(8)) == 3


def test_no_more_units_than_can_be_told_apart() -> None:
    with pytest.raises(ValueError, match="23 units at once, at most 22"):
        patterns([f"u{index}" for index in range(MOST_UNITS + 1)])


def test_in_a_fast_lab_it_takes_as_much_less_time() -> None:
    assert patterns(["a"], chip_s=7.5).seconds == 60
