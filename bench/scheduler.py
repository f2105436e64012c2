"""`decide` on a rollout of 100,000 units in 1,000 sites with 200 under way, from a state in SQLite.

A tick is one decision with its news (four steps that ended, and the probes that it asked for), what the board then
follows, and its check of the invariants; the commit of its changes is shown apart, for it waits for the disk.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.figures import Figure, Line
from bench.measure import stretch
from fleetctl.adapters.store.state import open_state
from fleetctl.core.clock import Now
from fleetctl.core.facts import Facts
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.decide import decide
from fleetctl.core.rollout.state import Action, Decision, Ending, Inputs, Progress, Rollout, StepResult
from fleetctl.ports import State

TICK_AT_MOST_MS, LOAD_AT_MOST_S, LINEAR_AT_MOST = 5.0, 2.0, 1.25
LARGE = 100_000
ACTIVE, PER_SITE, NEWS, TICKS = 200, 100, 4, 300
AT = datetime(2026, 1, 15, 18, 30, tzinfo=UTC)


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
    yield Figure(f"{units:,} units, a tick", ticks.tick_ms, "ms", TICK_AT_MOST_MS if promised else None, "wall")
    yield Figure(f"{units:,} units, slowest of {TICKS} ticks", ticks.slowest_ms, "ms", None, "wall")
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

    def run(self) -> Ticks:
        """Fill the window, then measure ticks in full swing."""
        self._tick()
        measured = [self._tick() for _ in range(TICKS)]
        ticks, commits = [tick for tick, _ in measured], [commit for _, commit in measured]
        return Ticks(statistics.median(ticks), max(ticks), statistics.median(commits))

    def _tick(self) -> tuple[float, float]:
        """Return how long the decision and the commit took, in milliseconds."""
        inputs = self._news()
        started_s = time.perf_counter()
        decision = decide(self._board, inputs, self._now, self._epoch)
        decided_s = time.perf_counter()
        self._state.journal.commit(self._epoch, decision.changes)
        committed_s = time.perf_counter()
        self._board.apply(decision.changes)
        self._board.check()
        followed_s = time.perf_counter()
        self._last = decision
        return 1000 * (decided_s - started_s + followed_s - committed_s), 1000 * (committed_s - decided_s)

    def _news(self) -> Inputs:
        now = self._now
        self._now = Now(now.utc + timedelta(seconds=1), now.monotonic_s + 1)
        progress = [self._board.units[unit] for unit in self._board.active]
        ended = [p.step for p in progress if p.open and p.step is not None][:NEWS]
        results = tuple(StepResult(step, Ending.OK) for step in ended)
        return Inputs(results, tuple(_facts(self._board.units[unit], now) for unit in self._last.observe))


def _loaded(state: State) -> Board:
    rollout = state.journal.rollout("r1")
    assert rollout is not None
    return Board(rollout, state.journal.progress("r1"))


def _filled(url: str, units: int) -> tuple[State, int]:
    """Return a state with a rollout of so many units, and the controller's epoch."""
    state = open_state(url)
    progress = [_progress(number) for number in range(units)]
    sites = tuple(dict.fromkeys(each.site for each in progress))
    policy = Policy("bench", max_in_progress=ACTIVE)
    state.rollouts.add(Rollout("r1", "bench", "p1", policy, "/fleet", "bench", AT, sites=sites), progress, {})
    epoch = state.controllers.acquire(owner="bench", host="here", pid=1, command="bench", now=AT, lease_s=1e6)
    return state, epoch


def _progress(number: int) -> Progress:
    site, place = divmod(number, PER_SITE)
    kind, gateway = (Kind.RADIATOR, "gw") if place else (Kind.GATEWAY, "")
    id = f"site-{site:04d}"
    return Progress(
        f"{id}/{f'rad-{place:03d}' if place else 'gw'}", id, kind, gateway, (Action.CONFIGURE,), f"{number:064x}"
    )


def _facts(progress: Progress, now: Now) -> Facts:
    boot = "b3a1f0de-0000-4000-8000-000000000000"
    return Facts(progress.unit, now.utc, boot, "S1", "qh-1", progress.kind, "1", "A", "A", progress.config_digest)
