"""How a rollout goes: the resolved policy that a rollout freezes when it starts.

What a person writes is in `inventory.declared.policy`; what its words mean is in `windows`, `waves`, `heat.guard` and
`rollout.admission`. Everything here is a plain frozen value that is stored with the rollout.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wave:
    """A gated group of units: nobody of it starts before the gate of the wave before has opened.

    At most one of `units`, `percent` and `select` is given; a wave with none of them takes all that are left.

    Attributes:
        units: takes this many, in the policy's order.
        percent: takes this share of the rollout's frozen set, rounded down.
        select: takes what this selector names.
        soak_s: time between the end of its last unit and the opening of its gate.
        approval: a person has to approve the wave before its first unit starts.
    """

    name: str
    units: int = 0
    percent: float = 0.0
    select: str = ""
    soak_s: float = 0.0
    approval: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """When work may start, in the site's own time; one that closes before it opens goes on overnight.

    Attributes:
        days: days on which it opens, `mon` to `sun`.
        opens_min, closes_min: minutes after midnight, 0 to 1440.
    """

    days: tuple[str, ...]
    opens_min: int
    closes_min: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """Days on which nothing starts, first and last included, as dates (`2026-12-20`) in the site's own time."""

    first: str
    last: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AtMost:
    """How many units may be down at once; None sets no limit."""

    fleet: int | None = None
    site: int | None = None
    gateway: int | None = None
    dwelling: int | None = None
    loop: int | None = None


@dataclass(frozen=True, slots=True)
class Drain:
    """How a unit is freed of jobs before its heat is interrupted.

    Attributes:
        deadline_s: how long running jobs are waited for.
        jobs: what becomes of jobs that still run then: `cancel` ends them and reports them lost, `defer` leaves
            them alone, undrains the unit and defers it.
    """

    deadline_s: float = 7200.0
    jobs: str = "defer"


@dataclass(frozen=True, slots=True)
class Staging:
    """How bundles are brought to units and installed, ahead of any interruption: no window, no heat is asked for.

    Attributes:
        max_in_progress: units that stage or install at once.
        rate_bytes_per_s: how fast one bundle may travel at most; 0 sets no limit.
        timeout_s: how long nothing may arrive, and nothing be installed, until the unit is given up for this try.
        carry_timeout_s: how long a bundle may take to the gateway, from which its units fetch it.
    """

    max_in_progress: int = 16
    rate_bytes_per_s: int = 0
    timeout_s: float = 600.0
    carry_timeout_s: float = 21600.0


@dataclass(frozen=True, slots=True)
class Guard:
    """The heat guard's margins; the defaults are those of the domain.

    Attributes:
        forecast_margin_k: taken off the lowest forecast temperature.
        loss_factor, capacity_factor: what H and C are multiplied with.
        sensor_error_k, air_dip_k: taken off a measured temperature.
        floor_c, setpoint_margin_k: the floor of a zone is the lower of `floor_c` and its setpoint minus the margin.
        recovery_k: cost in room temperature that needs no proof of recovery (G6).
        settled_k: how near to its setpoint a zone counts as recovered (G6).
        power_share: share of the subscribed power that may be used (G7).
        telemetry_age_s: age from which telemetry is unknown (G8).
        cold_margin_k: no voluntary wave below the design temperature plus this (G9).
        overheat_k: no burn-in in a room this far over its setpoint (G10).
        delivered_share: share of the commanded power that proves heat.
        pulse_s, pulse_k: bounds of the heat pulse that is asked for where little is commanded.
    """

    forecast_margin_k: float = 2.0
    loss_factor: float = 1.2
    capacity_factor: float = 0.7
    sensor_error_k: float = 0.5
    air_dip_k: float = 0.5
    floor_c: float = 18.0
    setpoint_margin_k: float = 0.5
    recovery_k: float = 0.3
    settled_k: float = 0.5
    power_share: float = 0.9
    telemetry_age_s: float = 900.0
    cold_margin_k: float = 3.0
    overheat_k: float = 3.0
    delivered_share: float = 0.9
    pulse_s: float = 600.0
    pulse_k: float = 0.5


@dataclass(frozen=True, slots=True)
class Policy:
    """How a rollout goes.

    Attributes:
        max_in_progress: units under way at once: the sliding window inside a wave.
        max_failed: the rollout halts when more units than this have failed.
        max_failed_percent: share of the current wave's frozen units that may fail; counts once `min_executed` of
            them were executed.
        min_success_percent: share of a wave's frozen units that must succeed for its gate to open.
        max_sites_halted: the rollout halts when more sites than this were halted by the guard (G12).
        on_failure: what becomes of the units that a halted wave has changed: `halt` leaves them, `revert` rolls them
            back.
        order: `site`, or `slack`: the zones with the longest coast time first.
        waves: empty means one wave of everything.
        windows: when work may start; empty means always.
        max_unavailable: how many units may be down at once.
        cap_down_w: most heating power of one dwelling that may be down at once, in W; never rounded up.
        cap_loop_down_w: the same for one loop.
        retries: further attempts at a unit that failed.
        backoff_s: pause before the first retry; doubles with each.
        step_timeout_s: longest time for one step on one unit.
        unit_timeout_s: longest time for one attempt at one unit, waiting for a drain or at the down gate apart.
        reboot_timeout_s: longest time from the reboot to a new boot that answers; 0 takes `step_timeout_s`.
        heat_timeout_s: longest time from a new boot to the proof of heat; 0 takes `step_timeout_s`.
        gate_wait_s: how long a drained unit waits at the down gate before it is undrained and deferred.
        defer_for_s: how long a deferred unit is tried again for, once nothing else is left to do; one that could not
            be reached all the time counts as a failure then.
        defer_every_s: pause between two tries at a deferred unit.
        soak_samples: healthy samples that end the soak of a unit; 0 soaks no unit.
        soak_every_s: time between two of these samples.
        confirm_timeout_s: after this time without a confirmation a unit restores the files that could have cut it off.
        unreachable: `fail`, `skip` or `defer`.
        staging: how bundles get to units.
        separate_approver: who approves or overrides must not be who started the rollout.
    """

    name: str
    max_in_progress: int = 8
    max_failed: int = 1
    max_failed_percent: float | None = None
    min_executed: int = 0
    min_success_percent: float | None = None
    max_sites_halted: int = 0
    on_failure: str = "halt"
    order: str = "site"
    waves: tuple[Wave, ...] = ()
    windows: tuple[Window, ...] = ()
    freeze: tuple[Freeze, ...] = ()
    max_unavailable: AtMost = field(default_factory=AtMost)
    cap_down_w: float | None = None
    cap_loop_down_w: float | None = None
    retries: int = 1
    backoff_s: float = 5.0
    step_timeout_s: float = 180.0
    unit_timeout_s: float = 1800.0
    reboot_timeout_s: float = 0.0
    heat_timeout_s: float = 0.0
    gate_wait_s: float = 900.0
    defer_for_s: float = 3600.0
    defer_every_s: float = 300.0
    soak_samples: int = 0
    soak_every_s: float = 60.0
    confirm_timeout_s: float = 120.0
    unreachable: str = "fail"
    drain: Drain = field(default_factory=Drain)
    staging: Staging = field(default_factory=Staging)
    guard: Guard = field(default_factory=Guard)
    separate_approver: bool = True
