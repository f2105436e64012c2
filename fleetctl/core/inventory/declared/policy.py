"""A policy as it is written: how a rollout goes. What is not written has the default of `fleetctl.core.policy`."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict
from pydantic_core import PydanticCustomError

from fleetctl.core import policy as resolved
from fleetctl.core.inventory.declared.quantities import (
    TIME,
    AtLeastOne,
    ClockTime,
    Count,
    Declared,
    Id,
    Percent,
    Seconds,
    Text,
    Watts,
    form,
    in_schema,
)
from fleetctl.core.windows import DAYS
from fleetctl.core.written import as_text

_POLICY = resolved.Policy("")
_DRAIN = resolved.Drain()
_STAGING = resolved.Staging()
_GUARD = resolved.Guard()

_DAY = "|".join(DAYS)
DAYS_FORM = re.compile(f"(?:{_DAY})(?:-(?:{_DAY}))?")
CLOSING = re.compile(f"{TIME.pattern}|24:00")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _in_calendar(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        context = {"fact": f"{text!r} is not in the calendar: {error}", "hint": "write a day that exists"}
        raise PydanticCustomError("bad-date", "{fact}", context) from None
    return text


_Written = Annotated[str, BeforeValidator(as_text)]
SomeDays = Annotated[
    _Written,
    form(DAYS_FORM, "bad-days", "is neither a day nor a span of days", "write mon, or mon-fri"),
    in_schema(DAYS_FORM),
]
ClosingTime = Annotated[
    _Written,
    form(CLOSING, "bad-time", "is not a time of day", "write hours and minutes, such as 05:00; 24:00 is midnight"),
    in_schema(CLOSING),
]
Date = Annotated[
    _Written,
    form(DATE, "bad-date", "is not a date", "write year, month and day, such as 2026-12-20"),
    AfterValidator(_in_calendar),
    in_schema(DATE),
]
NotNegative = Annotated[float, Field(ge=0)]
FewKelvin = Annotated[float, Field(ge=0, le=5)]
ManyKelvin = Annotated[float, Field(ge=0, le=20)]
Share = Annotated[float, Field(gt=0, le=1)]


class Wave(Declared):
    """A gated group of units; with neither `units`, `percent` nor `select` it takes all that are left."""

    name: Id
    """Name of the wave, for `rollout approve` and reports."""
    units: AtLeastOne | None = None
    """Takes this many units."""
    percent: Percent | None = None
    """Takes this share of the rollout's units, rounded down and never up to one."""
    select: Text | None = None
    """Takes the units that this selector names, such as `kind=boiler`; no other wave gets them."""
    soak_s: NotNegative = 0.0
    """Time between the end of its last unit and the opening of its gate, in s."""
    approve: bool = False
    """A person has to approve the wave before its first unit starts."""


class Window(Declared):
    """When work may start, by the clock on the site's wall; one that closes before it opens goes on overnight."""

    days: Annotated[tuple[SomeDays, ...], Strict(False), Field(min_length=1)]
    """Days on which it opens, such as `[mon-thu, sat]`."""
    opens: ClockTime
    """Local time at which it opens, such as `22:00`."""
    closes: ClosingTime
    """Local time at which it closes, such as `05:00`; `24:00` is midnight."""


class Freeze(Declared):
    """Days on which nothing starts."""

    first: Date
    """First day, such as `2026-12-20`, in the site's time zone."""
    last: Date
    """Last day; it is frozen too."""
    reason: Text = ""
    """Why, for those who wait."""


class AtMost(Declared):
    """How many units may be down at once; what is not written has no limit."""

    fleet: Count | None = None
    """In the whole fleet."""
    site: Count | None = None
    """At one site."""
    gateway: Count | None = None
    """Behind one gateway."""
    dwelling: Count | None = None
    """In one dwelling."""
    loop: Count | None = None
    """On one hydraulic loop."""


class Drain(Declared):
    """How a unit is freed of jobs before its heat is interrupted."""

    deadline_s: Seconds = _DRAIN.deadline_s
    """How long running jobs are waited for, in s."""
    jobs: Literal["cancel", "defer"] = "defer"
    """What becomes of jobs that still run then: ended and reported as lost, or left alone and the unit deferred."""


class Staging(Declared):
    """How bundles are brought to units and installed, ahead of any interruption."""

    max_in_progress: AtLeastOne = _STAGING.max_in_progress
    """How many units stage or install at once."""
    rate_bytes_per_s: Count = _STAGING.rate_bytes_per_s
    """How fast one bundle may travel at most, in bytes per s; 0 sets no limit."""
    timeout_s: Seconds = _STAGING.timeout_s
    """How long nothing may arrive, and nothing be installed, until this try is given up, in s."""
    carry_timeout_s: Seconds = _STAGING.carry_timeout_s
    """How long a bundle may take to the gateway, from which its units fetch it, in s."""


class Guard(Declared):
    """The heat guard's margins."""

    forecast_margin_k: ManyKelvin = _GUARD.forecast_margin_k
    """Taken off the lowest temperature of the forecast, in K."""
    loss_factor: Annotated[float, Field(ge=1, le=5)] = _GUARD.loss_factor
    """What heat losses are multiplied with."""
    capacity_factor: Share = _GUARD.capacity_factor
    """What thermal capacities are multiplied with."""
    sensor_error_k: FewKelvin = _GUARD.sensor_error_k
    """Taken off a measured temperature because sensors err, in K."""
    air_dip_k: FewKelvin = _GUARD.air_dip_k
    """Taken off a measured temperature because air cools faster than walls, in K."""
    floor_c: Annotated[float, Field(ge=5, le=25)] = _GUARD.floor_c
    """Lowest temperature that a zone may be let fall to, in °C."""
    setpoint_margin_k: FewKelvin = _GUARD.setpoint_margin_k
    """Where the setpoint minus this is lower than `floor_c`, it is the floor, in K."""
    recovery_k: FewKelvin = _GUARD.recovery_k
    """Loss of room temperature that needs no proof of recovery, in K."""
    settled_k: FewKelvin = _GUARD.settled_k
    """How near to its setpoint a zone counts as recovered, in K."""
    power_share: Share = _GUARD.power_share
    """Share of the subscribed power that may be used."""
    telemetry_age_s: Seconds = _GUARD.telemetry_age_s
    """Age from which telemetry counts as unknown, in s."""
    cold_margin_k: ManyKelvin = _GUARD.cold_margin_k
    """No voluntary work if the forecast is below the design temperature plus this, in K."""
    overheat_k: ManyKelvin = _GUARD.overheat_k
    """No burn-in in a room this far over its setpoint, in K."""
    delivered_share: Share = _GUARD.delivered_share
    """Share of the commanded power that proves heat."""
    pulse_s: Annotated[float, Field(gt=0, le=3600)] = _GUARD.pulse_s
    """Longest heat pulse that is asked for where little is commanded, in s."""
    pulse_k: Annotated[float, Field(gt=0, le=3)] = _GUARD.pulse_k
    """Rise in room temperature that ends the heat pulse, in K."""


class Policy(Declared):
    """How a rollout goes."""

    max_in_progress: AtLeastOne = _POLICY.max_in_progress
    """Units that may be worked on at the same time."""
    max_failed: Count = _POLICY.max_failed
    """The rollout halts when more units than this have failed."""
    max_failed_percent: Percent | None = None
    """The rollout halts when more than this share of a wave's units has failed; needs `min_executed`."""
    min_executed: AtLeastOne | None = None
    """Units of the wave that must have been executed before `max_failed_percent` counts."""
    min_success_percent: Percent | None = None
    """Share of a wave's units that must succeed for the next wave to start."""
    max_sites_halted: Count = _POLICY.max_sites_halted
    """The rollout halts when more sites than this were halted by the heat guard."""
    on_failure: Literal["halt", "revert"] = "halt"
    """What becomes of the units that a halted wave has changed: left as they are, or rolled back."""
    order: Literal["site", "slack"] = "site"
    """Order of the units: site by site, or those first whose zones stay warm longest."""
    waves: Annotated[tuple[Wave, ...], Strict(False)] = ()
    """Gated groups, one after the other; none is one wave of everything."""
    windows: Annotated[tuple[Window, ...], Strict(False)] = ()
    """When work may start; none is always."""
    freeze: Annotated[tuple[Freeze, ...], Strict(False)] = ()
    """Days on which nothing starts."""
    max_unavailable: AtMost = AtMost()
    """How many units may be down at once."""
    cap_down_w: Watts | None = None
    """Most heating power of one dwelling that may be down at once, in W; never rounded up."""
    cap_loop_down_w: Watts | None = None
    """Most heating power of one hydraulic loop that may be down at once, in W; never rounded up."""
    retries: Annotated[int, Field(ge=0, le=10)] = _POLICY.retries
    """Further attempts at a unit that failed."""
    backoff_s: NotNegative = _POLICY.backoff_s
    """Pause before the first further attempt, in s; doubles with each."""
    step_timeout_s: Seconds = _POLICY.step_timeout_s
    """Longest time for one step on one unit, in s."""
    unit_timeout_s: Seconds = _POLICY.unit_timeout_s
    """Longest time for one attempt at one unit, in s; waiting for jobs and for the heat guard apart."""
    reboot_timeout_s: NotNegative = _POLICY.reboot_timeout_s
    """Longest time from the reboot to a new boot that answers, in s; 0 takes `step_timeout_s`."""
    heat_timeout_s: NotNegative = _POLICY.heat_timeout_s
    """Longest time from a new boot to the proof of heat, in s; 0 takes `step_timeout_s`."""
    gate_wait_s: NotNegative = _POLICY.gate_wait_s
    """How long a drained unit waits for the heat guard before it is undrained and deferred, in s."""
    defer_for_s: Seconds = _POLICY.defer_for_s
    """How long a deferred unit is tried again for once nothing else is left to do, in s."""
    defer_every_s: Seconds = _POLICY.defer_every_s
    """Pause between two tries at a deferred unit, in s."""
    soak_samples: Annotated[int, Field(ge=0, le=1000)] = _POLICY.soak_samples
    """Healthy samples that a unit must show before it counts as done; 0 needs none."""
    soak_every_s: Seconds = _POLICY.soak_every_s
    """Time between two of these samples, in s."""
    confirm_timeout_s: Annotated[float, Field(ge=5, le=600)] = _POLICY.confirm_timeout_s
    """After this time without a confirmation a unit restores the files that could have cut it off, in s."""
    unreachable: Literal["fail", "skip", "defer"] = "fail"
    """What becomes of a unit that cannot be reached."""
    drain: Drain = Drain()
    """How a unit is freed of jobs before its heat is interrupted."""
    staging: Staging = Staging()
    """How bundles are brought to units and installed; it needs no window and takes no heat."""
    guard: Guard = Guard()
    """The heat guard's margins."""
    separate_approver: bool = _POLICY.separate_approver
    """Who approves a wave or overrides the guard must not be who started the rollout."""
