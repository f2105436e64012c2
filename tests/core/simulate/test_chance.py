"""Luck that follows from the seed and the question alone, and spreads that keep the quantiles they are made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.simulate.chance import Chance, Spread
from fleetctl.core.simulate.conditions import JOBS


def test_the_same_question_has_the_same_answer_whenever_it_is_asked() -> None:
    chance = Chance(7)
    first = chance.share("lasts", "s/r1", 2)
    chance.share("something", "else")
    assert chance.share("lasts", "s/r1", 2) == first
    assert Chance(8).share("lasts", "s/r1", 2) != first


def test_shares_are_evenly_spread() -> None:
    shares = [Chance(1).share("question", number) for number in range(4000)]
    for decile in range(10):
        inside = sum(decile / 10 <= share < (decile + 1) / 10 for share in shares)
        assert inside == pytest.approx(400, abs=70)


def test_a_rate_is_the_share_of_cases_in_which_it_happens() -> None:
    happened = sum(Chance(3).happens(0.03, "flaky", number) for number in range(10_000))
    assert happened == pytest.approx(300, abs=60)
    assert not Chance(3).happens(0.0, "anything")


def test_jobs_last_as_the_published_trace_says() -> None:
    assert JOBS.at(0.5) == pytest.approx(11 * 60)
    assert JOBS.at(0.9) == pytest.approx(1.7 * 3600)
    assert JOBS.at(0.99) == pytest.approx(5.8 * 3600)


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_a_spread_rises(one: float, other: float) -> None:
    spread = Spread.within(240.0)
    low, high = sorted((one, other))
    assert 0 < spread.at(low) <= spread.at(high)


def test_a_spread_within_its_p99() -> None:
    assert Spread.within(240.0).at(0.99) == pytest.approx(240.0)
