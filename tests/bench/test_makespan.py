"""The lower bound and the barrier batches, on work that can be counted on one's fingers."""

from __future__ import annotations

import pytest

from bench.makespan import Work, barriers_s, batches, groups_s_of, lower_bound_s
from tests.builders.fleets import a_gateway, a_radiator

SITE = "s"


def radiator(place: int, *, down_s: float = 100.0, before_s: float = 20.0, after_s: float = 10.0) -> Work:
    unit = a_radiator(SITE, 1, place)
    return Work(unit, before_s, down_s, after_s, f"{SITE}/{unit.dwelling}", 1)


GATEWAY = Work(a_gateway(SITE, 1), 50.0, 0.0, 0.0, "", 1)


def test_a_dwelling_bounds_by_the_times_without_heat_one_after_the_other() -> None:
    works = [radiator(0), radiator(1), radiator(2, before_s=5.0)]
    assert lower_bound_s(works, places=10) == (5 + 300 + 10, "a site with its gateways")


def test_a_gateway_comes_on_top_of_its_site() -> None:
    assert lower_bound_s([GATEWAY, radiator(0)], places=10)[0] == 50 + 130


def test_the_window_bounds_by_all_work() -> None:
    works = [radiator(3 * dwelling) for dwelling in range(10)]
    bound_s, _ = lower_bound_s(works, places=2)
    assert bound_s == 10 * 130 / 2


def test_the_longest_unit_bounds() -> None:
    works = [radiator(0, down_s=1000.0, before_s=200.0), radiator(3)]
    assert lower_bound_s(works, places=10)[0] == 1210


def test_batches_hold_the_caps_and_lose_nobody() -> None:
    works = [GATEWAY, *(radiator(place) for place in range(9))]
    made = batches(works, 4)
    assert sorted(work.unit.name for batch in made for work in batch) == sorted(work.unit.name for work in works)
    for batch in made:
        assert len({work.shares for work in batch}) == len(batch) <= 4
        assert GATEWAY not in batch or batch == [GATEWAY]


def test_a_barrier_waits_for_its_last_and_a_group_for_most() -> None:
    slow = [radiator(3 * n, down_s=1000.0 if n == 0 else 70.0) for n in range(10)]
    quick = [radiator(3 * n, down_s=70.0) for n in range(10, 20)]
    assert barriers_s([slow, quick]) == pytest.approx(1030 + 100)
    assert groups_s_of([slow, quick]) == pytest.approx(1030)
