"""Updates: staged and installed ahead of any interruption, booted through the down gate, and left again if not well."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fleetctl.core.facts import Cause
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.policy import AtMost, Drain, Policy, Staging, Wave, Window
from fleetctl.core.releases.freshness import Signed
from fleetctl.core.rollout.admission import why
from fleetctl.core.rollout.holds import Hold
from fleetctl.core.rollout.state import CommandKind, Noted, Phase, Progress, Status, Step, StepKind, UnitChanged
from tests.builders.play import Play, update, updating
from tests.builders.world import START, FakeUnit, FakeWorld

EXPIRED = "the releases' signed metadata expired"
LENIENT = Policy("lenient", max_in_progress=4, max_failed=99, retries=1, backoff_s=1.0)


def run(play: Play) -> Status:
    play.world.least_s = 1.0
    return play.run()


def phases(play: Play, unit: str = "s/r01") -> list[Phase]:
    """Return the phases that a unit went through, each once in a row."""
    rows = [c.progress.phase for c in play.log if isinstance(c, UnitChanged) and c.progress.unit == unit]
    return [phase for n, phase in enumerate(rows) if n == 0 or rows[n - 1] is not phase]


def steps(play: Play, unit: str = "s/r01") -> list[StepKind]:
    return [step.kind for step in play.world.submitted if step.unit == unit]


def the(play: Play, kind: StepKind) -> Step:
    return next(step for step in play.world.submitted if step.kind is kind)


def notes(play: Play, what: str) -> list[str]:
    return [c.text for c in play.log if isinstance(c, Noted) and c.what == what]


def row(play: Play, unit: str = "s/r01") -> Progress:
    return play.rows[unit]


def unit(play: Play, name: str = "s/r01") -> FakeUnit:
    return play.world.units[name]


# --- the way that is meant ----------------------------------------------------------------------------------------


def test_a_unit_is_staged_installed_and_then_waits_its_turn_to_reboot_into_the_other_slot() -> None:
    play = updating(1)
    assert run(play) is Status.SUCCEEDED
    assert phases(play) == [
        Phase.STAGING,
        Phase.INSTALLING,
        Phase.PENDING,
        Phase.DRAINING,
        Phase.REBOOTING,
        Phase.VERIFYING,
        Phase.SUCCEEDED,
    ]
    assert steps(play) == [StepKind.STAGE, StepKind.INSTALL, StepKind.REBOOT, StepKind.VERIFY]
    assert (unit(play).slots.version, unit(play).slots.booted, unit(play).config) == ("2", "B", "old")


def test_steps_say_what_they_bring_and_what_they_activate() -> None:
    play = updating(1, policy=replace(LENIENT, staging=Staging(rate_bytes_per_s=7)))
    run(play)
    stage, install, reboot = (the(play, kind) for kind in (StepKind.STAGE, StepKind.INSTALL, StepKind.REBOOT))
    assert (stage.release, stage.bundle, stage.bundle_bytes, stage.rate_bytes_per_s) == ("2", "b" * 64, 100, 7)
    assert (install.release, install.bundle, install.slot) == ("2", "b" * 64, "")
    assert (reboot.slot, reboot.release, reboot.bundle) == ("B", "", "")


def test_a_config_goes_with_the_bundle_and_is_active_in_the_new_slot_only() -> None:
    play = updating(1, config=True)
    assert run(play) is Status.SUCCEEDED
    assert StepKind.CONFIGURE not in steps(play)
    assert the(play, StepKind.STAGE).config_digest == "new"
    assert (unit(play).config, unit(play).slots.other_config) == ("new", "old")


def test_without_another_config_the_new_slot_takes_over_the_present_one() -> None:
    play = updating(1)
    run(play)
    assert the(play, StepKind.STAGE).config_digest == ""
    assert unit(play).config == "old"


def test_a_unit_that_runs_the_release_already_is_left_alone() -> None:
    play = updating(1)
    unit(play).slots.version, unit(play).slots.booted = "2", "B"
    assert run(play) is Status.SUCCEEDED
    assert (StepKind.REBOOT in steps(play), StepKind.INSTALL in steps(play), unit(play).boot) == (False, False, 1)


def test_what_is_installed_already_is_not_installed_again() -> None:
    play = updating(1)
    play.tell(CommandKind.ABORT)
    first = the_installed(play)
    again = Play(play.world, [replace(update("s/r01", gateway="gw"))], LENIENT)
    assert run(again) is Status.SUCCEEDED
    assert (first, steps(again).count(StepKind.INSTALL)) == (Phase.CANCELLED, 1)


def the_installed(play: Play) -> Phase:
    """Let a rollout install, and abort it while it does."""
    unit(play).slots.install_s = 20.0
    play.commands.clear()
    while row(play).phase is not Phase.INSTALLING:
        play.tick()
    play.tell(CommandKind.ABORT)
    assert run(play) is Status.ABORTED
    assert row(play).reason == "aborted: 2 is installed in slot B and not activated"
    return row(play).phase


def test_a_gateway_is_updated_alone_and_stages_beside_its_units() -> None:
    world = FakeWorld([FakeUnit("s/gw", config="old"), *(FakeUnit(f"s/r{n}", "s/gw", config="old") for n in (1, 2))])
    rows = [update("s/gw", kind=Kind.GATEWAY), *(update(f"s/r{n}", gateway="gw") for n in (1, 2))]
    play = Play(world, rows)
    alone: list[bool] = []
    world.before_step = lambda step: (
        alone.append(len(world.open_steps) == 0) if step.kind is StepKind.REBOOT and step.unit == "s/gw" else None
    )
    assert run(play) is Status.SUCCEEDED
    assert alone == [True]
    assert [step.unit for step in world.submitted if step.kind is StepKind.STAGE] == ["s/gw", "s/r1", "s/r2"]
    assert all(each.slots.booted == "B" for each in world.units.values())


# --- what it needs, and what it does not --------------------------------------------------------------------------


def night() -> Policy:
    """Return a policy whose window opens at 22:00; the world begins at 18:00."""
    everyday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return replace(LENIENT, windows=(Window(everyday, 22 * 60, 24 * 60),))


def test_staging_needs_no_window_and_the_reboot_does() -> None:
    play = updating(2, policy=night())
    play.world.least_s = 60.0
    began: dict[StepKind, float] = {}

    def begin(step: Step) -> None:
        began.setdefault(step.kind, play.world.clock.at_s)

    play.world.before_step = begin
    assert play.run() is Status.SUCCEEDED
    opens_s = 1000.0 + 4 * 3600
    assert began[StepKind.STAGE] < began[StepKind.INSTALL] < opens_s <= began[StepKind.REBOOT]


def test_an_installed_unit_says_that_it_waits_for_its_window() -> None:
    play = updating(1, policy=night())
    while not row(play).installed:
        play.tick()
    text = why(play.board, "s/r01", play.world.clock.now(), play.around())
    assert "22:00" in text
    assert "2 is installed in slot B and not activated" in text


def test_staging_takes_no_heat_and_no_place_and_has_a_cap_of_its_own() -> None:
    policy = replace(
        LENIENT,
        max_in_progress=1,
        max_unavailable=AtMost(fleet=1),
        staging=Staging(max_in_progress=3),
    )
    play = updating(5, policy=policy)
    most = 0
    for each in play.world.units.values():
        each.slots.bytes_per_s = 5.0
    play.world.least_s = 1.0
    while not play.row.status.is_end:
        play.tick()
        most = max(most, play.board.staging)
    assert (play.row.status, most) == (Status.SUCCEEDED, 3)


def test_a_full_cap_says_how_many_stage() -> None:
    play = updating(2, policy=replace(LENIENT, staging=Staging(max_in_progress=1)))
    play.tick()
    assert "1 of at most 1 units stage or install" in why(play.board, "s/r02", play.world.clock.now(), play.around())


def test_a_held_unit_does_not_stage_and_others_do() -> None:
    play = updating(2)
    play.holds.append(Hold(1, "s/r01", "ada", "guests", START))
    for _ in range(40):
        play.tick()
    assert (row(play).phase, row(play, "s/r02").phase) == (Phase.PENDING, Phase.SUCCEEDED)
    assert "guests" in why(play.board, "s/r01", play.world.clock.now(), play.around())


def test_a_later_wave_does_not_stage_before_it_is_open() -> None:
    waves = (Wave("one", units=1), Wave("two"))
    play = updating(2, waves=waves)
    play.rows["s/r02"] = replace(row(play, "s/r02"), wave=1)
    play.start_controller()
    while row(play).phase is not Phase.SUCCEEDED:
        play.tick()
        assert row(play, "s/r02").phase is Phase.PENDING or row(play).phase is Phase.SUCCEEDED
    assert run(play) is Status.SUCCEEDED


# --- slow, cut, refused -------------------------------------------------------------------------------------------


def test_a_slow_line_is_no_failure_as_long_as_something_arrives() -> None:
    play = updating(1, policy=replace(LENIENT, staging=Staging(timeout_s=60.0), retries=0, unit_timeout_s=100.0))
    unit(play).slots.bytes_per_s, unit(play).slots.install_s = 0.1, 500.0
    assert run(play) is Status.SUCCEEDED
    assert play.world.clock.at_s > 1000 + 1500


def test_where_nothing_arrives_any_more_the_try_ends_and_the_unit_stays_warm() -> None:
    play = updating(1, policy=replace(LENIENT, staging=Staging(timeout_s=60.0), retries=0))
    unit(play).slots.bytes_per_s = 0.001
    assert run(play) is Status.FAILED
    assert row(play).reason == "staging lasted longer than 60 s (0.0 of 0.0 MB are staged)"
    assert (row(play).cause, unit(play).boot) == (Cause.TIMED_OUT, 1)


def test_a_power_cut_in_mid_staging_and_in_mid_install_costs_no_try() -> None:
    play = updating(1, policy=replace(LENIENT, retries=0))
    slots = unit(play).slots
    slots.bytes_per_s, slots.install_s = 1.0, 60.0
    play.world.least_s = 1.0
    while not play.row.status.is_end:
        play.tick()
        half = slots.staged is not None and 40 < slots.staged.received_bytes < 60 and unit(play).boot == 1
        if half or (unit(play).boot == 2 and slots.installed is not None and 40 < slots.installed.percent < 60):
            unit(play).lose_power()
    assert (play.row.status, unit(play).boot) == (Status.SUCCEEDED, 4)
    assert steps(play).count(StepKind.STAGE) == steps(play).count(StepKind.INSTALL) == 2
    assert notes(play, "unit-resumes") == ["it was cut short", "it was cut short"]


def test_a_unit_that_refuses_a_bundle_has_failed_and_was_not_touched() -> None:
    play = updating(1, policy=LENIENT)
    unit(play).slots.refusal = "no room for 100 bytes"
    assert run(play) is Status.FAILED
    assert (row(play).cause, unit(play).boot, row(play).down_since) == (Cause.REFUSED, 1, None)


def test_an_installation_that_fails_is_tried_again_and_then_given_up() -> None:
    play = updating(1, policy=LENIENT)
    unit(play).slots.fails = "RAUC: no space left"
    assert run(play) is Status.FAILED
    assert (row(play).cause, row(play).reason) == (Cause.NOT_STAGED, "RAUC: no space left")
    assert steps(play).count(StepKind.INSTALL) == 2
    assert unit(play).slots.booted == "A"


@pytest.mark.parametrize("field", ["lose_outcomes", "drop_steps"])
def test_a_step_whose_outcome_nobody_heard_is_observed_before_anything_else(field: str) -> None:
    for count in range(1, 6):
        play = updating(1, policy=replace(LENIENT, retries=5))
        setattr(unit(play), field, count)
        assert run(play) is Status.SUCCEEDED, (count, play.rows)
        assert play.world.done_twice() == []
        assert unit(play).slots.booted == "B"


# --- a system that is not well ------------------------------------------------------------------------------------


def test_a_unit_that_fell_back_by_itself_is_rolled_back_and_says_so() -> None:
    play = updating(1, config=True)
    unit(play).slots.falls_back = True
    assert run(play) is Status.FAILED
    assert row(play).phase is Phase.ROLLED_BACK
    assert "it fell back by itself: slot A with 1 runs, not slot B with 2" in row(play).reason
    assert (unit(play).config, row(play).down, unit(play).boot) == ("old", False, 2)


def test_a_unit_that_does_not_answer_while_it_goes_back_keeps_the_reason_why_it_does() -> None:
    play = updating(1, policy=replace(LENIENT, retries=0, reboot_timeout_s=600))
    unit(play).slots.never_good, unit(play).reboot_s = True, 60.0
    assert run(play) is Status.FAILED
    assert "slot B is not marked good yet" in row(play).reason


def test_staging_and_reboot_are_one_attempt_and_only_a_failure_makes_another() -> None:
    play = updating(1)
    run(play)
    assert (row(play).attempt, [step.number for step in play.world.submitted]) == (1, [1, 2, 3, 4])
    assert notes(play, "unit-stages") == ["attempt 1: release 2, 0.0 MB"]
    assert notes(play, "attempt-started") == ["attempt 1: 2 is installed, its turn has come"]
    again = updating(1, policy=LENIENT)
    unit(again).slots.fails = "RAUC: no"
    run(again)
    assert row(again).attempt == 2


@pytest.mark.parametrize("ill", ["sick", "never_good"])
def test_a_new_system_that_is_not_well_is_left_for_the_old_slot_with_its_config(ill: str) -> None:
    play = updating(1, config=True, policy=replace(LENIENT, retries=0))
    setattr(unit(play).slots, ill, True)
    assert run(play) is Status.FAILED
    assert row(play).phase is Phase.ROLLED_BACK
    reboots = [step.slot for step in play.world.submitted if step.kind is StepKind.REBOOT]
    assert reboots == ["B", "A"]
    assert (unit(play).slots.version, unit(play).config, row(play).down) == ("1", "old", False)
    assert row(play).reason.startswith("back in slot A with 1 and its config: ")


def test_a_new_system_that_does_not_heat_is_left() -> None:
    play = updating(1, policy=replace(LENIENT, retries=0))
    unit(play).cold_after_reboot = True
    assert run(play) in {Status.FAILED, Status.HALTED}
    assert (row(play).phase, unit(play).slots.booted, unit(play).heats) == (Phase.ROLLED_BACK, "A", True)


def test_a_unit_that_falls_back_while_it_soaks_is_rolled_back() -> None:
    play = updating(1, policy=replace(LENIENT, soak_samples=5, soak_every_s=10.0))
    while row(play).phase is not Phase.SOAKING:
        play.tick()
    slots = unit(play).slots
    unit(play).lose_power()
    slots.version, slots.booted = "1", "A"
    assert run(play) is Status.FAILED
    assert row(play).phase is Phase.ROLLED_BACK
    assert "healthy" in row(play).reason
    assert "fell back by itself" in row(play).reason


def test_a_retry_of_a_unit_that_fell_back_stages_and_installs_anew() -> None:
    play = updating(1, policy=LENIENT)
    unit(play).slots.falls_back = True
    run(play)
    unit(play).slots.falls_back = False
    play.tell(CommandKind.RETRY)
    play.tick()
    assert run(play) is Status.SUCCEEDED
    assert steps(play).count(StepKind.INSTALL) == 2


def test_a_halted_wave_goes_back_to_the_old_slots_if_the_policy_reverts() -> None:
    policy = replace(LENIENT, max_failed=0, max_in_progress=1, on_failure="revert")
    play = updating(3, policy=policy, config=True)
    unit(play, "s/r03").slots.sick = True
    assert run(play) is Status.FAILED  # nobody is left to wait for
    assert [each.phase for each in play.rows.values()] == [Phase.ROLLED_BACK] * 3
    assert {(each.slots.booted, each.config) for each in play.world.units.values() if each.gateway} == {("A", "old")}
    assert "reverted: " in row(play).reason


@pytest.mark.parametrize(("ends", "lost"), [(True, 0), (False, 2)])
def test_a_healthy_unit_is_freed_of_its_jobs_before_it_goes_back(ends: bool, lost: int) -> None:
    policy = replace(LENIENT, max_failed=0, max_in_progress=1, on_failure="revert", drain=Drain(deadline_s=60.0))
    play = updating(2, policy=policy)
    healthy, sick = unit(play), unit(play, "s/r02")
    healthy.jobs, sick.slots.sick = 0, True
    while row(play).phase is not Phase.SUCCEEDED:
        play.tick()
    healthy.jobs = 2
    while row(play).phase is not Phase.ROLLING_BACK:
        play.tick()
    for _ in range(10):
        play.tick()
    assert StepKind.DRAIN in steps(play)
    assert healthy.slots.booted == "B", "its jobs still run"
    healthy.jobs = 0 if ends else 2
    assert run(play) is Status.FAILED
    assert (row(play).phase, healthy.slots.booted, healthy.drained_by) == (Phase.ROLLED_BACK, "A", "")
    assert (healthy.jobs_lost, row(play).jobs_lost) == (lost, lost)


def test_units_of_a_dwelling_go_back_one_after_the_other() -> None:
    """G2 lets one of four be down; the others wait for it in their place, not at the gate until it is too late."""
    policy = replace(LENIENT, max_failed=0, max_in_progress=3, on_failure="revert", gate_wait_s=60.0)
    play = updating(4, policy=policy)
    play.surroundings.dwelling_of = dict.fromkeys(play.rows, "home")
    for each in play.world.units.values():
        each.reboot_s = 20.0
    unit(play, "s/r04").slots.sick = True
    assert run(play) is Status.FAILED
    assert {each.phase for each in play.rows.values()} == {Phase.ROLLED_BACK}
    assert {each.slots.booted for each in play.world.units.values()} == {"A"}


def test_going_back_passes_the_heat_guard_and_no_window() -> None:
    policy = replace(night(), retries=0)
    play = updating(1, policy=policy)
    unit(play).slots.never_good = True
    play.world.least_s = 30.0
    play.run()
    assert row(play).phase is Phase.ROLLED_BACK
    refused = updating(1, policy=replace(LENIENT, soak_samples=2, soak_every_s=10.0, gate_wait_s=60.0))
    while row(refused).phase is not Phase.SOAKING:
        refused.tick()
    unit(refused).temperature_c = 17.0
    unit(refused).config_changed = ("/etc/fleet/heat.toml",)
    assert run(refused) in {Status.FAILED, Status.HALTED}
    assert row(refused).phase is Phase.FAILED
    assert row(refused).reason.startswith("not rolled back: in time: G")
    assert unit(refused).slots.booted == "B"


# --- people and releases ------------------------------------------------------------------------------------------


def test_a_pause_stops_before_the_installation_and_lets_one_that_runs_end() -> None:
    play = updating(2, policy=LENIENT)
    unit(play).slots.bytes_per_s = 1.0
    unit(play, "s/r02").slots.install_s = 30.0
    play.world.least_s = 1.0
    while row(play, "s/r02").phase is not Phase.INSTALLING:
        play.tick()
    play.tell(CommandKind.PAUSE)
    assert run(play) is Status.PAUSED
    assert [(each.phase, each.installed) for each in play.rows.values()] == [
        (Phase.PENDING, False),
        (Phase.PENDING, True),
    ]
    play.tell(CommandKind.RESUME)
    play.tick()
    assert run(play) is Status.SUCCEEDED


@pytest.mark.parametrize("phase", [Phase.STAGING, Phase.INSTALLING, Phase.DRAINING, Phase.REBOOTING, Phase.VERIFYING])
def test_an_abort_stops_at_the_next_safe_point(phase: Phase) -> None:
    play = updating(1, policy=replace(LENIENT, drain=Drain(deadline_s=600.0)))
    slots, of = unit(play).slots, unit(play)
    slots.bytes_per_s, slots.install_s, of.reboot_s, of.jobs = 10.0, 20.0, 20.0, 1
    play.world.least_s = 1.0
    while row(play).phase is not phase:
        play.tick()
        if phase in {Phase.REBOOTING, Phase.VERIFYING} and row(play).phase is Phase.DRAINING:
            of.jobs = 0
    play.tell(CommandKind.ABORT)
    assert run(play) is Status.ABORTED
    went_on = phase in {Phase.REBOOTING, Phase.VERIFYING}
    assert (row(play).phase, slots.booted) == ((Phase.SUCCEEDED, "B") if went_on else (Phase.CANCELLED, "A"))
    assert of.drained_by == ""


def test_metadata_that_are_not_fresh_stop_new_staging_and_new_waves_and_nothing_else() -> None:
    waves = (Wave("one", units=1), Wave("two"))
    play = updating(2, waves=waves, policy=LENIENT)
    play.rows["s/r02"] = replace(row(play, "s/r02"), wave=1)
    play.start_controller()
    while row(play).phase is not Phase.INSTALLING:
        play.tick()
    play.surroundings.releases = Signed(EXPIRED)
    play.world.least_s = 5.0
    for _ in range(100):
        decision = play.tick()
    assert (row(play).phase, row(play, "s/r02").phase) == (Phase.SUCCEEDED, Phase.PENDING)
    assert decision.reasons == {"": f"wave two does not begin: {EXPIRED}"}
    play.surroundings.releases = Signed()
    assert run(play) is Status.SUCCEEDED


def test_stale_metadata_say_why_nobody_stages() -> None:
    play = updating(1)
    play.surroundings.releases = Signed(EXPIRED)
    assert play.tick().reasons == {"s": EXPIRED}
    assert EXPIRED in why(play.board, "s/r01", play.world.clock.now(), play.around())


def test_stale_metadata_never_stop_a_roll_back() -> None:
    play = updating(1, policy=replace(LENIENT, retries=0))
    unit(play).slots.sick = True
    while row(play).phase is not Phase.REBOOTING:
        play.tick()
    play.surroundings.releases = Signed("expired", {"2": "fans"})
    run(play)
    assert (row(play).phase, unit(play).slots.booted) == (Phase.ROLLED_BACK, "A")


def test_a_release_that_is_withdrawn_in_mid_rollout_halts_it_with_the_reason() -> None:
    play = updating(4, policy=replace(LENIENT, max_in_progress=1))
    while row(play).phase is not Phase.SUCCEEDED:
        play.tick()
    play.surroundings.releases = Signed(withdrawn={"2": "fans stand still", "7": "of others"})
    assert run(play) is Status.HALTED
    assert play.row.reason == "release 2 is withdrawn: fans stand still"
    on_new = [each.name for each in play.world.units.values() if each.slots.booted == "B"]
    assert on_new == ["s/r01"]
    play.tell(CommandKind.RESUME)
    play.tick()
    assert play.row.status is Status.HALTED


def test_a_withdrawn_release_that_everybody_has_is_no_reason_to_halt() -> None:
    play = updating(1)
    while row(play).phase is not Phase.SUCCEEDED:
        play.tick()
    play.surroundings.releases = Signed(withdrawn={"2": "too late"})
    assert run(play) is Status.SUCCEEDED


def test_a_dead_gateway_leaves_units_to_be_staged_for_later_with_that_reason() -> None:
    play = updating(2, policy=replace(LENIENT, defer_for_s=120.0, unreachable="defer", unit_timeout_s=300.0))
    play.world.gateways_down.add("s/gw")
    assert run(play) is Status.FAILED
    assert {each.cause for each in play.rows.values()} == {Cause.GATEWAY_DOWN}
    assert play.world.clock.at_s < 1000 + timedelta(hours=2).total_seconds()
