"""Properties of `decide` under any fault script: interrupt anywhere, and the end is the same."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.policy import Drain, Policy, Staging
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.decide import decide
from fleetctl.core.rollout.state import Ending, Inputs, Phase, Progress, Status
from tests.builders.play import Crash, Play, progress, update
from tests.builders.slots import slot_faults
from tests.builders.world import FakeUnit, FakeWorld

faults: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "lose_outcomes": st.integers(0, 2),
        "drop_steps": st.integers(0, 2),
        "endings": st.lists(
            st.sampled_from([Ending.OK, Ending.FAILED, Ending.REFUSED, Ending.ROLLED_BACK]), max_size=2
        ),
        "reboots_after_configure": st.booleans(),
        "stays_down": st.booleans(),
        "cold_after_reboot": st.booleans(),
        "jobs": st.sampled_from([None, 0, 2]),
        "config": st.sampled_from(["", "old"]),
    }
)
policies = st.builds(
    Policy,
    name=st.just("p"),
    max_in_progress=st.integers(1, 4),
    staging=st.builds(
        Staging, max_in_progress=st.integers(1, 3), timeout_s=st.just(60.0), carry_timeout_s=st.just(90.0)
    ),
    max_failed=st.integers(0, 8),
    retries=st.integers(0, 2),
    step_timeout_s=st.just(30.0),
    unit_timeout_s=st.just(300.0),
    unreachable=st.sampled_from(["fail", "skip", "defer"]),
    defer_for_s=st.sampled_from([0.0, 60.0]),
    defer_every_s=st.just(20.0),
    gate_wait_s=st.just(60.0),
    soak_samples=st.integers(0, 2),
    soak_every_s=st.just(5.0),
    on_failure=st.sampled_from(["halt", "revert"]),
    drain=st.builds(Drain, deadline_s=st.just(30.0), jobs=st.sampled_from(["cancel", "defer"])),
)


@st.composite
def plays(draw: st.DrawFn) -> Play:
    units: list[FakeUnit] = []
    rows = []
    for site in ("s", "t"):
        gateway = f"{site}/gw"
        units.append(FakeUnit(gateway))
        rows.append(progress(gateway, kind=Kind.GATEWAY))
        for number in range(draw(st.integers(1, 4))):
            name = f"{site}/r{number}"
            units.append(FakeUnit(name, gateway=gateway, **draw(faults)))
            rows.append(_row(draw, units[-1]))
    policy = draw(policies)
    if any(row.release for row in rows):  # who is refused for good at the start gate waits for ever otherwise
        policy = replace(policy, defer_for_s=60.0)
    play = Play(FakeWorld(units), rows, policy)
    if draw(st.booleans()):
        play.surroundings.dwelling_of = {unit.name: "home" for unit in units if unit.gateway}
    return play


def _row(draw: st.DrawFn, unit: FakeUnit) -> Progress:
    for fault, value in draw(slot_faults).items():
        setattr(unit.slots, fault, value)
    need = draw(st.sampled_from(["configure", "update", "update and configure"]))
    if need == "configure":
        return progress(unit.name, gateway="gw")
    unit.config = "old"
    return update(unit.name, gateway="gw", config=need != "update")


def check_caps(play: Play) -> None:
    """Of four radiators that share a dwelling one may be down; a drain of ours is gone when its unit has ended."""
    for site in ("s", "t"):
        rows = [row for name, row in play.rows.items() if name.startswith(f"{site}/r")]
        if play.surroundings.dwelling_of:
            assert sum(row.down for row in rows) <= 1
        ended_well = [row.unit for row in rows if row.phase.is_end and play.world.units[row.unit].reachable]
        assert not [unit for unit in ended_well if play.world.units[unit].drained_by]


@given(plays())
@settings(deadline=None, max_examples=150)
def test_every_rollout_ends_and_no_cap_is_broken(play: Play) -> None:
    """The board checks its invariants at every commit; the world counts what really was under way."""
    play.at_act = lambda _: check_caps(play)
    play.run()
    assert play.world.most_at_once <= play.row.policy.max_in_progress
    assert not play.world.done_twice()
    if play.row.status.is_end:
        assert all(row.phase.is_end for row in play.rows.values())


@given(plays(), st.sets(st.integers(1, 60), max_size=6), st.booleans())
@settings(deadline=None, max_examples=150)
def test_killed_at_any_tick_and_resumed_nothing_is_done_twice(play: Play, ticks: set[int], after: bool) -> None:
    """Kill the controller before or after a commit, start another, and the rollout still ends."""

    def crash(tick: int) -> None:
        if tick in ticks:
            ticks.discard(tick)
            raise Crash

    if after:
        play.at_act = crash
    else:
        play.at_commit = crash
    for _ in range(len(ticks) + 1):
        try:
            play.run()
            break
        except Crash:
            play.start_controller()
    assert not play.world.done_twice()
    assert play.world.most_at_once <= play.row.policy.max_in_progress
    reboots = {name: unit.boot - 1 for name, unit in play.world.units.items()}
    for name, boots in reboots.items():  # into the new slot and back
        assert boots <= play.rows[name].attempt * (2 if play.rows[name].release else 1)


@given(plays(), st.integers(1, 40))
@settings(deadline=None, max_examples=100)
def test_the_incremental_board_decides_as_one_that_is_loaded_anew(play: Play, ticks: int) -> None:
    for _ in range(ticks):
        if play.row.status.is_end:
            break
        play.tick()
    anew = Board(play.row, list(play.rows.values()))
    anew.observing = set(play.board.observing)
    anew.gateways_down = dict(play.board.gateways_down)
    anew.parked = dict(play.board.parked)
    anew.at_gate = {site: dict(units) for site, units in play.board.at_gate.items()}
    anew.waits = deepcopy(play.board.waits)
    anew.staging_parked = dict(play.board.staging_parked)
    anew.staging_waits = deepcopy(play.board.staging_waits)
    now, around = play.world.clock.now(), play.around()
    assert decide(anew, Inputs(), now, play.epoch, around) == decide(play.board, Inputs(), now, play.epoch, around)


@given(plays())
@settings(deadline=None, max_examples=50)
def test_a_rollout_that_stands_still_says_why(play: Play) -> None:
    play.run()
    if play.row.status is Status.HALTED:
        assert "limit" in play.row.reason
        assert any(row.phase is not Phase.SUCCEEDED for row in play.rows.values())
