"""What a line does to packets, by tables: the time and the chance are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat

import pytest

from fleetctl.lab.line import LIMIT, USUAL, Line, Passage

NEVER_LOST = repeat(0.5)
"""Chances of which none loses a packet of the lines below, and each is the middle of the jitter."""


def passage(line: Line, chances: Iterator[float] = NEVER_LOST) -> Passage:
    return Passage(line, lambda: next(chances))


def arrivals(under_way: Passage, times_s: Sequence[float]) -> list[list[bytes]]:
    return [list(under_way.arrived(time_s)) for time_s in times_s]


def test_a_packet_arrives_when_its_delay_is_over_and_only_once() -> None:
    line = passage(Line(delay_ms=40.0, loss_percent=0.0))
    line.set_off(b"a", 10.0)
    line.set_off(b"b", 10.01)
    assert line.next_s == pytest.approx(10.04)
    assert arrivals(line, (10.03, 10.041, 10.049, 10.051, 99.0)) == [[], [b"a"], [], [b"b"], []]
    assert line.next_s is None


@pytest.mark.parametrize(
    ("chance", "delay_ms"),
    [(0.0, 30.0), (0.5, 40.0), (0.75, 45.0)],
)
def test_jitter_is_earlier_or_later(chance: float, delay_ms: float) -> None:
    line = passage(Line(40.0, jitter_ms=10.0, loss_percent=0.0), repeat(chance))
    line.set_off(b"a", 1.0)
    assert line.next_s == pytest.approx(1.0 + delay_ms / 1000.0)


def test_a_packet_that_is_quicker_waits_for_the_one_before() -> None:
    chances = iter([0.5, 0.99, 0.5, 0.0])  # each draws for its loss first
    line = passage(Line(40.0, jitter_ms=30.0, loss_percent=0.0), chances)
    line.set_off(b"late", 1.0)
    line.set_off(b"quick", 1.001)
    assert arrivals(line, (1.05, 1.07)) == [[], [b"late", b"quick"]]


def test_more_jitter_than_delay_lets_nothing_arrive_before_it_set_off() -> None:
    line = passage(Line(1.0, jitter_ms=5.0, loss_percent=0.0), repeat(0.0))
    line.set_off(b"a", 1.0)
    assert line.next_s == 1.0


@pytest.mark.parametrize(
    ("percent", "chance", "lost"),
    [(0.0, 0.0, False), (2.0, 0.0199, True), (2.0, 0.02, False), (100.0, 0.999, True)],
)
def test_chance_loses_as_many_of_a_hundred_as_the_line_says(percent: float, chance: float, lost: bool) -> None:
    line = passage(Line(40.0, loss_percent=percent), repeat(chance))
    line.set_off(b"a", 1.0)
    assert (line.next_s is None) is lost


def test_what_does_not_fit_is_lost_and_what_has_arrived_makes_room() -> None:
    line = passage(Line(40.0, loss_percent=0.0))
    for _ in range(LIMIT + 5):
        line.set_off(b"x", 1.0)
    assert len(list(line.arrived(2.0))) == LIMIT
    line.set_off(b"y", 2.0)
    assert list(line.arrived(3.0)) == [b"y"]


def test_a_line_says_what_it_is_like() -> None:
    assert str(USUAL) == "40 ms and 2 % loss each way"
    assert str(Line(150.0, 20.0, 0.5)) == "150 ± 20 ms and 0.5 % loss each way"
