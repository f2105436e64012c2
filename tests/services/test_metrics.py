"""What a tally makes of a rollout that is really driven, in a fake world."""

from __future__ import annotations

from dataclasses import replace

from fleetctl.core.metrics import reason_kind
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.state import Action, CommandKind, Decision, Ending, RolloutChanged, SitesWaited, Status
from fleetctl.services.drive import Driver, Moved
from fleetctl.services.metrics import Tally
from fleetctl.services.run import run
from tests.builders.play import rollout_of
from tests.builders.world import START
from tests.services.test_run import Room


def watched(room: Room) -> tuple[Tally, list[str]]:
    """Drive a room's rollout; returns the tally and its text after each decision."""
    tally, texts = Tally(room.state, room.world.clock), list[str]()

    def witness(moved: Moved) -> None:
        tally.tell(moved, room.hands().surroundings)
        texts.append(tally.text())

    list(run(replace(room.seat(), witness=witness), "r1"))
    return tally, texts


def test_a_rollout_is_told_of_while_it_is_active_and_counted_when_it_has_ended() -> None:
    room = Room(3, Policy("p", max_in_progress=1))
    tally, texts = watched(room)
    assert 'fleetctl_rollout_units{rollout="r1",phase="succeeded"} 1\n' in "".join(texts)
    assert 'rollout="r1"' not in texts[-1]
    assert 'fleetctl_rollouts{status="succeeded"} 1\n' in tally.text()
    assert room.status() is Status.SUCCEEDED


def test_failures_are_counted_by_cause_and_stay_counted() -> None:
    room = Room(2, Policy("p", retries=1, max_failed=2))
    room.world.units["s/r1"].endings = [Ending.REFUSED]
    tally, _ = watched(room)
    assert 'fleetctl_attempt_failures_total{cause="refused"} 1\n' in tally.text()


def test_power_that_is_down_is_told_in_watts() -> None:
    room = Room(1)
    rebooting = [replace(row, actions=(Action.CONFIGURE, Action.REBOOT)) for row in room.rows]
    room.state.rows.progress["r1"] = {row.unit: row for row in rebooting}
    room.world.units["s/r1"].reboots_after_configure = True
    _, texts = watched(room)
    assert 'fleetctl_rollout_down_watts{rollout="r1"} 1500\n' in "".join(texts)
    assert 'fleetctl_rollout_units_down{rollout="r1"} 1\n' in "".join(texts)


def test_why_sites_wait_is_told_also_when_nothing_changes() -> None:
    room = Room(3)
    driver = Driver(
        room.hands(), room.state.controllers.acquire(owner="c", host="h", pid=1, command="", now=START, lease_s=60)
    )
    tally = Tally(room.state, room.world.clock)
    driver.take_over("r1")
    room.state.rollouts.command("r1", CommandKind.PAUSE, actor="ada", at=START)
    for _ in range(2):
        for moved in driver.tick(0.0):
            tally.tell(moved, room.hands().surroundings)
    assert 'fleetctl_rollout_sites_blocked{rollout="r1",reason="stopped"} 1\n' in tally.text()
    assert 'fleetctl_rollout_running{rollout="r1"} 0\n' in tally.text()


def test_a_wait_that_is_noted_is_not_a_change() -> None:
    """Who is told of a rollout that stands still must not take its waiting for work."""
    room = Room(1)
    tally, board = Tally(room.state, room.world.clock), Board(rollout_of(room.rows), room.rows)
    told: list[str] = []
    for changes in ((RolloutChanged("r1", Status.RUNNING, ""),), (SitesWaited("r1", {"s": 30.0}, {}),)):
        tally.tell(Moved(board, Decision(changes=changes)), room.hands().surroundings)
        told.append(next(line for line in tally.text().splitlines() if "changed_timestamp_seconds{" in line))
        room.world.clock.advance(30.0)
    assert told[0] == told[1]


def test_no_reason_of_a_played_rollout_is_of_an_unknown_kind() -> None:
    room, kinds = Room(6, Policy("p", max_in_progress=1, retries=1, max_failed=6)), set[str]()
    room.world.units["s/r2"].endings = [Ending.REFUSED]

    def witness(moved: Moved) -> None:
        kinds.update(reason_kind(reason) for reason in moved.decision.reasons.values())

    list(run(replace(room.seat(), witness=witness), "r1"))
    assert kinds
    assert "other" not in kinds


def test_holds_and_overrides_that_count_are_told() -> None:
    room = Room()
    room.state.orders.add_hold("s", actor="ada", at=START, reason="storm")
    tally = Tally(room.state, room.world.clock)
    assert "fleetctl_holds 1\n" in tally.text()
    assert "fleetctl_overrides 0\n" in tally.text()
    assert "fleetctl_log_events_total 1\n" in tally.text()
