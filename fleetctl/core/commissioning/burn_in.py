"""A burn-in: a machine runs at full load for a while, and everything that it tells stays within its model's bands.

`judge` gives a verdict only of a burn-in that went through: whatever cut it short (a power cut, a room that became too
warm, samples that are missing) leaves no verdict, and an entry without one counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean
from typing import Any

from fleetctl.core.commissioning.load import LOAD, LoadKind, LoadState, Run, Sample
from fleetctl.core.commissioning.standing import PASSED, REASON, VERDICT
from fleetctl.core.heat.physics import Surroundings, TwoNode
from fleetctl.core.heat.premises import Zone
from fleetctl.core.heat.verdict import celsius, span, watts
from fleetctl.core.inventory.fleet import BurnIn

FAILED = "failed"
INTERRUPTED = "interrupted"
WHY = "why"
"""Key of a check's numbers: why there is nothing to judge."""
SAMPLES = 60
"""Taken in a burn-in, whatever its length."""
RISE_SHARE = (0.25, 6.0)
"""How much of the rise that is expected of its zone a sensor has to see: a room that alone is heated rises by more."""
TELLING_RISE_K = 0.3
"""A lesser rise of the room is lost in the noise of its sensor."""
_SETTLED_SHARE = 0.2
"""Of the time, from the beginning: until then power and heatsink are not judged."""
_LEAST_SHARE = 0.9
"""Of the time that samples have to cover."""
_GAP_SHARE = 0.15
"""Of the time: the longest for which samples may be missing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a machine is burned in.

    Attributes:
        seconds: at full load.
        every_s: between two samples.
        limit_c: temperature of the room, or of the water, at which the unit stops by itself (G10); None on a model
            that knows no limit.
    """

    seconds: float
    every_s: float
    limit_c: float | None


@dataclass(frozen=True, slots=True)
class Reference:
    """What a sensor is compared with before the unit heats.

    Attributes:
        source: whose it is, for people.
    """

    temperature_c: float
    source: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What a machine should show.

    Attributes:
        power_w: at full load.
        rise_k: of its room over the burn-in, `expected_rise_k`; None on a loop.
        reference: None if there is nothing to compare its sensor with.
    """

    power_w: float
    rise_k: float | None = None
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One figure against its band.

    Attributes:
        holds: None if there was nothing to judge it by.
        text: the arithmetic with units.
        about: its numbers, for reports in another language; `why` says why there is nothing to judge.
    """

    name: str
    holds: bool | None
    text: str
    about: Mapping[str, float | str] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"name": self.name, "holds": self.holds, "text": self.text, "about": dict(self.about)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a burn-in that went through.

    Attributes:
        curve: (s since it began, power in W, temperature of the room or the water in °C), for the report's pictures.
    """

    load: str
    checks: tuple[Check, ...]
    curve: tuple[tuple[float, float, float | None], ...]

    @property
    def passed(self) -> bool:
        """Return whether every check that could be made holds."""
        return all(check.holds is not False for check in self.checks)

    @property
    def reason(self) -> str:
        """Return what does not hold, in words; empty if all does."""
        return "; ".join(check.text for check in self.checks if check.holds is False)

    def to_detail(self) -> dict[str, Any]:
        """Return the detail of the ledger's entry."""
        return {
            VERDICT: PASSED if self.passed else FAILED,
            REASON: self.reason,
            LOAD: self.load,
            "checks": [each.to_document() for each in self.checks],
            "curve": [list(point) for point in self.curve],
        }


def verdict_from(detail: Mapping[str, Any]) -> Verdict:
    """Read what `Verdict.to_detail` wrote.

    Raises:
        KeyError, ValueError: if it is something else.
    """
    checks = tuple(Check(each["name"], each["holds"], each["text"], each.get("about", {})) for each in detail["checks"])
    return Verdict(str(detail[LOAD]), checks, tuple((at, w, c) for at, w, c in detail["curve"]))


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A burn-in that did not go through; it counts for nothing and is to be repeated."""

    load: str
    reason: str

    def to_detail(self) -> dict[str, Any]:
        """Return the detail of the ledger's entry, a note."""
        return {VERDICT: INTERRUPTED, REASON: self.reason, LOAD: self.load}


def plan(bands: BurnIn, limit_c: float | None, *, shortened: float = 1.0) -> Plan:
    """Return how a machine of a model is burned in.

    Args:
        bands: of its model.
        limit_c: `heat.rules.burn_in.warmest_c` of the unit.
        shortened: how many times shorter, where time in rooms passes so many times faster.
    """
    seconds = bands.seconds / shortened
    return Plan(seconds, seconds / SAMPLES, limit_c)


def judge(run: Run, bands: BurnIn, expected: Expected) -> Verdict | Interrupted:
    """Return what came of a burn-in.

    Args:
        run: the load as the unit tells it, with its samples.
        bands: of the unit's model.
        expected: what the unit should show.
    """
    because = _cut_short(run)
    if because is not None:
        return Interrupted(run.load.id, because)
    began, seconds = run.load.began_at, run.load.ends_at - run.load.began_at
    settled = [sample for sample in run.samples if sample.at - began >= _SETTLED_SHARE * seconds]
    checks = (
        _power(settled, bands, expected),
        _heatsink(settled, bands),
        _rise(run.samples, expected),
        _count("throttling", "times throttled", [each.throttles for each in run.samples], bands.max_throttles),
        _count("network", "errors of the network interface", _errors(run), bands.max_nic_errors),
        _sensor(run.samples[0], bands, expected.reference),
    )
    curve = tuple((round(each.at - began, 1), round(each.power_w, 1), each.ambient_c) for each in run.samples)
    return Verdict(run.load.id, tuple(check for check in checks if check is not None), curve)


def expected_rise_k(zone: Zone, before_w: float, during_w: float, seconds: float) -> float:
    """Return by how much a zone becomes warmer if its heat changes from one power to another, by the two-node model.

    It is as if the zone had been in balance before: outdoors and neighbours cancel out.
    """
    model = TwoNode.of(zone.c_kj_k, zone.h_w_k)
    rest = model.steady(Surroundings(0.0, before_w))
    return model.step(rest, Surroundings(0.0, during_w), seconds).air_c - rest.air_c


def reference_of(own_sensor: Reference | None, others: Iterable[Reference]) -> Reference | None:
    """Return what to compare a unit's sensor with, at rest: the room's own sensor, else the middle of its neighbours'.

    Args:
        own_sensor: that stands in the same room.
        others: sensors of the same dwelling; of two that differ nobody can say which one lies, so both units fail.
    """
    around = sorted(others, key=lambda each: each.temperature_c)
    if own_sensor is not None or not around:
        return own_sensor
    low, high = around[(len(around) - 1) // 2], around[len(around) // 2]
    source = low.source if low is high else f"{low.source} and {high.source}"
    return Reference((low.temperature_c + high.temperature_c) / 2, source)


def _cut_short(run: Run) -> str | None:
    """Return why there is no verdict, in words; None if the burn-in went through."""
    load, samples = run.load, run.samples
    if load.kind is not LoadKind.BURN_IN:
        return f"it was a {load.kind.value}"
    if load.state is not LoadState.DONE:
        return load.because or f"it is {load.state.value}"
    seconds = load.ends_at - load.began_at
    covered_s = samples[-1].at - samples[0].at if samples else 0.0
    if seconds <= 0 or covered_s < _LEAST_SHARE * seconds:
        return f"samples cover {span(covered_s)} of {span(seconds)}"
    gap_s = max(later.at - earlier.at for earlier, later in pairwise(samples))
    return f"no samples for {span(gap_s)}" if gap_s > _GAP_SHARE * seconds else None


def _power(settled: Sequence[Sample], bands: BurnIn, expected: Expected) -> Check:
    measured_w, share = fmean(sample.power_w for sample in settled), bands.power_tolerance
    off = measured_w / expected.power_w - 1
    text = f"{watts(measured_w)} of {watts(expected.power_w)} ({100 * off:+.1f} %), {100 * share:g} % allowed"
    about = {"measured_w": measured_w, "expected_w": expected.power_w, "share": share}
    return Check("power", abs(off) <= share, text, about)


def _heatsink(settled: Sequence[Sample], bands: BurnIn) -> Check | None:
    rises = list(_heatsink_rises(settled))
    if not rises:
        return None
    rise_k, (low_k, high_k) = max(rises), (bands.min_heatsink_rise_k, bands.max_heatsink_rise_k)
    text = f"heatsink {rise_k:.1f} K over what it heats, {low_k:g} to {high_k:g} K allowed"
    return Check("heatsink", low_k <= rise_k <= high_k, text, {"rise_k": rise_k, "low_k": low_k, "high_k": high_k})


def _heatsink_rises(samples: Iterable[Sample]) -> Iterator[float]:
    for sample in samples:
        if sample.heatsink_c is not None and sample.ambient_c is not None:
            yield sample.heatsink_c - sample.ambient_c


def _rise(samples: Sequence[Sample], expected: Expected) -> Check:
    told = [(sample.at, sample.ambient_c) for sample in samples if sample.ambient_c is not None]
    if not told:
        return Check("rise", False, "its sensor told no temperature", {WHY: "silent"})
    if (gap := _silence(samples, [at for at, _ in told])) is not None:
        return gap
    measured = [ambient_c for _, ambient_c in told]
    tenth = max(1, len(measured) // 10)
    rise_k = fmean(measured[-tenth:]) - fmean(measured[:tenth])
    if expected.rise_k is None:
        text = f"{rise_k:+.2f} K; on a loop others heat and draw as well"
        return Check("rise", None, text, {WHY: "loop", "rise_k": rise_k})
    about = {"rise_k": rise_k, "expected_k": expected.rise_k}
    if expected.rise_k < TELLING_RISE_K:
        text = f"{rise_k:+.2f} K, {expected.rise_k:+.2f} K expected: too little to tell"
        return Check("rise", None, text, {WHY: "little", **about})
    low_k, high_k = (share * expected.rise_k for share in RISE_SHARE)
    text = f"its sensor rose {rise_k:+.2f} K, {expected.rise_k:.2f} K expected, {low_k:.2f} to {high_k:.2f} K allowed"
    return Check("rise", low_k <= rise_k <= high_k, text, {**about, "low_k": low_k, "high_k": high_k})


def _silence(samples: Sequence[Sample], told_at: Sequence[float]) -> Check | None:
    """Return that a sensor told nothing for a while, whether it came back or not; None if it told all the time."""
    first, last = samples[0].at, samples[-1].at
    pauses = pairwise([first, *told_at, last])
    silent, again = max(pauses, key=lambda pause: pause[1] - pause[0])
    if again - silent <= _GAP_SHARE * (last - first):
        return None
    about: dict[str, float | str] = {WHY: "gap", "for_min": (again - silent) / 60, "after_min": (silent - first) / 60}
    text = f"its sensor told no temperature for {span(again - silent)}, after {span(silent - first)}"
    return Check("rise", False, text, about)


def _errors(run: Run) -> list[int]:
    return [sample.nic_errors for sample in run.samples]


def _count(name: str, what: str, counted: Sequence[int], most: int) -> Check:
    more = counted[-1] - counted[0]
    return Check(name, 0 <= more <= most, f"{more} {what}, {most} allowed", {"count": more, "most": most})


def _sensor(first: Sample, bands: BurnIn, reference: Reference | None) -> Check:
    told_c = first.ambient_c
    if reference is None or told_c is None:
        return Check("sensor", None, "nothing to compare its sensor with", {WHY: "alone"})
    off_k = told_c - reference.temperature_c
    text = (
        f"its sensor told {celsius(told_c)}, {reference.source} {celsius(reference.temperature_c)} ({off_k:+.1f} K), "
        f"{bands.sensor_tolerance_k:g} K allowed"
    )
    about: dict[str, float | str] = {
        "told_c": told_c,
        "source": reference.source,
        "reference_c": reference.temperature_c,
    }
    return Check(
        "sensor", abs(off_k) <= bands.sensor_tolerance_k, text, {**about, "allowed_k": bands.sensor_tolerance_k}
    )
