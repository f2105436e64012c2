"""Heated spaces in closed form: a room, a flat or a tank is computed only when something about it changes.

A space is one node of `heat.physics`. Its thermostat gives what holds the setpoint, as far as the heaters that are up
can; below the setpoint they give all they have. Between two events there are at most three regimes (warming up or
cooling, holding, falling), each with a formula of its own, so nothing is ever ticked. Only zones that exchange heat
with each other are computed together, in steps of some minutes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fleetctl.core.heat.physics import OneNode, Surroundings
from fleetctl.core.simulate.conditions import Weather

_NEAR_K = 1e-9
"""Temperatures this near to each other are equal."""
_TOGETHER_S = 300.0
"""Step of zones that exchange heat: the temperature of a neighbour is taken as constant for so long."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What does not change about a space.

    Attributes:
        site: the site's id.
        id: of the zone or loop.
        node: its capacity and losses.
        setpoint_c: what its thermostat holds.
        heaters_w: heating power of each unit in it, by the unit's name.
        floor_c: temperature below which it is too cold.
        drawn_w: heat that is drawn whatever the temperature (hot water).
        backup_w: what a conventional boiler can add.
        neighbours_w_k: spaces that it exchanges heat with, by id.
    """

    site: str
    id: str
    node: OneNode
    setpoint_c: float
    heaters_w: Mapping[str, float]
    floor_c: float
    drawn_w: float = 0.0
    backup_w: float = 0.0
    neighbours_w_k: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return `site/zone`."""
        return f"{self.site}/{self.id}"


class Space:
    """A space as it is: its temperature at the time of its last event, and what it went through.

    Attributes:
        temperature_c: at `at_s`.
        began_c: at the beginning.
        lowest_c, lowest_at_s: the lowest temperature so far and when.
        lacked_j: heat that its units would have given had all been up, less what they gave, while that was less.
        down: its heaters that are down.
        most_down: the most of them that were down at once.
        peers: the spaces that it exchanges heat with, itself included; empty if there are none.
    """

    __slots__ = (
        "_all_w",
        "_up_w",
        "_weather",
        "at_s",
        "began_c",
        "down",
        "lacked_j",
        "lowest_at_s",
        "lowest_c",
        "most_down",
        "peers",
        "shape",
        "temperature_c",
    )

    def __init__(self, shape: Shape, weather: Weather) -> None:
        """Begin at the setpoint, or as near to it as all heaters together get."""
        self.shape = shape
        self._weather = weather
        self.down: set[str] = set()
        self.peers: Sequence[Space] = ()
        self.most_down = 0
        self._all_w = self._up_w = sum(shape.heaters_w.values())
        self.at_s = 0.0
        outdoors = Surroundings(weather.at(0.0), self._all_w + shape.backup_w - shape.drawn_w)
        self.temperature_c = min(shape.setpoint_c, shape.node.steady_c(outdoors))
        self.began_c = self.lowest_c = self.temperature_c
        self.lowest_at_s = 0.0
        self.lacked_j = 0.0

    @property
    def touched(self) -> bool:
        """Say whether a heater of it was ever down."""
        return self.most_down > 0

    @property
    def is_settled(self) -> bool:
        """Say whether nothing about it changes until somebody takes a heater from it."""
        near = abs(self.temperature_c - self.shape.setpoint_c) <= _NEAR_K
        return near and not self.down and not self.peers and self._weather.is_steady

    def switch(self, unit: str, on: bool, at_s: float) -> None:
        """Let a heater of it go down, or come back."""
        self.advance(at_s)
        if on:
            self.down.discard(unit)
        else:
            self.down.add(unit)
            self.most_down = max(self.most_down, len(self.down))
        self._up_w = self._all_w - sum(self.shape.heaters_w[name] for name in self.down)

    def advance(self, to_s: float) -> None:
        """Let time pass; spaces that exchange heat go on together."""
        while self.at_s < to_s:
            if not self.peers:
                self._pass(to_s, ())
                return
            end_s = min(to_s, self.at_s + _TOGETHER_S)
            exchanges = [peer.exchange() for peer in self.peers]
            for peer, exchange in zip(self.peers, exchanges, strict=True):
                peer._pass(end_s, exchange)

    def exchange(self) -> tuple[tuple[float, float], ...]:
        """Return what it exchanges heat with now, as (W/K, °C)."""
        wanted = self.shape.neighbours_w_k
        return tuple((wanted[p.shape.id], p.temperature_c) for p in self.peers if p.shape.id in wanted)

    def asked_w(self, unit: str) -> float:
        """Return the power that is asked of one unit now, whether it can give it or not."""
        own_w = self.shape.heaters_w[unit]
        up_w = self._up_w + (own_w if unit in self.down else 0.0)
        outside = Surroundings(self._weather.at(self.at_s), 0.0, self.exchange())
        return min(self._thermostat_w(outside), up_w) * own_w / up_w if up_w else 0.0

    def _pass(self, to_s: float, exchange: tuple[tuple[float, float], ...]) -> None:
        for outdoor_c, end_s in self._weather.pieces(self.at_s, to_s):
            outside = Surroundings(outdoor_c, 0.0, exchange)
            while self.at_s < end_s:
                self._piece(outside, end_s)
        self.at_s = to_s

    def _need_w(self, outside: Surroundings) -> float:
        """Return the power that holds the setpoint."""
        total_w_k, outside_c = outside.losses(self.shape.node.h_w_k)
        return max(0.0, total_w_k * (self.shape.setpoint_c - outside_c) + self.shape.drawn_w)

    def _thermostat_w(self, outside: Surroundings) -> float:
        """Return what the thermostat asks for: everything below the setpoint, nothing above it."""
        if self.temperature_c < self.shape.setpoint_c - _NEAR_K:
            return math.inf
        return self._need_w(outside) if self.temperature_c <= self.shape.setpoint_c + _NEAR_K else 0.0

    def _piece(self, outside: Surroundings, end_s: float) -> None:
        """Go on to the end of the piece, or to where the thermostat changes its mind, whichever is first."""
        shape = self.shape
        power_w = min(self._thermostat_w(outside), self._up_w + shape.backup_w)
        inputs = Surroundings(outside.outdoor_c, power_w - shape.drawn_w, outside.neighbours)
        steady_c = shape.node.steady_c(inputs)
        holds = abs(steady_c - self.temperature_c) <= _NEAR_K
        until_s = math.inf if holds else self._until_setpoint_s(steady_c, inputs)
        left_s = end_s - self.at_s
        passed_s = min(left_s, until_s)
        usual_w = min(self._need_w(outside), self._all_w)
        self.lacked_j += max(0.0, usual_w - min(power_w, self._up_w)) * passed_s
        if until_s <= left_s:
            self.temperature_c = shape.setpoint_c
        elif not holds:
            self.temperature_c = shape.node.step(self.temperature_c, inputs, passed_s)
        self.at_s = end_s if passed_s == left_s else self.at_s + passed_s
        if self.temperature_c < self.lowest_c - _NEAR_K:
            self.lowest_c, self.lowest_at_s = self.temperature_c, self.at_s

    def _until_setpoint_s(self, steady_c: float, inputs: Surroundings) -> float:
        """Return when the setpoint is reached on the way to a steady temperature; infinite if it is not."""
        away, beyond = self.temperature_c - steady_c, self.shape.setpoint_c - steady_c
        on_the_way = abs(away) > abs(beyond) + _NEAR_K and away * beyond > 0
        if not on_the_way:
            return math.inf
        total_w_k, _ = inputs.losses(self.shape.node.h_w_k)
        return 1000 * self.shape.node.c_kj_k / total_w_k * math.log(away / beyond)
