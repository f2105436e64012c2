"""The two gates of a unit, and what the heat guard is asked at each.

*Start*, before anything is touched: hold, window, locks, the wave, and the heat guard with all that is under way in
mind. *Down*, right before heat is interrupted, in the same decision as the step that does it: the hold again, the room
that is left in the window, and the heat guard with what is really down. A refusal is the reason in words; a person who
asks "why" reads that same text.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cached_property, lru_cache

from fleetctl.core.clock import Now
from fleetctl.core.facts import Facts
from fleetctl.core.heat.guard import Question, crowded, refusal, verdicts
from fleetctl.core.heat.premises import Heater, SitePremises, Times
from fleetctl.core.heat.proof import Proof, already_down, delivers, fell, zone_temperature_c
from fleetctl.core.heat.readings import told
from fleetctl.core.heat.rules.electrical import loads_w
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.around import Around
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.holds import WINDOW, held_by, overridden
from fleetctl.core.rollout.state import Action, Phase, Progress
from fleetctl.core.windows import Opening, opening

SITE_WIDE_RULES = frozenset({"G7", "G9"})
"""Rules that ask the same of every unit of a site, or nearly: what one restart more draws, and the weather."""
COUNTING_RULES = frozenset({"G2", "G5", "max_unavailable"})
"""Rules that refuse because others are down: they are over when those are back."""
OBSERVE_AGAIN_S = 30.0
"""Pause between two looks at a unit whose telemetry the guard finds too old."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a unit may not go on now.

    Attributes:
        text: the reason in words.
        stale: units to be observed, because the guard knows too little of them.
        until: when the answer changes by itself; None if nobody knows.
        never: no time will change it.
        stops: nobody of the site may overtake the unit.
        by_guard: it is the heat guard's, so it is the same for whoever takes the same heat.
        gateway_down: the gateway of the unit does not answer.
        fleet_wide: it is the same for every unit of the fleet that still gives heat.
        site_wide: it is the same for whoever takes heat at the site.
        crowded: too much is down already; when it is back, nothing else stands in the way.
        halted: the site is halted; only a person opens it again.
    """

    text: str
    stale: tuple[str, ...] = ()
    until: datetime | None = None
    never: bool = False
    stops: bool = False
    by_guard: bool = False
    gateway_down: bool = False
    fleet_wide: bool = False
    site_wide: bool = False
    crowded: bool = False
    halted: bool = False


@dataclass(frozen=True, slots=True)
class Pass:
    """A unit may have its heat interrupted.

    Attributes:
        repair: it gives no heat anyway.
        zone_before_c: temperature of its zone now; None if it heats no zone, or nothing is known.
        text: the arithmetic of every rule that was asked.
    """

    repair: bool
    zone_before_c: float | None
    text: str


class Gates:
    """The gates of one rollout at one moment."""

    def __init__(self, board: Board, around: Around, now: Now) -> None:
        self.board, self.around, self.now = board, around, now
        self.policy = board.rollout.policy
        self.admitted = 0
        """Units that passed the down gate in this very decision; the board does not know of them yet."""
        self._known_incidents: dict[str, frozenset[str]] = {}
        self._known_touched: dict[str, Mapping[str, float]] = {}
        self._known_loads_w: dict[str, Mapping[str, float]] = {}

    def site_window(self, site: str) -> Refusal | None:
        """Return why nothing may start at a site for its window or freeze, or None."""
        found = self._opening(site)
        if found is None or found.is_open or WINDOW in self._overridden(site):
            return None
        return Refusal(found.reason, until=found.until)

    def knows(self, progress: Progress) -> bool:
        """Say whether a unit is in the inventory still."""
        premises = self.around.premises(progress.site)
        return premises is not None and _is_known(premises, progress.unit)

    def held(self, unit: str) -> Refusal | None:
        """Return the hold that covers a unit, or None."""
        hold = held_by(self.around.holds, unit)
        return Refusal(hold.text) if hold else None

    def proof(self, facts: Facts) -> Proof | None:
        """Return whether a unit delivers heat; None for a gateway."""
        heater = self._heater(facts.unit)
        return delivers(facts, heater, self.policy.guard) if heater else None

    def times(self, unit: str) -> Times | None:
        """Return how long a unit's model takes; None if the inventory has the unit no more."""
        premises = self.around.premises(unit.partition("/")[0])
        return premises.times(unit) if premises and _is_known(premises, unit) else None

    def start(self, progress: Progress, claims: Iterable[str]) -> Refusal | Pass:
        """Ask whether a unit may start that will have its heat interrupted.

        Args:
            progress: the unit's.
            claims: units of the site that are down or will be soon.
        """
        return self._ask(progress, frozenset(claims))

    def down(self, progress: Progress, down: Iterable[str]) -> Refusal | Pass:
        """Ask whether the heat of a unit may be interrupted now; `down` are the units of its site that are."""
        rolling_back = progress.phase is Phase.ROLLING_BACK
        if not rolling_back:
            against = self.held(progress.unit) or self._room_in_window(progress)
            if against is not None:
                return against
        return self._ask(progress, frozenset(down))

    @property
    def fleet_is_full(self) -> str:
        """Return why no further unit of the whole fleet may be down, with the arithmetic; empty if one may."""
        limit = self.policy.max_unavailable.fleet
        if limit is None:
            return ""
        count = self._down_before + self.admitted
        return f"{count} units of the fleet are down, limit {limit}" if count >= limit else ""

    @cached_property
    def _down_before(self) -> int:
        return self.board.down + self.around.down_elsewhere

    def costs_no_heat(self, progress: Progress) -> bool:
        """Say whether a unit is down already, so that a refusal of those beside it says nothing of its own repair."""
        premises = self.around.premises(progress.site)
        return progress.down or (premises is not None and self._repairs(progress, premises))

    def really_down(self, site: str, also: Iterable[str] = ()) -> set[str]:
        """Return the units of a site without heat because of us; of those that have ended, only who still is."""
        queue = self.board.sites[site]
        still = {unit for unit in queue.down if not (self.board.units[unit].phase.is_end and self._heats(unit))}
        return still | set(also)

    def _ask(self, progress: Progress, down: frozenset[str]) -> Refusal | Pass:
        premises = self.around.premises(progress.site)
        if premises is None or not self.knows(progress):
            return Refusal(f"{progress.unit} is not in the inventory any more", never=True)
        repair = self._repairs(progress, premises)
        full = "" if repair or progress.down else self.fleet_is_full
        if full:
            return Refusal(full, fleet_wide=True)
        down -= {progress.unit}
        overridden = self._overridden(progress.unit)
        first = None if repair else crowded(premises, progress.unit, down, self.policy.cap_down_w)
        if first is not None and first.rule not in overridden:
            stale = tuple(self._stale({"G8"}, premises, progress.unit))
            return Refusal(first.text, stale=stale, by_guard=True, crowded=True)
        asked = verdicts(self._question(progress, premises, down, repair))
        against = refusal(asked, overridden)
        if against is None:
            zone = premises.zone_of(progress.unit)
            before_c = zone_temperature_c(zone, self.around.facts, self.policy.guard, self.now.utc) if zone else None
            return Pass(repair, before_c, "; ".join(each.text for each in asked))
        rules = {each.rule for each in asked if not each.holds}
        return Refusal(
            against,
            stale=tuple(self._stale(rules, premises, progress.unit)),
            never="never" in rules,
            by_guard=True,
            site_wide=bool(rules & SITE_WIDE_RULES),
            crowded=rules <= COUNTING_RULES,
        )

    def _question(self, progress: Progress, premises: SitePremises, down: frozenset[str], repair: bool) -> Question:
        return Question(
            unit=progress.unit,
            premises=premises,
            facts=self.around.facts,
            policy=self.policy,
            now_utc=self.now.utc,
            zone=self._zone(progress.site),
            down=down,
            restarting=frozenset(unit for unit in down if not self._is_over(unit)),
            incidents=self._incidents(progress.site, premises),
            forecast=self.around.forecast(progress.site),
            repair=repair,
            touched=self._touched(progress.site, premises),
            loads_w=self._loads_w(progress.site, premises),
        )

    def _repairs(self, progress: Progress, premises: SitePremises) -> bool:
        """Say whether the unit gives no heat anyway: by two observations, or because it is what is to be undone."""
        if progress.down and progress.phase is Phase.ROLLING_BACK:
            return True
        heater, seen = premises.heaters.get(progress.unit), self.around.facts.get(progress.unit)
        if heater is None or seen is None:
            return False
        return already_down(seen, self.around.before.get(progress.unit), heater, self.policy.guard)

    def _touched(self, site: str, premises: SitePremises) -> Mapping[str, float]:
        """Return the temperature of each zone that we took a unit of, from before the last time; once a decision."""
        if site not in self._known_touched:
            units = [self.board.units[unit] for unit in self.board.sites[site].touched]
            known: dict[str, float] = {}
            for progress in sorted(units, key=lambda p: (p.down_since or self.now.utc, p.unit)):
                zone = premises.zone_of(progress.unit)
                if zone is not None and progress.zone_before_c is not None:
                    known[zone.id] = progress.zone_before_c
            self._known_touched[site] = known
        return self._known_touched[site]

    def _loads_w(self, site: str, premises: SitePremises) -> Mapping[str, float]:
        """Return what each unit of a site draws now (G7); once a decision."""
        if site not in self._known_loads_w:
            self._known_loads_w[site] = loads_w(premises, self.around.facts, self.policy.guard, self.now.utc)
        return self._known_loads_w[site]

    def _is_over(self, unit: str) -> bool:
        """Say whether a unit that is down will not come back by itself: its attempt has ended."""
        progress = self.board.units.get(unit)
        return progress is not None and progress.phase.is_end

    def _incidents(self, site: str, premises: SitePremises) -> frozenset[str]:
        """Return the buildings where a zone that we touched is below its floor, and was not before (G9)."""
        if site not in self._known_incidents:
            found = (self._fallen(premises, zone, before_c) for zone, before_c in self._touched(site, premises).items())
            self._known_incidents[site] = frozenset(filter(None, found))
        return self._known_incidents[site]

    def _fallen(self, premises: SitePremises, zone_id: str, before_c: float) -> str:
        zone = premises.zones[zone_id]
        text = fell(zone, before_c, self.around.facts, self.policy.guard, self.now.utc)
        return zone.building if text else ""

    def _room_in_window(self, progress: Progress) -> Refusal | None:
        """Return how the worst case does not fit into what is left of the window, or None."""
        found = self._opening(progress.site)
        if found is None or WINDOW in self._overridden(progress.unit):
            return None
        if not found.is_open:
            return Refusal(found.reason, until=found.until)
        times = self.times(progress.unit)
        worst_s = times.worst_s if times else 0.0
        if found.until is None or self.now.utc + timedelta(seconds=worst_s) <= found.until:
            return None
        left_s = (found.until - self.now.utc).total_seconds()
        return Refusal(f"{found.reason}: {left_s / 60:.0f} min left, {worst_s / 60:.0f} min needed")

    def _opening(self, site: str) -> Opening | None:
        if not (self.policy.windows or self.policy.freeze):
            return None
        return _opening_at(self.policy, self.now.utc.replace(second=0, microsecond=0), self._zone(site))

    def _stale(self, against: Container[str], premises: SitePremises, unit: str) -> Iterator[str]:
        """Yield whom to look at again where the guard may refuse only for lack of fresh telemetry.

        G8 is about the unit's zone or loop; G7 takes every unit that it knows nothing of for one at full load.
        """
        heaters = (
            premises.heaters.values() if "G7" in against else _neighbours(premises, unit) if "G8" in against else ()
        )
        for heater in heaters:
            seen = self.around.facts.get(heater.unit)
            recent = seen is not None and (self.now.utc - seen.at).total_seconds() < OBSERVE_AGAIN_S
            if not recent and isinstance(told(seen, heater.kind, self.policy.guard, self.now.utc), str):
                yield heater.unit

    def _overridden(self, unit: str) -> frozenset[str]:
        rollout = self.board.rollout
        not_by = rollout.actor if self.policy.separate_approver else ""
        return overridden(self.around.overrides, unit, self.now.utc, not_by=not_by)

    def _heats(self, unit: str) -> bool:
        seen = self.around.facts.get(unit)
        proof = self.proof(seen) if isinstance(seen, Facts) else None
        return proof is not None and proof.state == "yes"

    def _heater(self, unit: str) -> Heater | None:
        premises = self.around.premises(unit.partition("/")[0])
        return premises.heaters.get(unit) if premises else None

    def _zone(self, site: str) -> tzinfo:
        return self.around.zone(site)


def goes_down(progress: Progress) -> bool:
    """Say whether what the unit needs will interrupt its heat."""
    if progress.verified:  # only its registration is left
        return False
    return progress.interrupts or bool(progress.release) or Action.REBOOT in progress.actions


def _is_known(premises: SitePremises, unit: str) -> bool:
    return unit in premises.heaters or unit in premises.gateways


def _neighbours(premises: SitePremises, unit: str) -> Iterator[Heater]:
    """Yield the heaters whose telemetry a question about a unit is about: of its zone, its loop, or behind it."""
    heater = premises.heaters.get(unit)
    if heater is None:
        names: Iterable[str] = premises.gateways[unit].cuts
    elif heater.loop:
        names = premises.loops[heater.loop].heaters
    else:
        names = premises.heaters_of.get(heater.dwelling, (unit,))
    yield from (premises.heaters[name] for name in names)


@lru_cache(maxsize=4096)
def _opening_at(policy: Policy, minute_utc: datetime, zone: tzinfo) -> Opening:
    """Return `windows.opening`, which changes at whole minutes only."""
    return opening(policy, minute_utc, zone)
