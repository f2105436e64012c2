"""`decide` on a rollout of 100,000 units in 1,000 sites with 200 under way, from a state in SQLite.

Every unit gets a config and a reboot, so the whole heat guard is asked about each, with windows, caps, premises and
telemetry of every unit. A tick is one decision with its news (four steps that ended, and the probes that it asked for),
what the board then follows, and its check of the invariants; the commit of its changes is shown apart, for it waits for
the disk. Ticks are in CPU time.
"""

from __future__ import annotations

import statistics
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from bench.figures import Figure, Line
from bench.measure import stretch
from fleetctl.adapters.store.state import open_state
from fleetctl.core.clock import Now
from fleetctl.core.facts import Facts, Heat, Observation
from fleetctl.core.heat.premises import Gateway, Heater, SitePremises, Times, Zone
from fleetctl.core.inventory.fleet import Dwelling, Kind
from fleetctl.core.policy import AtMost, Policy, Window
from fleetctl.core.rollout.around import Around
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.decide import decide, take_note
from fleetctl.core.rollout.state import Action, Decision, Ending, Inputs, Progress, Rollout, StepKind, StepResult
from fleetctl.ports import State
from fleetctl.services.known_facts import KnownFacts

TICK_AT_MOST_MS, LOAD_AT_MOST_S, LINEAR_AT_MOST = 5.0, 2.0, 1.25
LARGE = 100_000
ACTIVE, PER_SITE, NEWS, TICKS = 200, 100, 4, 300
UNITS_OF_A_DWELLING = 3
WARM_UP = 250
AT = datetime(2026, 1, 15, 18, 30, tzinfo=UTC)
EVENINGS = Window(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 18 * 60, 23 * 60)
CAPS = AtMost(fleet=ACTIVE, site=40, dwelling=1)


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    """Yield the cost of loading, of a tick, and of memory."""
    small, large = (1_000, 2_000) if quick else (10_000, 100_000)
    memory_kb = {}
    for units in (small, large):
        state, epoch = _filled(f"sqlite:///{folder / f'{units}.db'}", units)
        yield from _times(state, epoch, units)
        memory_kb[units] = _memory_kb(state) / units
        state.close()
        yield Figure(f"{units:,} units, memory a unit", memory_kb[units], "kB", None, "of the board and what it holds")
    growth = f"memory a unit, at {large:,} / at {small:,}"
    yield Figure(growth, memory_kb[large] / memory_kb[small], "times", LINEAR_AT_MOST, "1 is linear")


def _times(state: State, epoch: int, units: int) -> Iterator[Line]:
    promised = units == LARGE
    with stretch() as loading:
        board = _loaded(state)
    yield Figure(f"{units:,} units, load", loading.cpu_s, "s", LOAD_AT_MOST_S if promised else None, "CPU")
    ticks = _Loop(state, epoch, board).run()
    yield Figure(f"{units:,} units, a tick", ticks.tick_ms, "ms", TICK_AT_MOST_MS if promised else None, "CPU")
    yield Figure(f"{units:,} units, slowest of {TICKS} ticks", ticks.slowest_ms, "ms", None, "CPU")
    yield Figure(f"{units:,} units, commit of a tick", ticks.commit_ms, "ms", None, "wall, `synchronous=FULL`")


def _memory_kb(state: State) -> float:
    tracemalloc.start()
    board = _loaded(state)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert board.units
    return taken / 1000


@dataclass(frozen=True, slots=True)
class Ticks:
    """What ticks cost, in milliseconds."""

    tick_ms: float
    slowest_ms: float
    commit_ms: float


class _Loop:
    """Plays a controller and units that always do what they are told."""

    def __init__(self, state: State, epoch: int, board: Board) -> None:
        self._state, self._epoch, self._board = state, epoch, board
        self._now = Now(AT, 1000.0)
        self._last = Decision()
        self._rebooted: set[str] = set()
        self._facts = KnownFacts(self._told)
        self._around = Around(facts=self._facts, before=self._facts.before, premises=premises_of_site)

    def run(self) -> Ticks:
        """Fill the window, let the units part, then measure ticks in full swing."""
        for _ in range(WARM_UP):
            self._tick()
        measured = [self._tick() for _ in range(TICKS)]
        ticks, commits = [tick for tick, _ in measured], [commit for _, commit in measured]
        return Ticks(statistics.median(ticks), max(ticks), statistics.median(commits))

    def _tick(self) -> tuple[float, float]:
        """Return how long the decision and the commit took, in milliseconds."""
        inputs = self._news()
        with stretch() as deciding:
            take_note(self._board, inputs.observations, self._now)
            decision = decide(self._board, inputs, self._now, self._epoch, self._around)
        with stretch() as committing:
            self._state.journal.commit(self._epoch, decision.changes)
        with stretch() as following:
            self._board.apply(decision.changes)
            self._board.check()
            self._board.remember(decision, self._now)
        self._last = decision
        return 1000 * (deciding.cpu_s + following.cpu_s), 1000 * committing.wall_s

    def _news(self) -> Inputs:
        now = self._now
        self._now = Now(now.utc + timedelta(seconds=1), now.monotonic_s + 1)
        progress = [self._board.units[unit] for unit in self._board.active]
        ended = [p.step for p in progress if p.open and p.step is not None][:NEWS]
        self._rebooted.update(step.unit for step in ended if step.kind is StepKind.REBOOT)
        observed = tuple(self._observed(self._board.units[unit]) for unit in self._last.observe)
        self._facts.add(observed)
        return Inputs(tuple(StepResult(step, Ending.OK) for step in ended), observed)

    def _observed(self, progress: Progress) -> Facts:
        again = progress.unit in self._rebooted
        digest = progress.config_digest if progress.attempt else "0" * 64
        needed = bool(progress.attempt) and not again and progress.kind is Kind.RADIATOR
        return _facts(progress, self._now, boot=f"boot-{again:d}", digest=digest, reboot_needed=needed)

    def _told(self, site: str) -> dict[str, Observation]:
        return {unit: self._observed(self._board.units[unit]) for unit in self._board.sites[site].order}


def _loaded(state: State) -> Board:
    rollout = state.journal.rollout("r1")
    assert rollout is not None
    return Board(rollout, state.journal.progress("r1"))


def _filled(url: str, units: int) -> tuple[State, int]:
    """Return a state with a rollout of so many units, and the controller's epoch."""
    state = open_state(url)
    progress = [_progress(number) for number in range(units)]
    sites = tuple(dict.fromkeys(each.site for each in progress))
    policy = Policy("bench", max_in_progress=ACTIVE, windows=(EVENINGS,), max_unavailable=CAPS, cap_down_w=1500.0)
    state.rollouts.add(Rollout("r1", "bench", "p1", policy, "/fleet", "bench", AT, sites=sites), progress, {})
    epoch = state.controllers.acquire(owner="bench", host="here", pid=1, command="bench", now=AT, lease_s=1e6)
    return state, epoch


def _progress(number: int) -> Progress:
    site, place = divmod(number, PER_SITE)
    kind, gateway = (Kind.RADIATOR, "gw") if place else (Kind.GATEWAY, "")
    actions = (Action.CONFIGURE, Action.REBOOT) if place else (Action.CONFIGURE,)
    id = f"site-{site:04d}"
    return Progress(_name(id, place), id, kind, gateway, actions, f"{number:064x}")


def _name(site: str, place: int) -> str:
    return f"{site}/{f'rad-{place:03d}' if place else 'gw'}"


def _facts(progress: Progress, now: Now, *, boot: str, digest: str, reboot_needed: bool) -> Facts:
    heat = Heat(1.0, 600.0, 600.0, 20.0, 20.0)
    told = Facts(progress.unit, now.utc, boot, "S1", "qh-1", progress.kind, "1", "A", "A", digest, heat=heat)
    return replace(told, reboot_needed=reboot_needed)


@cache
def premises_of_site(site: str) -> SitePremises:
    """Return a site of dwellings with three radiators each, in the mild weather of its design."""
    times = Times(240.0, 300.0)
    dwelling_of = {_name(site, place): f"A{place // UNITS_OF_A_DWELLING}" for place in range(1, PER_SITE)}
    inside: dict[str, list[str]] = {}
    for unit, dwelling in dwelling_of.items():
        inside.setdefault(dwelling, []).append(unit)
    gateway = _name(site, 0)
    heaters = {
        unit: Heater(unit, Kind.RADIATOR, "a", 1500.0, times, home, home, gateway=gateway, heats_without_gateway=True)
        for unit, home in dwelling_of.items()
    }
    return SitePremises(
        site=site,
        time_zone="UTC",
        design_temperature_c=-5.0,
        subscribed_power_w=250_000.0,
        other_load_w=20_000.0,
        heaters=heaters,
        gateways={gateway: Gateway(gateway, "a", 60.0, times, tuple(heaters))},
        zones={home: Zone(home, home, "a", 60.0, 30_000.0, 20.0, tuple(units)) for home, units in inside.items()},
        loops={},
        dwellings={home: Dwelling(home, "a", 1, 60.0, 60.0, 30_000.0) for home in inside},
        heaters_of={home: tuple(units) for home, units in inside.items()},
    )
