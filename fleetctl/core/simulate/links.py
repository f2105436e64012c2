"""Who can be reached when: links that come and go, gateways that go silent for a while. Answers need no state."""

from __future__ import annotations

import math
from collections.abc import Iterable

from fleetctl.core.simulate.chance import Chance
from fleetctl.core.simulate.conditions import Conditions

_PERIOD_S = 1800.0
"""A flaky link is cut once in each such stretch."""
_SHORTEST_S, _LONGEST_S = 30.0, 1200.0


class Links:
    """The lines of a fleet."""

    def __init__(self, units: Iterable[str], gateways: Iterable[str], conditions: Conditions) -> None:
        """Choose the units whose link is flaky, and the gateways that go silent.

        Args:
            units: names of all units behind gateways.
            gateways: names of all gateways.
            conditions: rates and durations.
        """
        self._chance = Chance(conditions.seed)
        rate = conditions.faults.flaky_links
        self.flaky = frozenset(name for name in units if self._chance.happens(rate, "flaky", name))
        unlucky = sorted(gateways, key=lambda name: self._chance.share("dead", name))
        self.outages = {name: self._outage(name, conditions) for name in unlucky[: conditions.faults.dead_gateways]}
        """From when to when a gateway is silent, in seconds."""

    def gateway_answers(self, gateway: str, at_s: float) -> bool:
        """Say whether a gateway can be reached at a time."""
        silent = self.outages.get(gateway)
        return silent is None or not silent[0] <= at_s < silent[1]

    def is_up(self, unit: str, at_s: float) -> bool:
        """Say whether the link between a unit and its gateway works at a time."""
        if unit not in self.flaky:
            return True
        period = math.floor(at_s / _PERIOD_S)
        within_s = at_s - period * _PERIOD_S
        length_s = _SHORTEST_S * (_LONGEST_S / _SHORTEST_S) ** self._chance.share("cut-for", unit, period)
        begins_s = (_PERIOD_S - length_s) * self._chance.share("cut-at", unit, period)
        return not begins_s <= within_s < begins_s + length_s

    def _outage(self, name: str, conditions: Conditions) -> tuple[float, float]:
        begins_s = conditions.faults.dead_within_s * self._chance.share("dies", name)
        return begins_s, begins_s + conditions.durations.gateway_out.at(self._chance.share("out", name))
