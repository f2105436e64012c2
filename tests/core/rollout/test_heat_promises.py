"""What a rollout promises about heat, drains and gates, played against units and rooms that misbehave."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.policy import AtMost, Drain, Policy, Window
from fleetctl.core.rollout.admission import why
from fleetctl.core.rollout.holds import Hold, Override
from fleetctl.core.rollout.state import (
    Action,
    CommandKind,
    Noted,
    Phase,
    SitesHalted,
    Status,
    StepIntended,
    StepKind,
    UnitChanged,
)
from tests.builders.play import Play, building
from tests.builders.world import START

QUICK = Policy("p", retries=0, max_failed=9, max_sites_halted=9, step_timeout_s=30, gate_wait_s=60)


def rebooting(units: int = 3, policy: Policy = QUICK, *, one_dwelling: bool = False) -> Play:
    """Return a rollout whose radiators all need a reboot."""
    play = building(units, policy=policy)
    for row in list(play.rows.values()):
        if row.kind is not Kind.GATEWAY:
            play.rows[row.unit] = replace(row, actions=(Action.CONFIGURE, Action.REBOOT))
    play.start_controller()
    for name, unit in play.world.units.items():
        unit.reboots_after_configure = not name.endswith("/gw")
        if one_dwelling and not name.endswith("/gw"):
            play.surroundings.dwelling_of[name] = "home"
    return play


def intended(play: Play, kind: StepKind) -> list[str]:
    return [c.step.unit for c in play.log if isinstance(c, StepIntended) and c.step.kind is kind]


def until(play: Play, unit: str, phase: Phase) -> None:
    for _ in range(3000):
        if play.rows[unit].phase is phase:
            return
        play.tick()
    raise AssertionError(f"{unit} is {play.rows[unit].phase}, {play.rows[unit].reason}")


def notes(play: Play, what: str) -> list[str]:
    return [change.text for change in play.log if isinstance(change, Noted) and change.what == what]


def test_heat_is_interrupted_in_the_same_commit_in_which_the_down_gate_was_passed() -> None:
    play = rebooting()
    assert play.run() is Status.SUCCEEDED
    downs = {c.progress.unit for c in play.log if isinstance(c, UnitChanged) and c.progress.down}
    for number, change in enumerate(play.log):
        if isinstance(change, StepIntended) and change.step.kind is StepKind.REBOOT and change.step.unit != "s/gw":
            before = play.log[number - 1]
            assert isinstance(before, UnitChanged)
            assert before.progress.down
            assert before.progress.step == change.step
    assert downs == {"s/r01", "s/r02", "s/r03"}


def test_the_next_unit_of_a_dwelling_waits_for_health_and_heat() -> None:
    play = rebooting(3, one_dwelling=True)
    most = 0
    while not play.row.status.is_end:
        play.tick()
        most = max(most, sum(row.down for row in play.rows.values()))
    assert play.row.status is Status.SUCCEEDED
    assert most == 1


def test_the_arithmetic_of_the_heat_guard_is_in_the_log() -> None:
    play = rebooting(1)
    play.run()
    text = next(text for text in notes(play, "unit-reboots") if "G1" in text)
    assert "°C" in text
    assert "needed" in text


def test_a_unit_that_comes_back_without_heat_is_rolled_back_and_stops_its_site() -> None:
    play = rebooting(4, replace(QUICK, max_in_progress=1, max_sites_halted=0))
    play.world.units["s/r01"].config = "old"
    play.world.units["s/r01"].cold_after_reboot = True
    assert play.run() is Status.HALTED
    assert play.rows["s/r01"].phase is Phase.ROLLED_BACK
    assert play.world.units["s/r01"].config == "old"
    assert play.rows["s/r02"].phase is Phase.PENDING
    assert "s/r01: back without heat" in play.row.reason
    assert play.row.reason.startswith("1 sites halted, limit 0")


def test_a_zone_that_fell_after_we_touched_it_stops_its_site() -> None:
    play = rebooting(3, replace(QUICK, max_in_progress=1, soak_samples=2, soak_every_s=0.5))
    play.world.units["s/r03"].jobs = 1  # it is still being drained when the room of the first one falls
    until(play, "s/r01", Phase.SOAKING)
    play.world.units["s/r01"].temperature_c = 16.5
    while not (halted := [c for c in play.log if isinstance(c, SitesHalted)]):
        play.tick()
    assert "G12" in halted[-1].sites["s"]
    for _ in range(50):
        play.tick()
    play.world.units["s/r03"].jobs = 0
    assert play.world.units["s/r03"].boot == 1
    assert "is halted: G12" in why(play.board, "s/r03", play.world.clock.now(), play.around())


def test_a_zone_that_was_cold_before_is_not_counted() -> None:
    play = rebooting(1, replace(QUICK, soak_samples=2, soak_every_s=5))
    play.overrides = [override(f"G{number}") for number in (1, 6)]
    play.world.units["s/r01"].temperature_c = 15.0
    assert play.run() is Status.SUCCEEDED
    assert not [c for c in play.log if isinstance(c, SitesHalted)]


def test_a_drained_unit_waits_a_bounded_time_at_the_down_gate_then_is_undrained_and_deferred() -> None:
    play = rebooting(1, replace(QUICK, defer_for_s=0))
    unit = play.world.units["s/r01"]
    unit.jobs = 1
    until(play, "s/r01", Phase.DRAINING)
    while not unit.drained_by:
        play.tick()
    unit.jobs = 0
    unit.temperature_c = 17.0  # now the room is too cold to take its heat away
    assert play.run() is Status.SUCCEEDED
    assert play.rows["s/r01"].phase is Phase.DEFERRED
    assert "not let through the down gate for 60 s: G1" in play.rows["s/r01"].reason
    assert unit.drained_by == ""
    assert unit.boot == 1


def test_running_jobs_are_waited_for_and_heat_is_kept() -> None:
    play = rebooting(1)
    unit = play.world.units["s/r01"]
    unit.jobs = 2
    until(play, "s/r01", Phase.DRAINING)
    for _ in range(10):
        play.tick()
    assert (unit.drained_by, unit.boot, unit.power_w) == ("fleetctl r1", 1, 600.0)
    unit.jobs = 0
    assert play.run() is Status.SUCCEEDED
    assert (unit.drained_by, unit.boot, unit.jobs_lost) == ("", 2, 0)


@pytest.mark.parametrize(("jobs", "lost", "phase"), [("cancel", 2, Phase.SUCCEEDED), ("defer", 0, Phase.DEFERRED)])
def test_past_the_deadline_jobs_are_ended_or_the_unit_is_deferred_as_the_policy_says(
    jobs: str, lost: int, phase: Phase
) -> None:
    play = rebooting(1, replace(QUICK, drain=Drain(60, jobs), defer_for_s=0))
    play.world.units["s/r01"].jobs = 2
    assert play.run() is Status.SUCCEEDED
    assert play.rows["s/r01"].phase is phase
    assert play.world.units["s/r01"].jobs_lost == lost
    assert play.world.units["s/r01"].drained_by == ""


@pytest.mark.parametrize("looks", [0, 10])
def test_jobs_under_a_drain_of_others_are_not_ended_the_unit_is_deferred(looks: int) -> None:
    play = rebooting(1, replace(QUICK, drain=Drain(60, "cancel"), defer_for_s=0))
    unit = play.world.units["s/r01"]
    unit.jobs = 2
    if looks:
        until(play, "s/r01", Phase.DRAINING)
    for _ in range(looks):
        play.tick()
    unit.drained_by = "bob watches these jobs"  # from the beginning, or he takes our drain over
    assert play.run() is Status.SUCCEEDED
    assert play.rows["s/r01"].phase is Phase.DEFERRED
    assert "drained by others: bob watches these jobs" in play.rows["s/r01"].reason
    assert (unit.jobs, unit.jobs_lost, unit.boot, unit.drained_by) == (2, 0, 1, "bob watches these jobs")


def test_only_a_drain_that_we_own_is_undone_never_a_persons() -> None:
    play = rebooting(1)
    unit = play.world.units["s/r01"]
    unit.jobs, unit.drained_by = 0, "bob repairs the fan"
    assert play.run() is Status.SUCCEEDED
    assert unit.drained_by == "bob repairs the fan"
    assert not intended(play, StepKind.DRAIN)


def test_units_do_not_stay_drained_after_a_failure() -> None:
    play = rebooting(1)
    unit = play.world.units["s/r01"]
    unit.jobs, unit.config, unit.cold_after_reboot = 0, "old", True
    assert play.run() in {Status.FAILED, Status.HALTED}
    assert play.rows["s/r01"].phase is Phase.ROLLED_BACK
    assert unit.drained_by == ""


def test_a_pause_lets_drained_units_go_before_their_reboot() -> None:
    play = rebooting(2)
    play.world.units["s/r01"].jobs = 3
    until(play, "s/r01", Phase.DRAINING)
    while not play.world.units["s/r01"].drained_by:
        play.tick()
    play.tell(CommandKind.PAUSE)
    assert play.run() is Status.PAUSED
    assert play.world.units["s/r01"].drained_by == ""
    assert play.rows["s/r01"].phase is Phase.PENDING
    play.world.units["s/r01"].jobs = 0
    play.tell(CommandKind.RESUME)
    play.tick()
    assert play.run() is Status.SUCCEEDED
    assert intended(play, StepKind.CONFIGURE).count("s/r01") == 1  # nothing is done twice


def test_unknown_telemetry_refuses_and_is_observed_first() -> None:
    play = rebooting(1)
    while play.rows["s/r01"].phase is Phase.PENDING:
        decision = play.tick()
        if "s/r01" in decision.observe:
            assert "G8" in decision.reasons["s"]
            break
    else:
        raise AssertionError("it was started without being observed")
    assert play.run() is Status.SUCCEEDED


def test_a_hold_stops_new_starts_at_once_and_is_the_reason() -> None:
    play = rebooting(3)
    play.holds = [Hold(7, "s/r02", "ann", "baby at home", START)]
    for _ in range(200):
        play.tick()
    assert play.rows["s/r02"].phase is Phase.PENDING
    assert {play.rows[u].phase for u in ("s/r01", "s/r03")} == {Phase.SUCCEEDED}
    assert "held by ann: baby at home" in why(play.board, "s/r02", play.world.clock.now(), play.around())
    play.holds = []
    assert play.run() is Status.SUCCEEDED


def override(rule: str, actor: str = "ann") -> Override:
    return Override(1, rule, "*", actor, "agreed by phone", START, START + timedelta(hours=8))


@pytest.mark.parametrize(("actor", "boots"), [("ann", 2), ("operator", 1)])
def test_an_override_binds_only_if_another_person_than_the_starter_gave_it(actor: str, boots: int) -> None:
    play = rebooting(1)
    play.world.units["s/r01"].temperature_c = 17.0
    play.overrides = [override("G1", actor), override("G6", actor)]
    for _ in range(300):
        play.tick()
    assert play.world.units["s/r01"].boot == boots


def test_outside_its_window_nothing_starts_and_inside_it_does() -> None:
    window = Window(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 22 * 60, 5 * 60)  # it is 18:00
    play = rebooting(2, replace(QUICK, windows=(window,)))
    for _ in range(20):
        decision = play.tick()
    assert not play.world.submitted
    assert "outside the windows; opens" in decision.reasons["s"]
    play.world.clock.advance(4 * 3600)
    assert play.run() is Status.SUCCEEDED


def test_a_reboot_that_does_not_fit_into_what_is_left_of_the_window_waits() -> None:
    window = Window(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 17 * 60, 18 * 60 + 3)  # three minutes are left
    play = rebooting(1, replace(QUICK, windows=(window,), defer_for_s=0))
    play.run()
    assert play.world.units["s/r01"].boot == 1
    assert "min left, 4 min needed" in play.rows["s/r01"].reason


def test_a_cap_on_the_whole_fleet_is_never_broken() -> None:
    play = rebooting(6, replace(QUICK, max_unavailable=AtMost(fleet=2)))
    most = 0
    while not play.row.status.is_end:
        play.tick()
        most = max(most, sum(row.down for row in play.rows.values()))
    assert play.row.status is Status.SUCCEEDED
    assert most == 2


def test_a_site_that_the_inventory_has_no_more_is_not_touched() -> None:
    play = rebooting(2)
    play.surroundings.lost.add("s")
    play.run()
    assert all(unit.boot == 1 for unit in play.world.units.values())
    assert "not in the inventory any more" in play.rows["s/r01"].reason


def test_a_halted_wave_is_reverted_if_the_policy_says_so() -> None:
    play = rebooting(4, replace(QUICK, max_in_progress=1, max_failed=0, on_failure="revert"))
    for unit in play.world.units.values():
        unit.config = "old"
    play.world.units["s/r03"].stays_down = True
    assert play.run() is Status.HALTED
    assert {play.world.units[u].config for u in ("s/gw", "s/r01", "s/r02")} == {"old"}
    assert {play.rows[u].phase for u in ("s/gw", "s/r01", "s/r02")} == {Phase.ROLLED_BACK}
    assert play.rows["s/r04"].phase is Phase.PENDING


def test_a_deferred_unit_is_tried_again_at_the_end_and_is_listed_if_it_never_answers() -> None:
    policy = replace(QUICK, unreachable="defer", defer_for_s=600, defer_every_s=60)
    play = rebooting(3, policy)
    play.world.units["s/r01"].reachable = False
    play.world.units["s/r02"].reachable = False
    until(play, "s/r03", Phase.SUCCEEDED)
    until(play, "s/r01", Phase.DEFERRED)
    play.world.units["s/r01"].reachable = True
    assert play.run() is Status.FAILED
    assert play.rows["s/r01"].phase is Phase.SUCCEEDED
    assert play.rows["s/r02"].phase is Phase.FAILED
    assert "its deferral of 600 s has ended" in play.rows["s/r02"].reason


def test_a_rollout_whose_last_units_cannot_start_ends_and_lists_them_with_the_reason() -> None:
    play = rebooting(2, replace(QUICK, defer_for_s=600))
    play.holds = [Hold(7, "s/r02", "ann", "baby at home", START)]
    assert play.run() is Status.SUCCEEDED
    assert play.rows["s/r02"].phase is Phase.DEFERRED
    assert play.rows["s/r02"].reason.startswith("it could not start for 600 s: s/r02 is held by ann: baby at home")


def test_units_of_a_halted_site_are_left_for_later_so_that_the_other_sites_go_on() -> None:
    play = rebooting(4, replace(QUICK, max_in_progress=1, defer_for_s=600))
    play.world.units["s/r01"].config = "old"
    play.world.units["s/r01"].cold_after_reboot = True
    assert play.run() is Status.FAILED
    assert {play.rows[f"s/r{n:02}"].phase for n in (2, 3, 4)} == {Phase.DEFERRED}
    assert "site s is halted: G12" in play.rows["s/r02"].reason
    assert {play.world.units[f"s/r{n:02}"].boot for n in (2, 3, 4)} == {1}


def test_heat_that_a_configuration_interrupts_passes_the_gate_with_its_arithmetic_in_the_log() -> None:
    play = building(1)
    play.rows["s/r01"] = replace(play.rows["s/r01"], interrupts=True)
    play.start_controller()
    assert play.run() is Status.SUCCEEDED
    assert "G1" in notes(play, "heat-interrupted")[0]
