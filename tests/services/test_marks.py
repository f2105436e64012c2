"""A quarantined machine in plans and in rollouts: nothing new starts on it, and everybody reads why."""

from __future__ import annotations

import pytest

from fleetctl.core.commissioning.ledger import Draft
from fleetctl.core.commissioning.lifecycle import Lifecycle, mark
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.facts import Cause
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.plan import LeftOut, Plan, UnitPlan
from fleetctl.core.problems import InvalidInput
from fleetctl.core.rollout.state import Action, Phase
from fleetctl.services.explain import explain
from fleetctl.services.image_requests import request
from fleetctl.services.marks import lift, quarantine, refused, without_refused
from fleetctl.services.run import run
from tests.builders.imaging import unit as imageable
from tests.builders.memory_state import MemoryState
from tests.builders.world import START, FakeSurroundings
from tests.services.test_run import Room

ONE, TWO = "s/r1", "s/r2"


def planned(unit: str) -> UnitPlan:
    site = unit.partition("/")[0]
    return UnitPlan(unit, site, Kind.RADIATOR, "gw", (Action.CONFIGURE,), ("why",), "new", "facts")


PLAN = Plan(
    "p1",
    "fleet",
    "state",
    START,
    START,
    "",
    {"s": "digest of s", "t": "digest of t"},
    (planned(ONE), planned(TWO), planned("t/r1")),
    (LeftOut("s/r9", Cause.UNREACHABLE, "no answer"),),
)


def test_a_plan_leaves_it_out_with_the_reason_whatever_else_there_was() -> None:
    state = MemoryState()
    for unit in (TWO, "t/r1", "s/r9"):
        quarantine(state, unit, f"{unit} hums", actor="kim", at=START)
    made = without_refused(PLAN, state)
    assert [unit.unit for unit in made.units] == [ONE]
    assert dict(made.sites) == {"s": "digest of s"}
    assert [(out.unit, out.cause) for out in made.left_out] == [("s/r2", None), ("s/r9", None), ("t/r1", None)]
    assert all(f"{out.unit} hums" in out.reason for out in made.left_out)


def test_a_plan_without_any_is_as_it_was() -> None:
    state = MemoryState()
    quarantine(state, "elsewhere/r1", "hums", actor="kim", at=START)
    assert without_refused(PLAN, state) is PLAN


def test_a_machine_in_maintenance_may_be_worked_on() -> None:
    state = MemoryState()
    detail = mark(Lifecycle.MAINTENANCE, "new fan")
    state.ledger.append([Draft("s", ONE, Stage.DISCOVERED, Outcome.NOTE, "kim", START, detail)])
    assert refused(state, [ONE]) == {}
    assert refused(state, [TWO]) == {}


def test_its_disk_is_not_written_anew() -> None:
    state, blank = MemoryState(), imageable(1)
    request(state, [blank], "kim", START, again=False)
    state = MemoryState()
    quarantine(state, blank.name, "it hums", actor="kim", at=START)
    with pytest.raises(InvalidInput, match="cannot be imaged: quarantined by kim"):
        request(state, [blank], "kim", START, again=True)
    assert not state.imaging.records([blank.name])


def test_in_a_rollout_under_way_nothing_starts_on_it() -> None:
    room = Room()
    quarantine(room.state, TWO, "it hums", actor="kim", at=START)
    told = list(run(room.seat(), "r1"))
    phases = {row.unit: row.phase for row in room.state.journal.progress("r1")}
    assert phases == {ONE: Phase.SUCCEEDED, TWO: Phase.DEFERRED, "s/r3": Phase.SUCCEEDED}
    assert not [step for step in room.world.submitted if step.unit == TWO]
    assert any("held by kim: quarantined: it hums" in note.text for note in told)


def test_why_it_waits_is_told_and_it_goes_on_when_it_is_lifted() -> None:
    room = Room()
    quarantine(room.state, TWO, "it hums", actor="kim", at=START)
    rollout = room.state.journal.rollout("r1")
    assert rollout is not None
    said = explain(room.state, FakeSurroundings(room.world), rollout, TWO, room.world.clock.now())
    assert "quarantined: it hums" in said
    lift(room.state, TWO, "a loose screw", actor="kim", at=START)
    list(run(room.seat(), "r1"))
    assert room.phases() == {Phase.SUCCEEDED}
