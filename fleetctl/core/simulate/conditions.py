"""What a simulation supposes: the weather, how long things take, and what goes wrong. Every number may be replaced."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fleetctl.core.policy import Guard
from fleetctl.core.simulate.chance import Spread

JOBS = Spread(660.0, 6120.0, 20_880.0)
"""A published trace of 15,922 compute jobs: median 11 min, p90 1.7 h, p99 5.8 h."""


@dataclass(frozen=True, slots=True)
class Weather:
    """Outdoor temperatures, each from its time on.

    Attributes:
        times_s: seconds since the beginning, rising, the first 0.
        temperatures_c: as many; the last one stays.
    """

    times_s: tuple[float, ...]
    temperatures_c: tuple[float, ...]

    @classmethod
    def steady(cls, outdoor_c: float) -> Weather:
        """Return weather that does not change."""
        return cls((0.0,), (outdoor_c,))

    @property
    def is_steady(self) -> bool:
        """Say whether it never changes."""
        return len(self.times_s) == 1

    @classmethod
    def of(cls, times: Sequence[datetime], temperatures_c: Sequence[float], began: datetime) -> Weather:
        """Return the weather from a beginning on; before the first of its times the first temperature holds."""
        first = max(bisect_right(times, began) - 1, 0)
        seconds = [(time - began).total_seconds() for time in times[first:]]
        return cls((0.0, *seconds[1:]), tuple(temperatures_c[first:]))

    def at(self, at_s: float) -> float:
        """Return the outdoor temperature at a time, in °C."""
        return self.temperatures_c[max(bisect_right(self.times_s, at_s) - 1, 0)]

    def pieces(self, from_s: float, to_s: float) -> Iterator[tuple[float, float]]:
        """Yield a stretch of time in pieces of one temperature: each temperature with the end of its piece."""
        if self.is_steady or to_s < self.times_s[1]:
            yield self.temperatures_c[0], to_s
            return
        place = max(bisect_right(self.times_s, from_s) - 1, 0)
        while place + 1 < len(self.times_s) and self.times_s[place + 1] < to_s:
            yield self.temperatures_c[place], self.times_s[place + 1]
            place += 1
        yield self.temperatures_c[place], to_s


@dataclass(frozen=True, slots=True)
class Durations:
    """How long things take; a reboot takes what the unit's model declares."""

    configure: Spread = field(default=Spread(6.0, 12.0, 30.0))
    verify: Spread = field(default=Spread(5.0, 10.0, 25.0))
    other: Spread = field(default=Spread(4.0, 8.0, 20.0))
    """Steps that only tell the unit something: drain, undrain, reboot (which answers before it goes down)."""
    stage: Spread = field(default=Spread(180.0, 600.0, 1800.0))
    """From the order to the last byte of a bundle; a policy's rate makes it longer."""
    install: Spread = field(default=Spread(45.0, 90.0, 240.0))
    probe: Spread = field(default=Spread(0.5, 1.0, 4.0))
    heat: Spread = field(default=Spread(20.0, 45.0, 90.0))
    """From a new boot until the unit heats."""
    jobs: Spread = JOBS
    gateway_out: Spread = field(default=Spread(2400.0, 10_800.0, 43_200.0))
    silence_s: float = 15.0
    """How long a probe waits for a unit that does not answer."""
    lost_s: float = 40.0
    """How long a step takes to end without an outcome when the unit does not answer."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong, as shares of all cases.

    Attributes:
        fail_rate: configurations that a unit refuses after a check and rolls back by itself.
        hang_rate: reboots after which the unit stays silent.
        cold_rate: reboots after which the unit answers and does not heat.
        lost_rate: steps that are done and whose outcome nobody hears.
        flaky_links: units whose link comes and goes.
        dead_gateways: gateways that go silent in the first hours; how long follows `Durations.gateway_out`.
        dead_within_s: the time within which they do.
        busy: units with a compute daemon that run a job when they are drained.
        fall_back_rate: updates whose new system does not boot, so that the unit comes back with the old one.
    """

    fail_rate: float = 0.0
    hang_rate: float = 0.0
    cold_rate: float = 0.0
    lost_rate: float = 0.0
    flaky_links: float = 0.0
    dead_gateways: int = 0
    dead_within_s: float = 7200.0
    busy: float = 0.6
    fall_back_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a simulation supposes.

    Attributes:
        weather: None takes each site's design temperature.
        setpoint_c: of every dwelling; None takes what is declared.
        guard: the margins that say from which temperature a space is too cold.
        seed: of all luck.
        approval_s: how long a wave waits until a person approves it.
        grain_s: how often the controller looks, in seconds of virtual time.
        most_s: when the simulation stops at the latest, in seconds of virtual time.
    """

    weather: Weather | None = None
    setpoint_c: float | None = None
    guard: Guard = field(default_factory=Guard)
    seed: int = 1
    faults: Faults = field(default_factory=Faults)
    durations: Durations = field(default_factory=Durations)
    approval_s: float = 600.0
    grain_s: float = 1.0
    most_s: float = 7 * 86_400.0
