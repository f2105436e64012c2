"""When a policy lets work start: windows and freezes on the site's own clock.

One rule covers daylight saving: **a window is open whenever the clock on the site's wall reads a time in it.** So in
spring a window of 02:00-03:00 does not open on the night without that hour, one of 02:30-04:00 opens at the jump, and
in autumn the hour that comes twice counts both times. Quiet hours follow the same rule. Zones come in as values: this
module reads no clock and no zone file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from itertools import pairwise

from fleetctl.core.policy import Freeze, Policy, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN
LOOK_AHEAD_DAYS = 366


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether work may start now, and how long that stays so.

    Attributes:
        until: next change, in UTC, so that the answer may be kept until then; None if there is none within a year.
        reason: the same in words, in the site's own time.
    """

    is_open: bool
    until: datetime | None
    reason: str


def opening(policy: Policy, now_utc: datetime, zone: tzinfo) -> Opening:
    """Say whether the policy's windows are open at a site.

    Args:
        policy: its windows (none: always open) and freezes.
        now_utc: now, aware.
        zone: the site's time zone.
    """
    if not policy.windows and not policy.freeze:
        return Opening(True, None, "no window: work may start at any time")
    local = now_utc.astimezone(zone)
    is_open = _is_open(policy, local)
    until = _next_change(policy, now_utc, zone, is_open)
    return Opening(is_open, until, _in_words(policy, local, is_open, until))


def in_quiet_hours(quiet_hours: str, now_utc: datetime, zone: tzinfo) -> bool:
    """Say whether quiet hours (`22:00-07:00`; empty for none) hold now; from and to the same hour is all day."""
    if not quiet_hours:
        return False
    start, end = span_of(quiet_hours)
    minute = _minute_of(now_utc.astimezone(zone))
    return start <= minute < end if start < end else not end <= minute < start


def quiet_between(quiet_hours: str, start_utc: datetime, end_utc: datetime, zone: tzinfo) -> bool:
    """Say whether quiet hours hold at any time from start to end, also where they begin and end in between."""
    if not quiet_hours:
        return False
    minutes = range(int((end_utc - start_utc).total_seconds() // 60) + 1)
    return any(
        in_quiet_hours(quiet_hours, at, zone)
        for at in (*(start_utc + n * timedelta(minutes=1) for n in minutes), end_utc)
    )


def span_of(hours: str) -> tuple[int, int]:
    """Return start and end of `22:00-07:00` as minutes after midnight."""
    start, _, end = hours.partition("-")
    return minute_of(start), minute_of(end)


def minute_of(clock: str) -> int:
    """Return `22:30` as minutes after midnight; `24:00` is the end of the day."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def hours_of(opens_min: int, closes_min: int) -> str:
    """Return two minutes after midnight as `22:00-05:00`."""
    return "-".join("{:02}:{:02}".format(*divmod(minute, 60)) for minute in (opens_min, closes_min))


def minutes_of_week(window: Window) -> Iterator[int]:
    """Yield the minutes of a week without a change of time in which a window is open; Monday 00:00 is 0."""
    length = window.closes_min - window.opens_min
    if length < 0:
        length += DAY_MIN
    for day in window.days:
        start = DAYS.index(day) * DAY_MIN + window.opens_min
        yield from (minute % WEEK_MIN for minute in range(start, start + length))


@cache
def longest_opening_min(windows: tuple[Window, ...], quiet_hours: str = "") -> int:
    """Return the longest stretch without a break, in minutes, that windows leave open outside quiet hours.

    A week that is open throughout, which is what no windows at all mean, counts as one week.
    """
    is_open = {minute for window in windows for minute in minutes_of_week(window)} if windows else set(range(WEEK_MIN))
    if quiet_hours:
        start, end = span_of(quiet_hours)
        is_open -= set(minutes_of_week(Window(DAYS, start, end if start != end else start + DAY_MIN)))
    if len(is_open) == WEEK_MIN:
        return WEEK_MIN
    closed = sorted(set(range(WEEK_MIN)) - is_open)
    return max(after - before - 1 for before, after in pairwise([*closed, closed[0] + WEEK_MIN]))


def _is_open(policy: Policy, local: datetime) -> bool:
    if _freeze_on(policy.freeze, local.date()) is not None:
        return False
    return not policy.windows or any(_holds(window, local) for window in policy.windows)


def _freeze_on(freezes: Sequence[Freeze], day: date) -> Freeze | None:
    text = day.isoformat()
    return next((freeze for freeze in freezes if freeze.first <= text <= freeze.last), None)


def _holds(window: Window, local: datetime) -> bool:
    minute, today = _minute_of(local), local.weekday()
    if window.opens_min < window.closes_min:
        return DAYS[today] in window.days and window.opens_min <= minute < window.closes_min
    # Overnight: the evening of a day it opens on, or the morning after one.
    evening = DAYS[today] in window.days and minute >= window.opens_min
    return evening or (DAYS[today - 1] in window.days and minute < window.closes_min)


def _minute_of(local: datetime) -> int:
    return local.hour * 60 + local.minute


def _next_change(policy: Policy, now_utc: datetime, zone: tzinfo, is_open: bool) -> datetime | None:
    """Return the first instant after now at which `_is_open` is another: it changes at a boundary or a jump only."""
    today = now_utc.astimezone(zone).date()
    minutes = {0, *(m % DAY_MIN for window in policy.windows for m in (window.opens_min, window.closes_min))}
    for ahead in range(LOOK_AHEAD_DAYS + 1):
        for instant in _boundaries(today + timedelta(days=ahead), minutes, zone):
            if instant > now_utc and _is_open(policy, instant.astimezone(zone)) != is_open:
                return instant
    return None


def _boundaries(day: date, minutes: set[int], zone: tzinfo) -> list[datetime]:
    """Return when the site's clock reads one of these minutes on a day, and when it is changed; in order."""
    midnight = datetime.combine(day, time())
    readings = {instant for minute in minutes for instant in _readings(midnight + timedelta(minutes=minute), zone)}
    start, end = (wall.replace(tzinfo=zone).astimezone(UTC) for wall in (midnight, midnight + timedelta(days=1)))
    return sorted(readings | _jumps(start, end, zone))


def _readings(wall: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Yield the instants at which the clock reads `wall`: one, none in spring, two in autumn."""
    for fold in (0, 1):
        instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
            yield instant


def _jumps(start: datetime, end: datetime, zone: tzinfo) -> set[datetime]:
    """Return the instant between two at which the zone's offset changes, if it does; a day has one change at most."""
    after = end.astimezone(zone).utcoffset()
    if start.astimezone(zone).utcoffset() == after:
        return set()
    low, high = 0, int((end - start).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        changed = (start + timedelta(seconds=middle)).astimezone(zone).utcoffset() == after
        low, high = (low, middle) if changed else (middle, high)
    return {start + timedelta(seconds=high)}


def _in_words(policy: Policy, local: datetime, is_open: bool, until: datetime | None) -> str:
    when = "" if until is None or local.tzinfo is None else _at(until.astimezone(local.tzinfo))
    if is_open:
        return f"window open until {when}" if when else "window open, and it does not close within a year"
    freeze = _freeze_on(policy.freeze, local.date())
    why = "outside the windows" if freeze is None else _frozen(freeze)
    return f"{why}; opens {when}" if when else f"{why}; no window opens within a year"


def _frozen(freeze: Freeze) -> str:
    return f"frozen until the end of {freeze.last}" + (f" ({freeze.reason})" if freeze.reason else "")


def _at(local: datetime) -> str:
    return f"{DAYS[local.weekday()].capitalize()} {local:%Y-%m-%d %H:%M} {local.tzname()}"
