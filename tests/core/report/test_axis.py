from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fleetctl.core.report.axis import Axis

PARIS = ZoneInfo("Europe/Paris")
EVENING = datetime(2026, 1, 15, 17, 33, 20, tzinfo=UTC)


def labels(began: datetime, took: timedelta) -> list[str]:
    return [tick.label for tick in Axis(began, began + took, PARIS).ticks()]


@pytest.mark.parametrize(
    ("took", "expected"),
    [
        (timedelta(seconds=8), ["18:33:20", "18:33:22", "18:33:24", "18:33:26"]),
        (timedelta(minutes=3), ["18:33:30", "18:34:00", "18:34:30", "18:35:00", "18:35:30", "18:36:00"]),
        (timedelta(hours=3), ["19:00", "19:30", "20:00", "20:30", "21:00"]),
        (timedelta(days=1, hours=12), ["Fri 00:00", "Fri 06:00", "Fri 12:00", "Fri 18:00", "Sat 00:00"]),
        (timedelta(days=5), ["16 Jan", "17 Jan", "18 Jan", "19 Jan", "20 Jan"]),
    ],
)
def test_marks_stand_at_round_times_of_the_sites_own_clock(took: timedelta, expected: list[str]) -> None:
    assert labels(EVENING, took) == expected


def test_the_night_in_which_the_clocks_change_has_its_hour_twice() -> None:
    began = datetime(2026, 10, 24, 23, 0, tzinfo=UTC)
    assert labels(began, timedelta(hours=4)) == ["01:00", "02:00", "02:00", "03:00"]


def test_marks_stay_on_the_page_and_what_is_outside_is_put_at_its_edge() -> None:
    axis = Axis(EVENING, EVENING + timedelta(hours=1), UTC)
    assert all(0 <= tick.percent <= 93 for tick in axis.ticks())
    assert [axis.x(EVENING + timedelta(minutes=m)) for m in (-5, 0, 30, 60, 90)] == [0, 0, 500, 1000, 1000]


def test_a_rollout_that_took_no_time_has_an_axis() -> None:
    axis = Axis(EVENING, EVENING, UTC)
    assert axis.x(EVENING) == 0
    assert len(list(axis.ticks())) <= 1
