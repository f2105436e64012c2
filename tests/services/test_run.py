"""Driving, following, leading: the services around `decide`, on a state in memory and a fake world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from fleetctl.core.facts import Cause
from fleetctl.core.policy import Policy
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Change, CommandKind, Ending, Noted, Phase, Progress, Status, StepIntended
from fleetctl.core.route import Route
from fleetctl.ports import Fenced, Led
from fleetctl.services.drive import LEASE_S, Driver, Hands
from fleetctl.services.explain import explain
from fleetctl.services.lead import Identity, Succession, leading
from fleetctl.services.run import Seat, run, serve, was_left, watch
from tests.builders.memory_state import MemoryState
from tests.builders.play import Crash, progress, rollout_of
from tests.builders.world import START, FakeProcesses, FakeSurroundings, FakeUnit, FakeWorld


class Room:
    """A machine with a state, a world of units and processes, where controllers are started."""

    def __init__(self, units: int = 3, policy: Policy | None = None) -> None:
        self.state = MemoryState()
        names = [f"s/r{n}" for n in range(1, units + 1)]
        self.world = FakeWorld(FakeUnit(name) for name in names)
        self.processes = FakeProcesses()
        self.rows: Sequence[Progress] = [progress(name) for name in names]
        self.state.rollouts.add(rollout_of(self.rows, policy), self.rows, {})
        self.interrupted = False

    @property
    def succession(self) -> Succession:
        return Succession(self.state.controllers, self.processes, self.world.clock, self.state.uuid)

    def hands(self) -> Hands:
        return Hands(self.state, self.world.executor, self.world.prober, self.world.clock, FakeSurroundings(self.world))

    @contextmanager
    def lead(self) -> Iterator[tuple[Hands, int]]:
        with leading(self.succession, Identity("operator", "here", "fleetctl apply")) as epoch:
            yield self.hands(), epoch

    def seat(self) -> Seat:
        return Seat(self.state, self.world.clock, "operator", self.lead, lambda: self.interrupted)

    def phases(self) -> set[Phase]:
        return {row.phase for row in self.state.journal.progress("r1")}

    def status(self) -> Status:
        row = self.state.journal.rollout("r1")
        assert row is not None
        return row.status


def test_a_rollout_is_run_to_its_end_and_tells_what_happened() -> None:
    room = Room()
    told = [note.what for note in run(room.seat(), "r1")]
    assert room.status() is Status.SUCCEEDED
    assert told.count("unit-succeeded") == 3
    assert told[-1] == "rollout-succeeded"


def test_what_a_rollout_sees_of_its_units_is_kept() -> None:
    room = Room(2)
    list(run(room.seat(), "r1"))
    kept = room.state.units.readings("r1")
    assert {(r.unit, r.config_digest, r.space) for r in kept} == {
        ("s/r1", "new", "d-r1"),
        ("s/r2", "new", "d-r2"),
    }
    assert len(room.state.journal.steps("r1")) == 4


def test_a_witness_is_told_of_every_decision_up_to_the_end() -> None:
    room, seen = Room(), list[Status]()
    list(run(replace(room.seat(), witness=lambda moved: seen.append(moved.rollout.status)), "r1"))
    assert seen[-1] is Status.SUCCEEDED
    assert seen.count(Status.SUCCEEDED) == 1


def test_what_is_known_already_is_not_told_again() -> None:
    room = Room(2, Policy("p", retries=0, max_failed=2))
    room.world.units["s/r1"].endings = [Ending.REFUSED]
    list(run(room.seat(), "r1"))
    known = max(number for number, _ in room.state.journal.events("r1"))
    room.state.rollouts.command("r1", CommandKind.RETRY, actor="operator", at=START)
    told = [note.what for note in run(room.seat(), "r1", after=known)]
    assert told[0] == "command-retry"
    assert told.count("unit-succeeded") == 1


def test_leadership_is_given_up_and_what_ran_is_ended_on_every_way_out() -> None:
    room = Room()
    with pytest.raises(Crash), leading(room.succession, Identity("o", "here", "c")):
        raise Crash
    current = room.state.controllers.current()
    assert current is not None
    assert current.lease_until < room.world.clock.now().utc
    assert room.processes.ended == [f"state-in-memory:{current.epoch}"]
    assert room.state.controllers.processes() == []


def test_a_second_controller_is_refused_and_told_who_leads() -> None:
    room = Room()
    with room.lead(), pytest.raises(Led, match=r"operator.*here.*100.*fleetctl apply"), room.lead():
        pass


def test_a_killed_controller_of_this_machine_is_succeeded_at_once_and_its_processes_are_ended() -> None:
    room = Room()
    killed = room.lead()
    _, first = killed.__enter__()
    room.processes.alive.clear()
    room.processes.pid = 200
    room.processes.alive.add(200)
    with room.lead() as (_, epoch):
        assert epoch > first
        assert f"state-in-memory:{first}" in room.processes.ended


def test_a_silent_controller_of_another_machine_is_waited_for_until_its_lease_ends() -> None:
    room = Room()
    with leading(room.succession, Identity("o", "elsewhere", "c")) as first:
        with pytest.raises(Led), room.lead():
            pass
        room.world.clock.advance(LEASE_S + 1)
        with room.lead() as (_, epoch):
            assert epoch > first


def test_a_stopped_controller_that_wakes_up_can_neither_write_nor_touch_a_unit() -> None:
    room = Room()
    old = Driver(room.hands(), _acquire(room))
    old.take_over("r1")
    list(old.tick(0.0))
    submitted = len(room.world.submitted)
    room.world.clock.advance(LEASE_S + 1)
    _acquire(room)
    with pytest.raises(Fenced):
        list(old.tick(0.0))
    assert len(room.world.submitted) == submitted


def _acquire(room: Room) -> int:
    now = room.world.clock.now().utc
    return room.state.controllers.acquire(owner="o", host="here", pid=1, command="c", now=now, lease_s=LEASE_S)


def test_a_long_run_keeps_its_lease() -> None:
    room = Room()
    driver = Driver(room.hands(), _acquire(room))
    driver.take_over("r1")
    for _ in range(20):
        room.world.clock.advance(LEASE_S / 2)
        list(driver.tick(0.0))
    current = room.state.controllers.current()
    assert current is not None
    assert current.lease_until > room.world.clock.now().utc


@pytest.mark.parametrize("after", range(1, 12))
def test_killed_after_any_commit_and_resumed_nothing_is_done_twice(after: int) -> None:
    room = Room()
    commits = 0

    def crash(_changes: Sequence[Change]) -> None:
        nonlocal commits
        commits += 1
        if commits == after:
            raise Crash

    room.state.rows.before_commit = crash
    with suppress(Crash):  # it may end before the crash is due
        list(run(room.seat(), "r1"))
    room.state.rows.before_commit = lambda _: None
    room.world.executor.close()
    list(run(room.seat(), "r1"))
    assert room.status() is Status.SUCCEEDED
    assert not room.world.done_twice()


def test_an_interrupt_pauses_lets_units_finish_and_resume_goes_on() -> None:
    room = Room(8, Policy("p", max_in_progress=2))
    for note in run(room.seat(), "r1"):
        room.interrupted = room.interrupted or note.what == "unit-succeeded"
    row = room.state.journal.rollout("r1")
    assert row is not None
    assert was_left(row)
    assert Phase.PENDING in room.phases()
    assert room.phases() <= {Phase.PENDING, Phase.SUCCEEDED}
    room.interrupted = False
    room.state.rollouts.command("r1", CommandKind.RESUME, actor="operator", at=START)
    list(run(room.seat(), "r1"))
    assert room.status() is Status.SUCCEEDED


def test_an_interrupted_follower_asks_the_controller_to_pause_once() -> None:
    room = Room(3, Policy("p", max_in_progress=1))
    room.interrupted = True
    with room.lead() as (hands, epoch):
        driver = Driver(hands, epoch)
        driver.take_over("r1")
        following = run(room.seat(), "r1")
        waited_s: list[float] = []

        def wait(seconds: float) -> None:
            waited_s.append(seconds)
            if len(waited_s) > 2:
                list(driver.tick(0.0))

        room.world.clock.wait = wait  # type: ignore[method-assign]  # the controller moves while the follower waits
        told = [note.what for note in following]
    assert told.count("command-pause") == 1
    assert room.status() is Status.PAUSED
    assert len(room.state.rows.commands) == 1


def test_a_command_of_another_process_is_seen_at_the_next_tick() -> None:
    room = Room(8, Policy("p", max_in_progress=1))
    for note in run(room.seat(), "r1"):
        if note.what == "attempt-started" and note.unit == "s/r2":
            room.state.rollouts.command("r1", CommandKind.ABORT, actor="other", at=START, reason="wrong release")
    assert room.status() is Status.ABORTED
    notes = [note.text for _, note in room.state.journal.events("r1") if note.what == "command-abort"]
    assert notes == ["abort by other: wrong release"]


def test_who_does_not_lead_follows_and_sees_the_same_events() -> None:
    room = Room()
    with room.lead() as (hands, epoch):
        driver = Driver(hands, epoch)
        driver.take_over("r1")
        follower = watch(room.seat(), "r1")
        while not driver.settled("r1"):
            list(driver.tick(0.0))
        told = [note.what for note in follower]
    assert told == [note.what for _, note in room.state.journal.events("r1")]
    assert told[-1] == "rollout-succeeded"


def test_a_controller_drives_every_active_rollout_and_stops_when_told() -> None:
    room = Room(2)
    told = []
    for note in serve(room.seat()):
        told.append(note.what)
        room.interrupted = note.what == "rollout-succeeded"
    assert told.count("unit-succeeded") == 2


def test_two_rollouts_never_hold_the_same_site() -> None:
    room = Room(4, Policy("p", max_in_progress=1))
    second = [progress(f"s/r{n}") for n in range(1, 5)]
    row = rollout_of(second)
    room.state.rollouts.add(replace(row, id="r2", plan="p2"), second, {})
    with room.lead() as (hands, epoch):
        driver = Driver(hands, epoch)
        list(driver.take_over_new())
        both: set[str] = set()
        while not all(board.rollout.status.is_end for board in driver.boards.values()):
            list(driver.tick(0.0))
            both |= {"both"} if all(board.in_progress for board in driver.boards.values()) else set()
    assert not both
    started = [change.rollout for change in room.state.rows.steps]
    assert started == sorted(started)


def test_a_unit_that_left_the_inventory_fails_with_the_reason() -> None:
    room = Room(2, Policy("p", max_failed=2, retries=0))
    room.world.units["s/r1"].lose_outcomes = 1

    def route(_rollout: str, unit: str) -> Route:
        if unit == "s/r1":
            raise CouldNot("s/r1 is not in the inventory any more")
        return Route(dial=(), hops=())

    surroundings = FakeSurroundings(room.world)
    surroundings.routes = route
    epoch = _acquire(room)
    driver = Driver(Hands(room.state, room.world.executor, room.world.prober, room.world.clock, surroundings), epoch)
    driver.take_over("r1")
    while not driver.settled("r1"):
        list(driver.tick(0.0))
    ended = {row.unit: (row.phase, row.cause) for row in room.state.journal.progress("r1")}
    assert ended == {"s/r1": (Phase.FAILED, Cause.REFUSED), "s/r2": (Phase.SUCCEEDED, None)}


def test_why_is_answered_from_the_state_alone() -> None:
    room = Room(3, Policy("p", max_in_progress=1))
    driver = Driver(room.hands(), _acquire(room))
    driver.take_over("r1")
    list(driver.tick(0.0))
    row = room.state.journal.rollout("r1")
    assert row is not None
    assert (
        explain(room.state, FakeSurroundings(room.world), row, "s/r3", room.world.clock.now())
        == "pending: 1 of at most 1 units are under way"
    )
    assert (
        explain(room.state, FakeSurroundings(room.world), row, "s/r1", room.world.clock.now())
        == "configuring, attempt 1"
    )


def test_intents_are_committed_before_steps_are_submitted() -> None:
    room = Room()
    journalled: list[object] = []
    room.state.rows.before_commit = lambda changes: journalled.extend(
        change.step for change in changes if isinstance(change, StepIntended)
    )

    def check(step: object) -> None:
        assert step in journalled

    room.world.before_step = check
    assert [note for note in run(room.seat(), "r1") if isinstance(note, Noted)]
