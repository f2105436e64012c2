"""`decide`, played against units that misbehave: what a rollout promises, one test a promise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetctl.core.facts import Cause
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.admission import why
from fleetctl.core.rollout.state import (
    Action,
    CommandHandled,
    CommandKind,
    Ending,
    Noted,
    Phase,
    Status,
    StepEnded,
    StepIntended,
    StepKind,
)
from tests.builders.play import Play, building, progress
from tests.builders.world import FakeUnit, FakeWorld


def phases(play: Play) -> dict[str, Phase]:
    return {name: row.phase for name, row in play.rows.items()}


def test_every_unit_is_configured_and_verified() -> None:
    play = building(6)
    assert play.run() is Status.SUCCEEDED
    assert {unit.config for unit in play.world.units.values()} == {"new"}
    assert not play.world.done_twice()


def test_at_most_the_window_is_under_way() -> None:
    play = building(20, policy=Policy("p", max_in_progress=3))
    play.run()
    assert play.world.most_at_once == 3


def test_a_gateway_goes_alone_and_before_its_units() -> None:
    play = building(4)
    play.run()
    units = [step.unit for step in play.world.submitted]
    assert units.index("s/r01") > max(n for n, unit in enumerate(units) if unit == "s/gw")


def test_every_intent_is_committed_before_its_step_and_gets_an_outcome() -> None:
    play = building(3)

    def committed_before(step: object) -> None:
        assert step in [change.step for change in play.log if isinstance(change, StepIntended)]

    play.world.before_step = committed_before
    play.run()
    intended = {change.step.id for change in play.log if isinstance(change, StepIntended)}
    assert intended == {change.result.step.id for change in play.log if isinstance(change, StepEnded)}


def test_unreachable_unit_counts_as_failure() -> None:
    play = building(3, policy=Policy("p", max_in_progress=1, max_failed=0, retries=0))
    play.world.units["s/r01"].reachable = False
    assert play.run() is Status.HALTED
    assert play.rows["s/r01"].cause is Cause.UNREACHABLE
    assert play.row.reason == "1 of 4 failed, limit 0"


@pytest.mark.parametrize(("word", "phase"), [("skip", Phase.SKIPPED), ("defer", Phase.DEFERRED)])
def test_unreachable_may_be_skipped_or_deferred_and_is_not_a_failure(word: str, phase: Phase) -> None:
    play = building(3, policy=Policy("p", max_failed=0, retries=0, unreachable=word, defer_for_s=0))
    play.world.units["s/r01"].reachable = False
    assert play.run() is Status.SUCCEEDED
    assert play.rows["s/r01"].phase is phase


def test_the_denominator_is_the_frozen_set() -> None:
    play = building(4, policy=Policy("p", max_failed=1, retries=0, unreachable="skip", max_in_progress=1))
    play.world.units["s/r01"].reachable = False
    play.world.units["s/r02"].endings = [Ending.REFUSED]
    play.world.units["s/r03"].endings = [Ending.REFUSED]
    assert play.run() is Status.HALTED
    assert play.row.reason == "2 of 5 failed, limit 1"


@pytest.mark.parametrize("answers", [True, False])
def test_a_unit_that_restored_itself_before_it_could_be_verified_is_rolled_back(answers: bool) -> None:
    play = building(1, policy=Policy("p", retries=3))
    while not any(s.unit == "s/r01" and s.kind is StepKind.VERIFY for s in play.world.submitted):
        play.tick()
    play.world.units["s/r01"].drop_steps = 0 if answers else 1
    play.world.units["s/r01"].config = "old"
    assert play.run() is Status.FAILED
    assert play.rows["s/r01"].phase is Phase.ROLLED_BACK


@pytest.mark.parametrize(("percent", "status"), [(20.0, Status.HALTED), (60.0, Status.FAILED)])
def test_a_share_is_of_the_frozen_set_and_needs_enough_executed_units(percent: float, status: Status) -> None:
    limits = Policy("p", max_failed=9, max_failed_percent=percent, min_executed=4, retries=0, max_in_progress=1)
    play = building(9, policy=limits)
    for number in range(1, 6):
        play.world.units[f"s/r{number:02}"].endings = [Ending.REFUSED]
    assert play.run() is status
    assert play.row.reason.startswith("3 of 10 failed (30.0 %), limit 20 %" if percent == 20.0 else "5 of 10 failed")


def test_a_rolled_back_unit_counts_as_failed_and_is_not_retried() -> None:
    play = building(2)
    play.world.units["s/r01"].endings = [Ending.ROLLED_BACK]
    assert play.run() is Status.FAILED
    assert play.rows["s/r01"].phase is Phase.ROLLED_BACK
    assert play.rows["s/r01"].attempt == 1


def test_a_failed_try_is_retried_with_a_pause() -> None:
    play = building(1, policy=Policy("p", retries=1))
    play.world.units["s/r01"].endings = [Ending.FAILED]
    started_s = play.world.clock.at_s
    assert play.run() is Status.SUCCEEDED
    assert play.rows["s/r01"].attempt == 2
    assert play.world.clock.at_s - started_s >= 5.0


def test_a_dead_gateway_is_one_failure_and_its_units_wait_for_it() -> None:
    limits = Policy("p", max_in_progress=2, max_failed=0, retries=3, step_timeout_s=30, unit_timeout_s=600)
    play = building(5, policy=limits)
    while play.rows["s/r01"].phase is Phase.PENDING:
        play.tick()
    play.world.gateways_down.add("s/gw")
    for _ in range(60):
        play.tick()
    assert play.row.status is Status.RUNNING
    assert play.board.gateways_down.keys() == {"s/gw"}
    assert "gateway s/gw does not answer" in why(play.board, "s/r05", play.world.clock.now(), play.around())
    play.world.gateways_down.clear()
    assert play.run() is Status.SUCCEEDED


def test_a_unit_that_never_answers_again_is_timed_out_not_forgotten() -> None:
    play = building(2, policy=Policy("p", max_failed=5, retries=0, step_timeout_s=20, unit_timeout_s=60))
    play.world.units["s/r01"].reboots_after_configure = True
    play.world.units["s/r01"].stays_down = True
    assert play.run() is Status.FAILED
    assert play.rows["s/r01"].phase is Phase.FAILED
    assert "rebooting lasted longer than" in play.rows["s/r01"].reason


def test_a_lost_outcome_is_observed_first_and_not_repeated_when_it_was_done() -> None:
    play = building(1)
    play.world.units["s/r01"].lose_outcomes = 1
    assert play.run() is Status.SUCCEEDED
    done = play.world.units["s/r01"].done
    assert sum(1 for step in play.world.submitted if step.unit == "s/r01" and step.kind is StepKind.CONFIGURE) == 1
    assert all(count == 1 for count in done.values())


def test_a_step_that_never_arrived_is_observed_and_then_tried_again() -> None:
    play = building(1)
    play.world.units["s/r01"].drop_steps = 1
    assert play.run() is Status.SUCCEEDED
    first, second = [s for s in play.world.submitted if s.unit == "s/r01" and s.kind is StepKind.CONFIGURE]
    assert (first.attempt, second.attempt) == (1, 2)
    assert play.world.probed["s/r01"] >= 1


def test_a_reboot_is_done_once_and_proved_by_a_new_boot_id() -> None:
    play = building(2)
    for name in ("s/r01", "s/r02"):
        play.world.units[name].reboots_after_configure = True
    play.world.units["s/r02"].lose_outcomes = 0
    assert play.run() is Status.SUCCEEDED
    assert [play.world.units[n].boot for n in ("s/r01", "s/r02")] == [2, 2]


def test_a_lost_reboot_outcome_does_not_reboot_twice() -> None:
    play = building(1)
    unit = play.world.units["s/r01"]
    unit.reboots_after_configure = True
    while not any(s.kind is StepKind.REBOOT for s in play.world.submitted):
        play.tick()
    unit.lose_outcomes = 1
    assert play.run() is Status.SUCCEEDED
    assert unit.boot == 2


def test_a_plan_that_only_reboots_records_the_boot_id_first() -> None:
    world = FakeWorld([FakeUnit("s/r01", config="new", reboot_needed=True)])
    play = Play(world, [progress("s/r01", actions=[Action.REBOOT])])
    assert play.run() is Status.SUCCEEDED
    assert world.units["s/r01"].boot == 2
    assert world.submitted[0].kind is StepKind.REBOOT


def test_pause_stops_new_starts_and_resume_goes_on() -> None:
    play = building(8, policy=Policy("p", max_in_progress=2))
    while play.board.in_progress == 0:
        play.tick()
    play.tell(CommandKind.PAUSE)
    assert play.run() is Status.PAUSED
    assert Phase.PENDING in phases(play).values()
    play.tell(CommandKind.RESUME)
    play.tick()
    assert play.run() is Status.SUCCEEDED


def test_abort_cancels_what_waits_and_ends_what_runs() -> None:
    play = building(8, policy=Policy("p", max_in_progress=2))
    while play.board.in_progress == 0:
        play.tick()
    play.tell(CommandKind.ABORT)
    assert play.run() is Status.ABORTED
    assert set(phases(play).values()) == {Phase.SUCCEEDED, Phase.CANCELLED}


def test_abort_works_in_any_state() -> None:
    play = building(3, policy=Policy("p", max_failed=0, retries=0, max_in_progress=1))
    play.world.units["s/r01"].endings = [Ending.REFUSED]
    assert play.run() is Status.HALTED
    play.tell(CommandKind.ABORT)
    play.tick()
    assert play.run() is Status.ABORTED


def test_resume_of_a_halted_rollout_tolerates_what_failed_and_counts_anew() -> None:
    play = building(5, policy=Policy("p", max_failed=0, retries=0, max_in_progress=1))
    play.world.units["s/r01"].endings = [Ending.REFUSED]
    play.world.units["s/r03"].endings = [Ending.REFUSED]
    assert play.run() is Status.HALTED
    play.tell(CommandKind.RESUME)
    play.tick()
    assert play.run() is Status.HALTED
    assert play.row.reason == "1 of 6 failed, limit 0, 1 tolerated before"


def test_retry_failed_tries_only_those() -> None:
    play = building(4, policy=Policy("p", max_failed=2, retries=0))
    play.world.units["s/r02"].endings = [Ending.REFUSED]
    assert play.run() is Status.FAILED
    before = len(play.world.submitted)
    play.tell(CommandKind.RETRY)
    play.tick()
    assert play.run() is Status.SUCCEEDED
    assert {step.unit for step in play.world.submitted[before:]} == {"s/r02"}


@pytest.mark.parametrize("kind", [CommandKind.PAUSE, CommandKind.RESUME, CommandKind.ABORT])
def test_a_command_that_cannot_be_followed_gets_an_answer(kind: CommandKind) -> None:
    play = building(1)
    play.run()
    play.tell(kind)
    play.tick()
    answers = [change.answer for change in play.log if isinstance(change, CommandHandled)]
    assert answers == [f"cannot {kind.value} a rollout that is succeeded"]


def test_every_end_is_in_the_event_log() -> None:
    play = building(3)
    play.world.units["s/r02"].endings = [Ending.ROLLED_BACK]
    play.run()
    ends = {
        change.unit: change.what
        for change in play.log
        if isinstance(change, Noted) and change.what != "attempt-started"
    }
    assert ends["s/r02"] == "unit-rolled-back"
    assert ends["s/r01"] == "unit-succeeded"
    assert ends[""] == "rollout-failed"


def test_why_names_the_reason_that_the_scheduler_used() -> None:
    play = building(4, policy=Policy("p", max_in_progress=1))
    while play.rows["s/r01"].phase is Phase.PENDING:
        decision = play.tick()
    assert decision.reasons["s"] == "1 of at most 1 units are under way"
    assert why(play.board, "s/r03", play.world.clock.now(), play.around()) == decision.reasons["s"]
    assert why(play.board, "s/r03", play.world.clock.now(), play.around()) == "1 of at most 1 units are under way"


def test_another_rollout_on_the_same_site_is_waited_for() -> None:
    play = building(2)
    elsewhere = replace(play.around(), held={"s": "r9"})
    assert why(play.board, "s/r01", play.world.clock.now(), elsewhere) == "rollout r9 works on site s"
