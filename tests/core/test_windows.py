"""Windows on the site's own clock; the oracle reads the clock minute by minute and knows nothing of boundaries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fleetctl.core.policy import Freeze, Policy, Window
from fleetctl.core.windows import DAYS, WEEK_MIN, in_quiet_hours, longest_opening_min, minute_of, opening, quiet_between

PARIS = ZoneInfo("Europe/Paris")
ZONES = [PARIS, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Beirut"), ZoneInfo("America/St_Johns"), UTC]
"""Half an hour of daylight saving, a jump at midnight, an offset of half an hour, and none at all."""
MINUTE = timedelta(minutes=1)
SPRING = datetime(2027, 3, 28, 1, tzinfo=UTC)
"""02:00 CET becomes 03:00 CEST."""
AUTUMN = datetime(2027, 10, 31, 1, tzinfo=UTC)
"""03:00 CEST becomes 02:00 CET."""


def window(days: str, opens: str, closes: str) -> Window:
    return Window(tuple(days.split()), minute_of(opens), minute_of(closes))


def night(opens: str, closes: str) -> Policy:
    return Policy("p", windows=(Window(DAYS, minute_of(opens), minute_of(closes)),))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def opens_and_closes(policy: Policy, start: datetime, zone: ZoneInfo = PARIS, hours: int = 24) -> list[str]:
    """Return the changes after an instant, as the site's clock reads them."""
    changes, at = [], start
    while (found := opening(policy, at, zone)).until and found.until <= start + timedelta(hours=hours):
        at = found.until
        changes.append(at.astimezone(zone).strftime("%H:%M%z"))
    return changes


# What the clock says, without the module's own arithmetic.


def read_off(policy: Policy, instant: datetime, zone: ZoneInfo) -> bool:
    local = instant.astimezone(zone)
    today, now = local.date(), (local.hour, local.minute)
    if any(date.fromisoformat(f.first) <= today <= date.fromisoformat(f.last) for f in policy.freeze):
        return False
    return not policy.windows or any(reads(w, today, now) for w in policy.windows)


def reads(window: Window, today: date, now: tuple[int, int]) -> bool:
    opens, closes = divmod(window.opens_min, 60), divmod(window.closes_min, 60)
    yesterday = today - timedelta(days=1)
    opened_today, opened_yesterday = (day.strftime("%a").lower() in window.days for day in (today, yesterday))
    if opens < closes:
        return opened_today and opens <= now < closes
    return (opened_today and now >= opens) or (opened_yesterday and now < closes)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    minute = st.integers(0, 95).map(lambda quarter: quarter * 15)
    windows = st.builds(
        Window,
        st.sets(st.sampled_from(DAYS), min_size=1).map(lambda days: tuple(sorted(days, key=DAYS.index))),
        minute,
        minute.map(lambda minute: minute + 15),
    )
    days = st.dates(date(2027, 3, 20), date(2027, 11, 10))
    pairs = st.tuples(days, st.integers(0, 3))
    freezes = [Freeze(d.isoformat(), (d + timedelta(days=n)).isoformat()) for d, n in draw(st.lists(pairs, max_size=2))]
    chosen = draw(st.lists(windows.filter(lambda w: w.opens_min != w.closes_min), max_size=3))
    return Policy("p", windows=tuple(chosen), freeze=tuple(freezes))


instants = st.builds(
    lambda base, minutes: base + timedelta(minutes=minutes),
    st.sampled_from([SPRING - timedelta(days=2), AUTUMN - timedelta(days=2), utc("2027-04-03"), utc("2027-06-01")]),
    st.integers(0, 4 * 1440),
)


@given(policies(), instants, st.sampled_from(ZONES))
@example(night("02:00", "02:30"), AUTUMN - MINUTE, PARIS)
@example(night("00:00", "24:00"), SPRING - timedelta(hours=30), PARIS)
def test_what_opening_says_is_what_the_clock_reads_minute_by_minute(
    policy: Policy, now: datetime, zone: ZoneInfo
) -> None:
    found = opening(policy, now, zone)
    assert found.is_open == read_off(policy, now, zone)
    end = min(found.until or now + timedelta(days=3), now + timedelta(days=3))
    minutes = int((end - now) / MINUTE)
    assert all(read_off(policy, now + n * MINUTE, zone) == found.is_open for n in range(minutes))
    if found.until is not None:
        assert read_off(policy, found.until, zone) != found.is_open, "`until` is the next change, not just any boundary"


@given(st.integers(0, 1439), st.integers(0, 1439), instants, st.sampled_from(ZONES))
def test_quiet_hours_are_what_the_clock_reads(start: int, end: int, now: datetime, zone: ZoneInfo) -> None:
    hours = "{:02}:{:02}-{:02}:{:02}".format(*divmod(start, 60), *divmod(end, 60))
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    inside = {(start + n) % 1440 for n in range(((end - start - 1) % 1440) + 1)}
    assert in_quiet_hours(hours, now, zone) == (minute in inside)


def test_no_quiet_hours_are_never() -> None:
    assert not in_quiet_hours("", SPRING, PARIS)


@pytest.mark.parametrize(
    ("hours", "start", "end", "quiet"),
    [
        ("13:00-13:10", "2026-11-23T11:50", "2026-11-23T12:30", True),  # begins and ends in between
        ("13:00-13:10", "2026-11-23T11:00", "2026-11-23T11:59", False),
        ("13:00-13:10", "2026-11-23T11:00", "2026-11-23T12:00", True),
        ("13:00-13:10", "2026-11-23T12:10", "2026-11-23T12:40", False),
        ("22:00-07:00", "2026-11-23T20:45", "2026-11-23T21:15", True),
        ("", "2026-11-23T20:45", "2026-11-23T21:15", False),
    ],
)
def test_quiet_hours_in_the_middle_of_the_work_count(hours: str, start: str, end: str, quiet: bool) -> None:
    assert quiet_between(hours, utc(start), utc(end), PARIS) == quiet


@pytest.mark.parametrize(
    ("opens", "closes", "changes"),
    [
        ("02:00", "03:00", []),  # the hour does not exist, so the window does not open
        ("02:30", "04:00", ["03:00+0200", "04:00+0200"]),  # it opens at the jump
        ("01:00", "02:30", ["01:00+0100", "03:00+0200"]),  # it closes at the jump
        ("01:00", "05:00", ["01:00+0100", "05:00+0200"]),  # an hour shorter than on another night
    ],
)
def test_in_spring_the_hour_that_does_not_exist_opens_nothing(opens: str, closes: str, changes: list[str]) -> None:
    assert opens_and_closes(night(opens, closes), SPRING - timedelta(hours=2), hours=8) == changes


@pytest.mark.parametrize(
    ("opens", "closes", "changes"),
    [
        ("02:00", "03:00", ["02:00+0200", "03:00+0100"]),  # two hours
        ("02:00", "02:30", ["02:00+0200", "02:30+0200", "02:00+0100", "02:30+0100"]),
        ("01:00", "02:30", ["01:00+0200", "02:30+0200", "02:00+0100", "02:30+0100"]),
        ("22:00", "05:00", ["05:00+0100"]),
    ],
)
def test_in_autumn_the_hour_that_comes_twice_counts_both_times(opens: str, closes: str, changes: list[str]) -> None:
    assert opens_and_closes(night(opens, closes), AUTUMN - timedelta(hours=3), hours=8) == changes


def test_an_overnight_window_belongs_to_the_day_it_opens_on() -> None:
    fridays = Policy("p", windows=(window("fri", "22:00", "05:00"),))
    assert opening(fridays, utc("2026-11-28T03:59"), PARIS).is_open  # Saturday 04:59
    assert not opening(fridays, utc("2026-11-28T04:00"), PARIS).is_open
    assert not opening(fridays, utc("2026-11-27T03:00"), PARIS).is_open  # Friday 04:00


def test_a_window_that_closes_at_24_joins_one_that_opens_at_0() -> None:
    joined = Policy("p", windows=(window("mon", "20:00", "24:00"), window("tue", "00:00", "04:00")))
    found = opening(joined, utc("2026-11-23T20:00"), PARIS)
    assert (found.is_open, found.until) == (True, utc("2026-11-24T03:00"))


def test_freeze_days_are_the_sites_own() -> None:
    frozen = Policy("p", freeze=(Freeze("2026-12-20", "2027-01-03", "holidays"),))
    assert opening(frozen, utc("2026-12-19T22:59"), PARIS).until == utc("2026-12-19T23:00")
    found = opening(frozen, utc("2026-12-19T23:00"), PARIS)
    assert not found.is_open
    assert found.until == utc("2027-01-03T23:00")


def test_a_freeze_ends_a_night_at_its_midnight() -> None:
    policy = Policy("p", windows=night("22:00", "05:00").windows, freeze=(Freeze("2026-12-20", "2026-12-20"),))
    assert opens_and_closes(policy, utc("2026-12-19T12:00"), hours=48) == [
        "22:00+0100",
        "00:00+0100",
        "00:00+0100",
        "05:00+0100",
    ]


@pytest.mark.parametrize(
    ("policy", "now", "words"),
    [
        (Policy("p"), "2026-11-23T12:00", "no window: work may start at any time"),
        (night("22:00", "05:00"), "2026-11-23T22:30", "window open until Tue 2026-11-24 05:00 CET"),
        (night("22:00", "05:00"), "2026-07-01T12:00", "outside the windows; opens Wed 2026-07-01 22:00 CEST"),
        (
            Policy(
                "p", windows=night("22:00", "05:00").windows, freeze=(Freeze("2026-12-20", "2027-01-03", "holidays"),)
            ),
            "2026-12-24T12:00",
            "frozen until the end of 2027-01-03 (holidays); opens Mon 2027-01-04 00:00 CET",
        ),
        (
            Policy("p", freeze=(Freeze("2026-01-01", "2030-01-01"),)),
            "2026-11-23T12:00",
            "frozen until the end of 2030-01-01; no window opens within a year",
        ),
        (night("00:00", "24:00"), "2026-11-23T12:00", "window open, and it does not close within a year"),
    ],
)
def test_the_reason_gives_the_next_change_in_local_time(policy: Policy, now: str, words: str) -> None:
    assert opening(policy, utc(now), PARIS).reason == words


@pytest.mark.parametrize(
    ("windows", "quiet_hours", "minutes"),
    [
        ((), "", WEEK_MIN),
        ((), "22:00-07:00", 900),
        ((window("fri", "22:00", "05:00"),), "", 420),
        ((window("sun", "22:00", "24:00"), window("mon", "00:00", "01:00")), "", 180),
        ((window("mon", "20:00", "23:00"),), "22:00-07:00", 120),
        ((window("mon", "22:00", "05:00"),), "22:00-07:00", 0),
        ((window("mon", "22:00", "05:00"),), "10:00-10:00", 0),
    ],
)
def test_the_longest_stretch_without_a_break(windows: tuple[Window, ...], quiet_hours: str, minutes: int) -> None:
    assert longest_opening_min(windows, quiet_hours) == minutes
