"""What a lab's record comes to: lowest temperatures, what was down at once, heat that was not delivered.

Pure: lines in, a summary out. It knows nothing of rollouts, so a test may hold a rollout's caps against it.
Durations are of the model's time, which may run faster than the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

TAKEN = ("reboot", "power off")
"""What a unit was asked to do; everything else befell it."""


@dataclass
class Lowest:
    """How warm a space is, and how cold it has been, in °C."""

    now_c: float
    lowest_c: float
    lowest_at: str


@dataclass
class Peak:
    """The most that was ever down at one time.

    Attributes:
        units: most units.
        names: which ones those were.
        watts: most nominal heating power, maybe at another time.
    """

    units: int = 0
    names: tuple[str, ...] = ()
    at: str = ""
    watts: float = 0.0
    watts_at: str = ""

    def take(self, down: Mapping[str, float], at: str) -> None:
        """Take in what is down now, in W by unit."""
        watts = sum(down.values())
        if len(down) > self.units:
            self.units, self.names, self.at = len(down), tuple(sorted(down)), at
        if watts > self.watts:
            self.watts, self.watts_at = watts, at


@dataclass
class Peaks:
    """The same by what the units share."""

    fleet: Peak = field(default_factory=Peak)
    sites: dict[str, Peak] = field(default_factory=dict)
    dwellings: dict[str, Peak] = field(default_factory=dict)
    loops: dict[str, Peak] = field(default_factory=dict)

    def take(self, down: Mapping[str, float], heatings: Mapping[str, Mapping[str, Any]], at: str) -> None:
        """Take in what is down now, in W by unit."""
        self.fleet.take(down, at)
        for scopes, key in ((self.sites, "site"), (self.dwellings, "dwelling"), (self.loops, "loop")):
            shared: dict[str, dict[str, float]] = {}
            for unit, watts in down.items():
                shared.setdefault(heatings[unit][key], {})[unit] = watts
            for scope, those in shared.items():
                if scope:
                    scopes.setdefault(scope, Peak()).take(those, at)


@dataclass
class Account:
    """What a unit did.

    Attributes:
        downs: how often it went down.
        without_heat_s: time in which it was down, or under a tenth of what it was asked for arrived.
        not_delivered_kwh: what it was asked for, or was before it went down, less what arrived.
    """

    up: bool = True
    because: str = ""
    downs: int = 0
    without_heat_s: float = 0.0
    not_delivered_kwh: float = 0.0


@dataclass
class Observed:
    """The summary.

    Attributes:
        down_at_once: of units that were down for any reason.
        taken_at_once: of those that were asked to reboot or to switch off.
        highest_power_w: the most that the heaters of each site ever drew at one time.
    """

    since: str = ""
    until: str = ""
    model_s: float = 0.0
    time_factor: float = 1.0
    outdoor_c: float = 0.0
    zones: dict[str, Lowest] = field(default_factory=dict)
    loops: dict[str, Lowest] = field(default_factory=dict)
    units: dict[str, Account] = field(default_factory=dict)
    down_at_once: Peaks = field(default_factory=Peaks)
    taken_at_once: Peaks = field(default_factory=Peaks)
    highest_power_w: dict[str, float] = field(default_factory=dict)

    @property
    def not_delivered_kwh(self) -> float:
        """Return the heat that was not delivered in all."""
        return sum(account.not_delivered_kwh for account in self.units.values())

    def document(self) -> dict[str, Any]:
        """Return it as a document."""
        return {**asdict(self), "not_delivered_kwh": round(self.not_delivered_kwh, 4)}


def observed(lines: Iterable[Mapping[str, Any]]) -> Observed:
    """Add up the lines of a record, from its `begin` on."""
    reader = _Reader()
    for line in lines:
        reader.take(line)
    return reader.found


class _Reader:
    """Takes one line after another; between two of them everything is as the first said."""

    def __init__(self) -> None:
        self.found = Observed()
        self._heatings: Mapping[str, Mapping[str, Any]] = {}
        self._states: dict[str, Mapping[str, Any]] = {}
        self._wanted_w: dict[str, float] = {}

    def take(self, line: Mapping[str, Any]) -> None:
        if line["why"] == "begin":
            self.found.since, self.found.time_factor = line["at"], line["time_factor"]
            self._heatings = line["heatings"]
        else:
            self._let_pass(line["model_s"] - self.found.model_s)
        self.found.until, self.found.model_s, self.found.outdoor_c = line["at"], line["model_s"], line["outdoor_c"]
        _take_temperatures(self.found.zones, line.get("zones", {}), line["at"])
        _take_temperatures(self.found.loops, line.get("loops", {}), line["at"])
        self._take_units(line.get("units", {}), line["at"])

    def _let_pass(self, seconds: float) -> None:
        for unit, state in self._states.items():
            account, wanted_w = self.found.units[unit], self._wanted_w[unit]
            if not state["up"] or state["heat_w"] < 0.1 * wanted_w:
                account.without_heat_s += seconds
            account.not_delivered_kwh += max(0.0, wanted_w - state["heat_w"]) * seconds / 3.6e6

    def _take_units(self, states: Mapping[str, Mapping[str, Any]], at: str) -> None:
        turned = []
        for unit, state in states.items():
            account = self.found.units.setdefault(unit, Account())
            if state["up"] != account.up:
                account.downs += account.up
                turned.append(unit)
            account.up, account.because = state["up"], state["because"]
            if state["commanded_w"] is not None:
                self._wanted_w[unit] = state["commanded_w"]
            self._wanted_w.setdefault(unit, 0.0)
        self._states.update(states)
        if states:
            self._take_power()
        if turned:
            self._take_peaks(at)

    def _take_power(self) -> None:
        power_w: dict[str, float] = {}
        for unit, state in self._states.items():
            site = self._heatings[unit]["site"]
            power_w[site] = power_w.get(site, 0.0) + state["power_w"]
        highest = self.found.highest_power_w
        highest.update({site: max(watts, highest.get(site, 0.0)) for site, watts in power_w.items()})

    def _take_peaks(self, at: str) -> None:
        down = {unit: str(state["because"]) for unit, state in self._states.items() if not state["up"]}
        taken = [unit for unit, because in down.items() if because in TAKEN]
        self.found.down_at_once.take(self._nominal(down), self._heatings, at)
        self.found.taken_at_once.take(self._nominal(taken), self._heatings, at)

    def _nominal(self, units: Iterable[str]) -> dict[str, float]:
        return {unit: float(self._heatings[unit]["power_w"]) for unit in units}


def _take_temperatures(known: dict[str, Lowest], told: Mapping[str, float], at: str) -> None:
    for space, celsius in told.items():
        lowest = known.setdefault(space, Lowest(celsius, celsius, at))
        lowest.now_c = celsius
        if celsius < lowest.lowest_c:
            lowest.lowest_c, lowest.lowest_at = celsius, at
