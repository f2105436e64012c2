"""Loads that units are given on purpose: started, found again, and read with what was measured meanwhile.

What runs runs on the units. A load is known by its unit and the id of the attempt that began it, for many at once; the
ledger names those that were judged, so after a kill nothing is judged twice, and nothing that ended meanwhile is lost.
Who may begin is decided, and reserved, in one transaction of the state, for whoever else begins at the site.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

from fleetctl.core.commissioning.load import Load, LoadKind, LoadState, Run, run_from
from fleetctl.core.commissioning.reservation import asked
from fleetctl.core.commissioning.trials import Readings, Trial, readings_from
from fleetctl.core.facts import Facts, Observation
from fleetctl.core.heat.premises import SitePremises
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.policy import Guard
from fleetctl.core.problems import CouldNot
from fleetctl.ports import Clock, Reservations
from fleetctl.ports.instruments import Reply
from fleetctl.services.commissioning.admission import Admission, Choose, Commands

NEAREST_S, FARTHEST_S = 3.0, 60.0
"""Least and longest pause before a load that runs is looked at again."""
REST_SHARE = 0.1
"""Of its whole time, for which a long load is not looked at again."""

Ask = Callable[[Commands], Sequence[Reply]]
"""Runs a command on each of some units."""
Refused = Callable[[Sequence[str]], Mapping[str, str]]
"""Returns why nothing may be done to units, by their names; units that something may be done to are not in it."""


@dataclass(frozen=True)
class Given:
    """What became of units that wanted a load.

    Attributes:
        began: names of those that have it, or may have it.
        waits: why others have none, by their names.
    """

    began: frozenset[str]
    waits: Mapping[str, str]


@dataclass(frozen=True)
class Loads:
    """Everything that loads are given and read with.

    Attributes:
        observe: returns what is observed of units now.
        ask: runs commands on units.
        new_id: returns the id of a new attempt.
        epoch: returns the present controller's epoch, which units hold against what they are told.
        judged: returns the loads that the ledger knows of, each by its unit's name and its id.
        facts: returns what was observed last of every heater of the site.
        refused: returns why nothing may be done to units, by their names: whose machine is quarantined, or retired.
        reservations: what was admitted at sites, by whatever process.
        actor: who gives loads.
        guard: limits of the heat and electrical guards.
        speed: seconds that pass in rooms while one does here.
    """

    fleet: Fleet
    premises: SitePremises
    observe: Callable[[Sequence[Unit]], Mapping[str, Observation]]
    ask: Ask
    new_id: Callable[[], str]
    epoch: Callable[[], int]
    judged: Callable[[], Set[tuple[str, str]]]
    facts: Callable[[], Mapping[str, Observation]]
    refused: Refused
    reservations: Reservations
    actor: str
    guard: Guard
    clock: Clock
    speed: float = 1.0

    @property
    def now_s(self) -> float:
        """Return the Unix time."""
        return self.clock.now().utc.timestamp()

    def give(self, units: Sequence[Unit], seen: Mapping[str, Observation], choose: Choose) -> Given:
        """Give units a load, as far as marks and guards let them, and nobody else is giving them one.

        Args:
            units: of one site, that are free as far as was seen.
            seen: what was just observed of them, and perhaps of others.
            choose: says which of them, with what command.
        """
        marked = self.refused([unit.name for unit in units])
        free = [unit for unit in units if unit.name not in marked]
        if not free:
            return Given(frozenset(), marked)
        facts = {**self.facts(), **seen}
        now, attempt = self.clock.now().utc, self.new_id()
        admission = Admission(self.premises, self.guard, facts, seen.keys(), attempt, self.actor, now)
        chosen = self.reservations.change(free[0].site, partial(admission.decide, free, choose))
        against = self._asked(free[0].site, attempt, chosen.commands) if chosen.commands else {}
        if not chosen.commands and (forgotten := admission.forgotten()):
            self.observe([unit for unit in self.fleet.sites[free[0].site].units.values() if unit.name in forgotten])
        began = frozenset(unit.name for unit, _ in chosen.commands) - against.keys()
        return Given(began, {**marked, **chosen.refused, **against})

    def look(self, units: Sequence[Unit]) -> Mapping[str, Observation]:
        """Observe units, but not those whose loads run on and were seen to a moment ago: there is nothing new.

        Beside one that is looked at nobody of its dwelling is passed over: how warm it is there tells who may begin.
        """
        known = self.facts()
        rests = {unit.name for unit in units if self._rests(known.get(unit.name))}
        awake = {unit.dwelling for unit in units if unit.name not in rests}
        left = [unit for unit in units if unit.dwelling in awake]
        seen = {unit.name: known[unit.name] for unit in units if unit.dwelling not in awake}
        return {**seen, **self.observe(left)} if left else seen

    def known(self, units: Sequence[Unit], kind: LoadKind) -> Mapping[str, float]:
        """Return until when loads run that nobody has judged yet, Unix times, as units were seen last, by their names.

        Nothing is looked at. One that was over, or that is by now, has run until the past.
        """
        facts = self.facts()
        return {u.name: _until_s(of) for u in units if self.unjudged(of := facts.get(u.name), kind) is not None}

    def _rests(self, seen: Observation | None) -> bool:
        load = seen.load if isinstance(seen, Facts) else None
        if seen is None or load is None or _until_s(seen) <= self.now_s:
            return False
        return self.now_s - seen.at.timestamp() < max(FARTHEST_S, REST_SHARE * (load.ends_at - load.began_at))

    def unjudged(self, seen: Observation | None, kind: LoadKind) -> Load | None:
        """Return the load of a kind that a unit was given and nobody has judged yet; None if there is none."""
        if not isinstance(seen, Facts) or seen.load is None or seen.load.kind is not kind:
            return None
        return None if (seen.unit, seen.load.id) in self.judged() else seen.load

    def _asked(self, site: str, attempt: str, commands: Commands) -> Mapping[str, str]:
        """Send units their commands; returns why not, by the names of those that did not take theirs.

        Who refused is free again; who did not answer, or was not asked to the end, may have begun.
        """
        replies: Sequence[Reply] = ()
        try:
            step = ("--epoch", str(self.epoch()), "--attempt", attempt, "--step", "1")
            replies = self.ask([(unit, ("fleet-unit", argv[0], *step, *argv[1:])) for unit, argv in commands])
        finally:
            against = {reply.unit: said for reply in replies if (said := _refusal(reply))}
            free = [reply.unit for reply in replies if reply.unit in against and not reply.trouble]
            self.reservations.change(site, lambda all: (asked(all, attempt, free, self.clock.now().utc), None))
        return against

    def trial(self, units: Sequence[Unit]) -> Trial:
        """Return the loads of units with everything that was measured meanwhile; who does not answer is left out.

        Raises:
            CouldNot: if a gateway does not tell what its sensors saw: nothing is judged without it, and nothing lost.
        """
        replies = self.ask([(unit, ("fleet-unit", "samples")) for unit in units])
        runs = {reply.unit: run for reply in replies if (run := _run(reply)) is not None}
        site = self.fleet.sites[units[0].site]
        return Trial(site, self.premises, runs, self._readings(units, runs))

    def _readings(self, units: Sequence[Unit], runs: Mapping[str, Run]) -> Readings:
        began = min((run.samples[0].at for run in runs.values() if run.samples), default=self.now_s)
        gateways = {gateway.name: gateway for unit in units if (gateway := self.fleet.gateway_of(unit)) is not None}
        try:
            return readings_from(self._pages(gateways, f"{began:.3f}"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CouldNot(f"what the sensors of rooms told cannot be read: {error}") from error

    def _pages(self, gateways: Mapping[str, Unit], since: str) -> Iterator[Mapping[str, Any]]:
        """Yield what gateways tell, page after page: what a large building's sensors told is more than one answer."""
        skips = dict.fromkeys(gateways, 0)
        while skips:
            asked = ((gateways[name], ("--since", since, "--skip", str(skip))) for name, skip in skips.items())
            pages = dict(_documents(self.ask([(unit, ("fleet-unit", "sensors", *of)) for unit, of in asked])))
            yield from pages.values()
            skips = {n: skips[n] + len(page["readings"]) for n, page in pages.items() if page.get("more")}


def again_s(loads: Sequence[Load], now_s: float) -> float:
    """Return when it is worth looking again: when the first of the running loads should be over."""
    ends = min((load.ends_at - now_s for load in loads), default=FARTHEST_S)
    return min(max(ends, NEAREST_S), FARTHEST_S)


def _until_s(seen: Observation | None) -> float:
    """Return until when a load runs that ran when its unit was seen, by whichever clock it is over first."""
    load = seen.load if isinstance(seen, Facts) else None
    if seen is None or load is None or load.state is not LoadState.RUNNING:
        return 0.0
    return min(load.ends_at, seen.at.timestamp() + load.ends_at - load.began_at)


def _run(reply: Reply) -> Run | None:
    try:
        return None if reply.trouble else run_from(json.loads(reply.out))
    except (ValueError, AttributeError):
        return None


def _documents(replies: Sequence[Reply]) -> Iterator[tuple[str, Any]]:
    """Yield what gateways told, each with its name; one that has no hub of sensors tells nothing."""
    for reply in replies:
        if reply.trouble:
            raise CouldNot(f"{reply.unit} cannot be asked what the sensors of rooms told: {reply.trouble}")
        if reply.code == 0:
            yield reply.unit, json.loads(reply.out)


def _refusal(reply: Reply) -> str:
    if reply.trouble:
        return reply.trouble
    try:
        outcome = json.loads(reply.out)
    except ValueError:
        outcome = None
    if not isinstance(outcome, dict):
        return " ".join(reply.err.decode(errors="replace").split())[-200:] or f"code {reply.code}"
    return "" if outcome.get("ending") == "ok" else str(outcome.get("message") or outcome.get("ending"))
