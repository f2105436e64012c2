"""Loads that units are given on purpose: started, found again, and read with what was measured meanwhile.

What runs runs on the units. A load is known by its unit and the id of the attempt that began it, for many at once; the
ledger names those that were judged, so after a kill nothing is judged twice, and nothing that ended meanwhile is lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from fleetctl.core.commissioning.envelope import Envelope
from fleetctl.core.commissioning.load import Load, LoadKind, LoadState, Run, run_from
from fleetctl.core.commissioning.trials import Readings, Trial, readings_from
from fleetctl.core.facts import Facts, Observation
from fleetctl.core.heat.premises import SitePremises
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.policy import Guard
from fleetctl.core.problems import CouldNot
from fleetctl.ports import Clock
from fleetctl.ports.instruments import Reply
from fleetctl.services.commissioning.begun import Begun

NEAREST_S, FARTHEST_S = 3.0, 60.0
"""Least and longest pause before a load that runs is looked at again."""

Ask = Callable[[Sequence[tuple[Unit, tuple[str, ...]]]], Sequence[Reply]]
"""Runs a command on each of some units."""
Refused = Callable[[Sequence[str]], Mapping[str, str]]
"""Returns why nothing may be done to units, by their names; units that something may be done to are not in it."""


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
        guard: limits of the heat and electrical guards.
        speed: seconds that pass in rooms while one does here.
        begun: what this process began; who reckons an `envelope` and begins by it does both in one `turn`.
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
    guard: Guard
    clock: Clock
    speed: float = 1.0
    begun: Begun = field(default_factory=Begun)

    @property
    def now_s(self) -> float:
        """Return the Unix time."""
        return self.clock.now().utc.timestamp()

    def envelope(self, seen: Mapping[str, Observation], seconds: float, share: float) -> Envelope:
        """Return what bounds loads of so many seconds in the time of rooms, which heat for a share of it."""
        facts = {**self.facts(), **seen}
        running = frozenset(name for name, of in facts.items() if self._runs(of, now=name in seen))
        running |= self.begun.unseen(facts, self.now_s)
        return Envelope(self.premises, facts, self.guard, self.clock.now().utc, seconds, share, running)

    def _runs(self, of: Observation, *, now: bool) -> bool:
        """Say whether a load runs; one that was seen before is taken to run as long as it may."""
        load = of.load if isinstance(of, Facts) else None
        return load is not None and load.state is LoadState.RUNNING and (now or load.ends_at > self.now_s)

    def unjudged(self, seen: Observation | None, kind: LoadKind) -> Load | None:
        """Return the load of a kind that a unit was given and nobody has judged yet; None if there is none."""
        if not isinstance(seen, Facts) or seen.load is None or seen.load.kind is not kind:
            return None
        return None if (seen.unit, seen.load.id) in self.judged() else seen.load

    def begin(
        self, commands: Sequence[tuple[Unit, tuple[str, ...]]], attempt: str, seconds: float
    ) -> Mapping[str, str]:
        """Give units their loads; returns why not, by the names of those that did not take theirs.

        Args:
            commands: of each unit, without the program and what tells attempts apart.
            attempt: its id.
            seconds: until the last of the loads is over at the latest, from now.
        """
        refused = self.refused([unit.name for unit, _ in commands])
        step = ("--epoch", str(self.epoch()), "--attempt", attempt, "--step", "1")
        orders = [(u, ("fleet-unit", argv[0], *step, *argv[1:])) for u, argv in commands if u.name not in refused]
        try:
            replies = self.ask(orders) if orders else ()
        finally:  # who did not answer, or was not asked to the end, may have begun
            self.begun.note([unit.name for unit, _ in orders], self.now_s, seconds)
        against = {reply.unit: said for reply in replies if (said := _refusal(reply))}
        self.begun.forget(reply.unit for reply in replies if reply.unit in against and not reply.trouble)
        return {**refused, **against}

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
        replies = self.ask([(unit, ("fleet-unit", "sensors", "--since", f"{began:.3f}")) for unit in gateways.values()])
        try:
            return readings_from(_documents(replies))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CouldNot(f"what the sensors of rooms told cannot be read: {error}") from error


def again_s(loads: Sequence[Load], now_s: float) -> float:
    """Return when it is worth looking again: when the first of the running loads should be over."""
    ends = min((load.ends_at - now_s for load in loads), default=FARTHEST_S)
    return min(max(ends, NEAREST_S), FARTHEST_S)


def _run(reply: Reply) -> Run | None:
    try:
        return None if reply.trouble else run_from(json.loads(reply.out))
    except (ValueError, AttributeError):
        return None


def _documents(replies: Sequence[Reply]) -> Iterator[Mapping[str, object]]:
    """Yield what gateways told; one that has no hub of sensors tells nothing."""
    for reply in replies:
        if reply.trouble:
            raise CouldNot(f"{reply.unit} cannot be asked what the sensors of rooms told: {reply.trouble}")
        if reply.code == 0:
            yield json.loads(reply.out)


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
