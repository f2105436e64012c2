"""Builds a sitting of a commissioning: its instruments, and where its lines come from. Part of `compose`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleetctl.cli import compose
from fleetctl.cli.frame import Frame

if TYPE_CHECKING:
    from fleetctl.core.commissioning.budget import Budget
    from fleetctl.core.discovery.finding import Discovery
    from fleetctl.core.facts import Observation
    from fleetctl.core.identity.result import Result
    from fleetctl.core.inventory.fleet import Fleet, Site, Unit
    from fleetctl.core.plan import Plan
    from fleetctl.core.policy import Policy
    from fleetctl.core.rollout.state import Rollout
    from fleetctl.ports import State
    from fleetctl.ports.instruments import Instrument, Lines, Reply
    from fleetctl.services.commissioning.book import Book
    from fleetctl.services.commissioning.configured import Means
    from fleetctl.services.commissioning.loads import Loads
    from fleetctl.services.commissioning.sitting import Sitting

POLICY = "commissioning"
"""Name of the policy that rollouts of a commissioning follow, if the fleet declares one."""


@dataclass(frozen=True)
class How:
    """How a person wants to commission.

    Attributes:
        by: his name, as typed.
        unattended: nobody is there.
        shorten: burn in so many times shorter.
    """

    by: str = ""
    unattended: bool = False
    shorten: float = 1.0


def sitting(
    frame: Frame, state: State, fleet: Fleet, units: Sequence[Unit], how: How, stopped: Callable[[], bool]
) -> Sitting:
    """Return a sitting over units of one site."""
    from fleetctl.adapters.rounds import ThreadedRounds
    from fleetctl.core.commissioning.talk.scene import Person
    from fleetctl.core.commissioning.talk.walk import walk_of
    from fleetctl.services.commissioning.book import Book
    from fleetctl.services.commissioning.sitting import Setting, Sitting

    site, clock = fleet.sites[units[0].site], compose.clock()
    person, book, walk = Person(frame.actor, how.by), Book(state.ledger, site, clock), walk_of(units)
    made: list[Sitting] = []
    desk = _Desk(frame, state, fleet, how, lambda: stopped() or any(each.leaving for each in made), book, walk.units)
    instruments, budget = desk.instruments(site), whole_budget(fleet, site.id)
    setting = Setting(site, walk, book, instruments, ThreadedRounds(), clock, person, how.unattended, budget)
    made.append(Sitting(setting))
    return made[0]


def whole_budget(fleet: Fleet, site: str) -> Budget:
    """Return people's time for a whole site."""
    from fleetctl.core.commissioning.budget import budget_of
    from fleetctl.core.heat.premises import premises_of
    from fleetctl.core.policy import Guard

    return budget_of(fleet, premises_of(fleet, site), Guard().power_share)


@dataclass(frozen=True)
class _Desk:
    """What instruments are made of."""

    frame: Frame
    state: State
    fleet: Fleet
    how: How
    stopped: Callable[[], bool]
    book: Book
    selected: frozenset[str]

    def instruments(self, site: Site) -> list[Instrument]:
        """Return an instrument for each stage that needs one."""
        from fleetctl.services.commissioning.blinking import Blinker
        from fleetctl.services.commissioning.burned_in import BurnInInstrument
        from fleetctl.services.commissioning.configured import ConfiguredInstrument
        from fleetctl.services.commissioning.discovered import DiscoveredInstrument
        from fleetctl.services.commissioning.imaged import ImagedInstrument
        from fleetctl.services.commissioning.registered import RegisteredInstrument
        from fleetctl.services.commissioning.room_proved import RoomProofInstrument

        loads = self._loads(site)
        return [
            DiscoveredInstrument(self.discover, self.how.unattended),
            ImagedInstrument(self.state, compose.clock(), self.observe, self.frame.actor),
            ConfiguredInstrument(self.state, self._means()),
            BurnInInstrument(loads),
            RoomProofInstrument(loads, self._unready),
            RegisteredInstrument(self.register),
            *([] if self.how.unattended else [Blinker(self.blink, self._refused)]),
        ]

    def discover(self, units: Sequence[Unit]) -> Discovery:
        """Look at the site that units belong to, from its gateways; what they are behind is asked for itself."""
        from fleetctl.cli.discover import From, discovered

        return discovered(self.frame, self.state, self.fleet, units[0].site, From.GATEWAY)

    def register(self, units: Sequence[Unit]) -> Iterator[Result]:
        """Register units with everybody who has to know them."""
        from fleetctl.cli.register import registered

        return registered(self.frame, self.state, self.fleet, units)

    def blink(self, unit: Unit, seconds: int) -> None:
        """Let a unit blink."""
        from fleetctl.cli.ways import known_route_to
        from fleetctl.services.identify import identify

        route = known_route_to(self.frame, self.state, self.fleet, unit)
        identify(compose.shell(), route, seconds)

    def observe(self, units: Sequence[Unit]) -> Mapping[str, Observation]:
        """Observe units, quietly."""
        from fleetctl.cli.ways import routes_to
        from fleetctl.ports import Target
        from fleetctl.services.probe import probe

        routes = routes_to(self.frame, self.state, self.fleet, units)
        targets = [Target(unit.name, route) for unit, route in zip(units, routes, strict=True)]
        prober = compose.prober()
        try:
            answers = [probed.observation for probed in probe(prober, self.state.units, targets)]
        finally:
            prober.close()
        return {each.unit: each for each in answers}

    def _loads(self, site: Site) -> Loads:
        from fleetctl.cli.hands import present_epoch
        from fleetctl.core.heat.premises import premises_of
        from fleetctl.services.commissioning.loads import Loads

        premises = premises_of(self.fleet, site.id)
        return Loads(
            fleet=self.fleet,
            premises=premises,
            observe=self.observe,
            ask=self._ask,
            new_id=lambda: compose.new_id("c"),
            epoch=lambda: present_epoch(self.frame, self.state),
            judged=lambda: self.book.judged,
            facts=lambda: self.state.units.facts(premises.heaters),
            refused=self._refused,
            reservations=self.state.reservations,
            actor=self.frame.actor,
            guard=self._policy.guard,
            clock=compose.clock(),
            speed=self.how.shorten,
        )

    def _ask(self, commands: Sequence[tuple[Unit, tuple[str, ...]]]) -> Sequence[Reply]:
        from fleetctl.adapters.ssh.crowd import SshCrowd
        from fleetctl.cli.ways import routes_to
        from fleetctl.ports.instruments import Order

        routes = routes_to(self.frame, self.state, self.fleet, [unit for unit, _ in commands])
        orders = [Order(unit.name, route, argv) for (unit, argv), route in zip(commands, routes, strict=True)]
        return SshCrowd().execute(orders)

    def _refused(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return why nothing may be done to units: as it stands now, the checklist may be some seconds old."""
        from fleetctl.services.marks import refused

        return refused(self.state, names)

    def _unready(self) -> Set[str]:
        """Return the dwellings of which a unit is before its burn-in, and goes on by itself."""
        from fleetctl.core.commissioning.stages import Stage
        from fleetctl.core.commissioning.standing import State as Stands

        lists = (self.book.checklist.units[name] for name in self.selected)
        near = (each for each in lists if each.of(Stage.CONFIGURED).passed)
        return {each.unit.dwelling for each in near if each.of(Stage.BURN_IN).state is Stands.OPEN}

    @property
    def _policy(self) -> Policy:
        from fleetctl.services.apply import policy_of

        return policy_of(self.fleet, POLICY if POLICY in self.fleet.policies else None)

    def _means(self) -> Means:
        from fleetctl.services.commissioning.configured import Means

        actor, clock = self.frame.actor, compose.clock()
        return Means(self._plan, self.state.units.facts, self._start, self._drive, actor, lambda: clock.now().utc)

    def _plan(self, units: Sequence[Unit]) -> Plan:
        from fleetctl.cli.plan import Wish, observe_and_plan
        from fleetctl.services.apply import saved

        self.observe(units)
        wish = Wish("commissioning", refresh=False, registers=False)  # a stage of its own, which may have to wait
        plan = observe_and_plan(self.frame, self.state, self.fleet, units, wish)
        saved(plan, self.state)
        return plan

    def _start(self, plan: Plan) -> Rollout:
        from fleetctl.cli.apply import start_rollout

        return start_rollout(self.frame, self.fleet, self.state, plan, self._policy)

    def _drive(self, rollout: str) -> None:
        from fleetctl.services.commissioning.configured import linger_s
        from fleetctl.services.run import run

        together_s = linger_s(len(self.state.journal.progress(rollout)))
        for _ in run(compose.seat(self.frame, self.state, self.stopped, linger_s=together_s), rollout):
            pass


def no_lines() -> Lines:
    """Return the lines of nobody."""
    from fleetctl.adapters.lines import NoLines

    return NoLines()


def piped_lines() -> Lines:
    """Return the lines of standard input."""
    from fleetctl.adapters.lines import PipedLines

    return PipedLines(sys.stdin.fileno())


@contextmanager
def typed_lines(changed: Callable[[str], None]) -> Iterator[Lines]:
    """Yield the lines typed at the terminal of standard input; `changed` is told of the line while it is typed."""
    from fleetctl.adapters.lines import TypedLines, keys_one_by_one

    lines = TypedLines(sys.stdin.fileno(), changed)
    with keys_one_by_one(sys.stdin.fileno()):
        yield lines
