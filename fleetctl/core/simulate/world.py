"""A modelled fleet in virtual time: it answers steps and probes as units behind their gateways would.

Nothing here decides anything, and nothing is ticked: what happens is in the queue, and spaces are computed when
somebody looks. Every step and every probe gets exactly one answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fleetctl.core.clock import Now
from fleetctl.core.facts import Cause, Facts, Observation, Unobserved
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.core.simulate.conditions import Conditions
from fleetctl.core.simulate.events import Queue, Time
from fleetctl.core.simulate.links import Links
from fleetctl.core.simulate.spaces import Space
from fleetctl.core.simulate.units import ModelledUnit

_HELD_BACK_S = 120.0
"""Longest time for which the same answer is not given again; well below the age at which telemetry is unknown."""


@dataclass(frozen=True, slots=True)
class StepEnds:
    """A step comes to its end; `reached`: the unit had heard of it."""

    step: Step
    reached: bool


@dataclass(frozen=True, slots=True)
class Told:
    """The result of a step becomes known."""

    result: StepResult


@dataclass(frozen=True, slots=True)
class Probed:
    """A probe comes back; `silent`: why it did not reach the unit, or None."""

    unit: str
    silent: Cause | None


@dataclass(frozen=True, slots=True)
class Booted:
    """A unit is up again; `boot` tells an event of an earlier boot from one of the last."""

    unit: str
    boot: int


@dataclass(frozen=True, slots=True)
class Heats:
    """A unit heats again after a boot."""

    unit: str
    boot: int


Event = StepEnds | Told | Probed | Booted | Heats


@dataclass
class News:
    """What became known."""

    results: list[StepResult] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.results or self.observations)


class World:
    """Units, spaces, lines, and what is going on between them."""

    def __init__(
        self, units: Sequence[ModelledUnit], spaces: Sequence[Space], links: Links, time: Time, conditions: Conditions
    ) -> None:
        """Begin at second 0 with everything as the parts are."""
        self.units: Mapping[str, ModelledUnit] = {unit.name: unit for unit in units}
        self.spaces = spaces
        self.links, self.time = links, time
        self.at_s = 0.0
        self.grain_s = conditions.grain_s
        self.without_heat: set[str] = set()
        """Units that do not heat now, for whatever reason."""
        self.most_without_heat = 0
        self._durations = conditions.durations
        self._queue: Queue[Event] = Queue(conditions.grain_s)
        self._open: set[str] = set()
        self._carried = _carried(units)

    def now(self) -> Now:
        """Return both clocks."""
        return self.time.now(self.at_s)

    @property
    def next_s(self) -> float:
        """Return when the next thing happens by itself, in seconds; infinite if nothing does."""
        return self._queue.next_s

    def start(self, steps: Iterable[Step]) -> None:
        """Start steps."""
        for step in steps:
            self._open.add(step.id)
            reached = self._silence(step.unit, self.at_s) is None
            lasts_s = self.units[step.unit].lasts_s(step) if reached else self._durations.lost_s
            self._queue.put(self.at_s + lasts_s, StepEnds(step, reached))

    def cancel(self, step: Step) -> None:
        """Give up waiting for a step: its result is `no_outcome`, what it does on the unit it still does."""
        if step.id in self._open:
            self._queue.put(self.at_s, Told(StepResult(step, Ending.NO_OUTCOME, "given up", cause=Cause.CANCELLED)))

    def look(self, units: Iterable[str]) -> None:
        """Start probing units."""
        chance = next(iter(self.units.values())).ground.chance
        for unit in units:
            silent = self._silence(unit, self.at_s)
            usual_s = self._durations.probe.at(chance.share("probe", unit, self.at_s))
            lasts_s = self._durations.silence_s if silent else max(usual_s, self._same_for_s(unit))
            self._queue.put(self.at_s + lasts_s, Probed(unit, silent))

    def _same_for_s(self, unit: str) -> float:
        """Return how long a unit's answers stay the same: one whose jobs still run, or whose bundle is on its way, is
        heard of when that ends.

        A controller that is told less often decides the same, as long as telemetry does not grow too old for the
        guard; and most of a night is spent on waiting for jobs.
        """
        of = self.units[unit]
        return min(max(of.jobs_left_s(self.at_s), of.ahead_left_s(self.at_s)), _HELD_BACK_S)

    def advance(self, until_s: float) -> News:
        """Let time pass up to `until_s`, or to the first instant at which something becomes known."""
        news = News()
        while not news and self._queue.next_s <= until_s:
            self.at_s = self._queue.next_s
            for at_s, event in self._queue.until(self.at_s):
                self._happen(event, at_s, news)
        if not news:
            self.at_s = max(self.at_s, until_s)
        return news

    def observe(self, unit: str) -> Observation:
        """Return what a probe that took no time would say now."""
        silent = self._silence(unit, self.at_s)
        return self._unobserved(unit, silent) if silent else self._facts(unit)

    def _happen(self, event: Event, at_s: float, news: News) -> None:
        match event:
            case StepEnds():
                self._end(event, at_s, news)
            case Told():
                self._tell(event.result, news)
            case Probed(unit, silent):
                news.observations.append(self._unobserved(unit, silent) if silent else self._facts(unit))
            case Booted(unit, boot) if self.units[unit].boot == boot:
                self._up(self.units[unit], at_s)
            case Heats(unit, boot) if self.units[unit].boot == boot:
                self.units[unit].heating = True
                self._switch(self.units[unit], at_s)
            case _:
                return

    def _end(self, event: StepEnds, at_s: float, news: News) -> None:
        step, unit = event.step, self.units[event.step.unit]
        silent = self._silence(step.unit, at_s)
        if not event.reached:
            self._tell(StepResult(step, Ending.NO_OUTCOME, "the unit could not be reached"), news)
            return
        if not unit.answers(at_s):
            self._tell(StepResult(step, Ending.NO_OUTCOME, "the connection was lost"), news)
            return
        before = unit.journal
        result = unit.do(step, at_s)
        if step.kind is StepKind.REBOOT and result.ending is Ending.OK and unit.journal is not before:
            self._reboot(unit, step, at_s)
        lost = unit.ground.chance.happens(unit.ground.faults.lost_rate, "lost", step.unit, step.attempt, step.number)
        if silent or lost:
            heard = StepResult(step, Ending.NO_OUTCOME, "the connection was lost")
            self._queue.put(at_s + self._durations.lost_s, Told(heard))
        else:
            self._tell(result, news)

    def _tell(self, result: StepResult, news: News) -> None:
        if result.step.id in self._open:
            self._open.discard(result.step.id)
            news.results.append(result)

    def _reboot(self, unit: ModelledUnit, step: Step, at_s: float) -> None:
        up_s = unit.boots_at(step, at_s)
        for each in self._affected(unit):
            self._switch(each, at_s)
        if up_s != float("inf"):
            self._queue.put(up_s, Booted(unit.name, unit.boot))

    def _up(self, unit: ModelledUnit, at_s: float) -> None:
        heats_s = unit.heats_after(at_s)
        if heats_s != float("inf"):
            self._queue.put(heats_s, Heats(unit.name, unit.boot))
        for each in self._affected(unit):
            self._switch(each, at_s)

    def _affected(self, unit: ModelledUnit) -> Sequence[ModelledUnit]:
        """Return a unit, and behind a gateway those that do not heat without it."""
        return (unit, *self._carried.get(unit.name, ()))

    def _switch(self, unit: ModelledUnit, at_s: float) -> None:
        """Let the unit's space know whether it heats now."""
        if unit.space is None:
            return
        carrier = self.units.get(unit.carrier)
        heats = unit.heating and (carrier is None or carrier.answers(at_s))
        if heats == (unit.name in self.without_heat):
            unit.space.switch(unit.name, heats, at_s)
            (self.without_heat.discard if heats else self.without_heat.add)(unit.name)
            self.most_without_heat = max(self.most_without_heat, len(self.without_heat))

    def _facts(self, unit: str) -> Facts:
        return self.units[unit].facts(self.at_s)

    def _silence(self, unit: str, at_s: float) -> Cause | None:
        """Return why a unit cannot be reached, or None; only a gateway that answers lets its units be unreachable."""
        of = self.units[unit]
        gateway = of.gateway or unit
        of_gateway = self.units.get(gateway)
        up = self.links.gateway_answers(gateway, at_s) and (of_gateway is None or of_gateway.answers(at_s))
        if not up:
            return Cause.UNREACHABLE if gateway == unit else Cause.GATEWAY_DOWN
        return None if of.answers(at_s) and self.links.is_up(unit, at_s) else Cause.UNREACHABLE

    def _unobserved(self, unit: str, cause: Cause) -> Unobserved:
        gateway = self.units[unit].gateway
        who = f"gateway {gateway}" if cause is Cause.GATEWAY_DOWN else unit
        return Unobserved(unit, self.time.utc(self.at_s), cause, f"{who} does not answer")


def _carried(units: Iterable[ModelledUnit]) -> Mapping[str, Sequence[ModelledUnit]]:
    """Map each gateway to the units that do not heat without it."""
    carried: dict[str, list[ModelledUnit]] = {}
    for unit in units:
        if unit.carrier:
            carried.setdefault(unit.carrier, []).append(unit)
    return carried
