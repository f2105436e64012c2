"""What a policy comes to in a fleet: how large each wave is, what it tolerates, what its caps let through, and why.

It says what follows from declared values and from the time, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from math import ceil

from fleetctl.core.inventory.fleet import Fleet, Kind
from fleetctl.core.inventory.invariants.windows import worst_case, worst_s
from fleetctl.core.policy import AtMost, Policy, Staging, Window
from fleetctl.core.problem_formats import amount
from fleetctl.core.rollout.waves import Placed, WaveOf, assign, exact_share
from fleetctl.core.windows import hours_of, longest_opening_min, opening


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a policy says, and what it comes to.

    Attributes:
        about: `wave canary`, `window`, `cap`, …
        text: the arithmetic.
    """

    about: str
    text: str


def arithmetic(
    policy: Policy, fleet: Fleet, units: Sequence[Placed], now_utc: datetime, zones: Mapping[str, tzinfo]
) -> tuple[Line, ...]:
    """Return what a policy comes to.

    Args:
        policy: the policy.
        fleet: its models are what caps and windows are held against.
        units: those that a rollout would be about.
        now_utc: now, for the windows.
        zones: by site, the time zones of the sites that the units are at.
    """
    return (
        *_waves(policy, units),
        Line("failures", _failures(policy)),
        *_caps(policy, fleet),
        *_at_most(policy),
        *_staging(policy),
        *_windows(policy, fleet),
        *(Line(f"now at {site}", opening(policy, now_utc, zone).reason) for site, zone in zones.items()),
        *_deadlines(policy),
    )


def _waves(policy: Policy, units: Sequence[Placed]) -> Iterator[Line]:
    for wave in assign(units, policy):
        parts = [f"{amount(len(wave.units), 'unit')}: {wave.arithmetic}", *_gate(policy, wave)]
        yield Line(f"wave {wave.rule.name}", "; ".join(parts))


def _gate(policy: Policy, wave: WaveOf) -> Iterator[str]:
    size = len(wave.units)
    if wave.rule.approval:
        yield "a person approves it"
    if size and policy.max_failed_percent is not None:
        yield _tolerated(policy.max_failed_percent, policy.min_executed, size)
    if size and policy.min_success_percent is not None:
        exact = exact_share(policy.min_success_percent, size)
        yield f"{ceil(exact)} must succeed ({policy.min_success_percent:g} % of {size} is {float(exact):g})"
    if size and wave.rule.soak_s:
        yield f"soaks {wave.rule.soak_s:g} s"


def _tolerated(percent: float, min_executed: int, size: int) -> str:
    if min_executed > size:
        return f"{percent:g} % never counts in it: {min_executed} would have to be executed"
    exact = exact_share(percent, size)
    return f"{int(exact)} may fail once {min_executed} were executed ({percent:g} % of {size} is {float(exact):g})"


def _failures(policy: Policy) -> str:
    share = "" if policy.max_failed_percent is None else f", or more than {policy.max_failed_percent:g} % of a wave"
    what = "its wave is rolled back" if policy.on_failure == "revert" else "nothing is rolled back"
    return f"halts when more than {policy.max_failed} failed{share}; {what}"


def _caps(policy: Policy, fleet: Fleet) -> Iterator[Line]:
    for cap_w, kind, place in (
        (policy.cap_down_w, Kind.RADIATOR, "dwelling"),
        (policy.cap_loop_down_w, Kind.BOILER, "loop"),
    ):
        models = [model for model in fleet.models.values() if model.kind is kind]
        if cap_w is not None and models:
            watts = {model.id: model.power_w for model in models}
            fits = ", ".join(f"{int(cap_w // w)} '{id}' of {w:g} W" for id, w in watts.items() if w)
            yield Line(f"cap of a {place}", f"{cap_w:g} W may be down: {fits}")


def _at_most(policy: Policy) -> Iterator[Line]:
    limits = {place.name: getattr(policy.max_unavailable, place.name) for place in fields(AtMost)}
    said = [f"{limit} per {place}" for place, limit in limits.items() if limit is not None]
    yield Line("at once", ", ".join([f"{policy.max_in_progress} under way", *(f"{text} down" for text in said)]))


def _staging(policy: Policy) -> Iterator[Line]:
    """Say how bundles travel, where a policy says so itself."""
    staging = policy.staging
    if staging == Staging():
        return
    rate = (
        f"at {staging.rate_bytes_per_s:,} bytes/s at most" if staging.rate_bytes_per_s else "as fast as lines let them"
    )
    yield Line(
        "staging", f"{staging.max_in_progress} at once, {rate}; {staging.timeout_s:g} s without a byte end a try"
    )


def _windows(policy: Policy, fleet: Fleet) -> Iterator[Line]:
    for window in policy.windows:
        yield Line("window", f"{' '.join(window.days)} {_hours(window)}")
    for freeze in policy.freeze:
        yield Line("freeze", f"{freeze.first} to {freeze.last}" + (f": {freeze.reason}" if freeze.reason else ""))
    heaters = [model for model in fleet.models.values() if model.kind is not Kind.GATEWAY]
    if policy.windows and heaters:
        longest_s = longest_opening_min(policy.windows) * 60
        slowest = max(heaters, key=worst_s)
        verdict = "fits" if worst_s(slowest) <= longest_s else "does not fit"
        yield Line("longest window", f"{longest_s} s; {worst_case(slowest)}: {verdict}")


def _deadlines(policy: Policy) -> Iterator[Line]:
    reboot_s, heat_s = (own or policy.step_timeout_s for own in (policy.reboot_timeout_s, policy.heat_timeout_s))
    yield Line(
        "deadlines",
        f"reboot {reboot_s:g} s + heat {heat_s:g} s = {reboot_s + heat_s:g} s of a unit's {policy.unit_timeout_s:g} s; "
        f"drain {policy.drain.deadline_s:g} s, then {policy.drain.jobs}",
    )


def _hours(window: Window) -> str:
    return hours_of(window.opens_min, window.closes_min)
