"""An independent observer of the fake world: it counts who is without heat because of us, and holds it to the caps.

It looks at units and premises alone, never at what the rollout has written down, and reckons in its own words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fleetctl.core.facts import Facts, Observation
from fleetctl.core.heat.premises import Loop, SitePremises
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.state import Step, StepKind
from tests.builders.world import FakeSurroundings, FakeUnit, FakeWorld

WATER_KJ_L_K = 4.186
STORED_C = 55.0
SENSOR_ERROR_K = 0.5
INTERRUPTING = frozenset({StepKind.REBOOT, StepKind.CONFIGURE, StepKind.ROLL_BACK})


@dataclass
class Observer:
    """Watches a world from its first step on.

    Attributes:
        broken: every cap that was broken, and every step that was sent to a unit in doubt, in words.
        most: how many units were without heat at once, by what they share.
    """

    world: FakeWorld
    surroundings: FakeSurroundings
    policy: Policy
    broken: list[str] = field(default_factory=list)
    most: dict[str, int] = field(default_factory=dict)
    _in_doubt: set[str] = field(default_factory=set)
    _answered: set[str] = field(default_factory=set)
    _known_at: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world.before_step = self._sent
        self.world.after_effect = self._after
        self.world.lost_outcome = self._in_doubt.add
        self.world.after_look = self._looked

    def _sent(self, step: Step) -> None:
        self._known_at[step.id] = frozenset(self._answered)  # who decided knew no more than what stands here
        if step.unit in self._in_doubt:
            self.broken.append(f"{step.id} {step.kind} was sent to a unit in doubt that nobody had looked at")

    def _looked(self, seen: Observation) -> None:
        if isinstance(seen, Facts):
            self._in_doubt.discard(seen.unit)
            self._answered.add(seen.unit)

    def _after(self, step: Step) -> None:
        cold = self._cold()
        taken = step.unit in cold and step.kind in INTERRUPTING
        self._hold("fleet", cold, self.policy.max_unavailable.fleet)
        for site in sorted({unit.partition("/")[0] for unit in cold}):
            premises = self.surroundings.premises("", site)
            assert premises is not None
            here = {unit for unit in cold if unit.startswith(f"{site}/")}
            self._hold(site, here, self.policy.max_unavailable.site)
            self._hold_dwellings(premises, here)
            self._hold_loops(premises, here, step if taken else None)
            if taken and step.unit in here:
                self._hold_power(premises, here)

    def _cold(self) -> set[str]:
        """Return who is without heat because of us; who heats again is forgiven."""
        for unit in self.world.units.values():
            unit.robbed = unit.robbed and not unit.heats
        return {unit.name for unit in self.world.units.values() if unit.robbed and not unit.name.endswith("/gw")}

    def _hold(self, what: str, units: Iterable[str], limit: float | None) -> None:
        names = sorted(units)
        self.most[what] = max(self.most.get(what, 0), len(names))
        if limit is not None and len(names) > limit:
            self.broken.append(f"{what}: {names} without heat at once, limit {limit}")

    def _hold_dwellings(self, premises: SitePremises, cold: set[str]) -> None:
        for dwelling, inside in premises.heaters_of.items():
            away = cold.intersection(inside)
            third = max(1, len(inside) // 3) if len(inside) > 1 else 1
            most = min(third, self.policy.max_unavailable.dwelling or third)
            self._hold(f"dwelling {premises.site}/{dwelling}", away, most)
            self._hold_watts(dwelling, premises, away, self.policy.cap_down_w)

    def _hold_loops(self, premises: SitePremises, cold: set[str], taken: Step | None) -> None:
        for loop in premises.loops.values():
            away = cold.intersection(loop.heaters)
            self._hold(f"loop {loop.id}", away, self.policy.max_unavailable.loop)
            self._hold_watts(loop.id, premises, away, self.policy.cap_loop_down_w)
            left = sorted(premises.heaters[unit].power_w for unit in set(loop.heaters) - away)
            if away and sum(left[:-1]) + loop.backup_w < loop.demand_w:
                self.broken.append(f"G5 {loop.id}: {sorted(away)} away, and one more could not be lost")
            if taken and taken.unit in loop.heaters and (short := self._hot_too_short(premises, loop, taken)):
                self.broken.append(f"G4 {loop.id}: {short}")

    def _hold_watts(self, what: str, premises: SitePremises, away: set[str], cap_w: float | None) -> None:
        down_w = sum(premises.heaters[unit].power_w for unit in away)
        if cap_w is not None and down_w > cap_w:
            self.broken.append(f"{what}: {down_w:g} W of {sorted(away)} down, cap {cap_w:g} W")

    def _hot_too_short(self, premises: SitePremises, loop: Loop, taken: Step) -> str:
        """Return how the tank would be too cold too soon (G4), or nothing."""
        told = [self.world.units[unit].water_c for unit in self._known_at[taken.id].intersection(loop.heaters)]
        coldest_c = min((c for c in told if c is not None), default=0.0) - SENSOR_ERROR_K
        losing_w = loop.ua_w_k * (coldest_c - loop.ambient_c) + loop.demand_w - loop.backup_w
        if losing_w <= 0:
            return ""
        lasts_s = 1000 * WATER_KJ_L_K * loop.volume_l * (coldest_c - STORED_C) / losing_w
        times = premises.times(taken.unit)
        needed_s = 2 * (2 * times.reboot_p99_s + times.verify_s + 60)
        return f"{lasts_s:.0f} s above {STORED_C:g} °C, {needed_s:.0f} s needed" if lasts_s < 0.99 * needed_s else ""

    def _hold_power(self, premises: SitePremises, cold: set[str]) -> None:
        """G7: whoever comes back draws all at once, beside what runs; dead units that stay away draw nothing."""
        back_w = sum(premises.heaters[unit].restart_w for unit in cold if not self.world.units[unit].stays_down)
        runs_w = sum(unit.gives_w for unit in self._of(premises) if unit.name not in cold)
        total_w, limit_w = back_w + runs_w + premises.other_load_w, 0.9 * premises.subscribed_power_w
        if total_w > limit_w:
            self.broken.append(f"G7 {premises.site}: {total_w:g} W when {sorted(cold)} come back, limit {limit_w:g} W")

    def _of(self, premises: SitePremises) -> Iterator[FakeUnit]:
        units: Mapping[str, FakeUnit] = self.world.units
        return (units[name] for name in premises.heaters)
