"""What `rollout list`, `show` and the live bar say of waves, their gates and halted sites."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.cli.progress import Tally, tally_before, tally_of
from fleetctl.core.policy import Policy, Wave
from fleetctl.core.rollout.state import CommandKind, Noted, Phase, Progress, Rollout, Status
from tests.builders.command import Called, call
from tests.builders.play import Play, progress, rollout_of
from tests.builders.world import FakeUnit, FakeWorld

WAVES = (Wave("canary"), Wave("rest", approval=True))
POLICY = Policy("careful", min_success_percent=90.0)
UNITS = (
    replace(progress("s/a"), phase=Phase.SUCCEEDED, attempt=1),
    replace(progress("s/b"), wave=1),
    replace(progress("t/c"), wave=1),
)
HALTED = {"t": "G12 t/c: back without heat"}


def row(**changes: Any) -> Rollout:
    known = rollout_of(UNITS, POLICY, WAVES)
    return replace(known, **{"wave": 1, "halted_sites": HALTED, **changes})


def shown(folder: Path, row: Rollout, *command: str) -> Called:
    with compose.state(Frame(folder)) as state:
        state.rollouts.add(row, UNITS, {})
    called = call(*command, inventory=folder)
    assert called.code == 0, called.err
    return called


def test_show_says_which_gate_stands_where_and_which_site_is_halted(fleet_folder: Path) -> None:
    lines = shown(fleet_folder, row(), "rollout", "show", "last").lines
    assert lines[:3] == ["rollout r1 is running: 1 site halted", "site t is halted: G12 t/c: back without heat", ""]
    assert [" ".join(line.split()) for line in lines[3:6]] == [
        "WAVE STANDING GATE",
        "canary done 1 of 1 succeeded (100.0 %), 90 % needed",
        "rest open 0 of 2 succeeded (0.0 %), 90 % needed",
    ]
    assert [line.split() for line in lines[7:9]] == [
        ["UNIT", "WAVE", "PHASE", "ATTEMPT", "REASON"],
        ["s/a", "canary", "succeeded", "1"],
    ]


def test_show_has_the_gates_for_machines(fleet_folder: Path) -> None:
    document = shown(fleet_folder, row(awaiting=True), "-o", "json", "rollout", "show", "r1").document
    assert [(gate["name"], gate["standing"]) for gate in document["gates"]] == [
        ("canary", "done"),
        ("rest", "waits for approval"),
    ]
    assert [unit["wave"] for unit in document["units"]] == ["canary", "rest", "rest"]
    assert document["halted_sites"] == HALTED


def test_a_rollout_of_one_wave_is_shown_without_any(fleet_folder: Path) -> None:
    lines = shown(fleet_folder, row(waves=(), wave=0, halted_sites={}), "rollout", "show", "last").lines
    assert [lines[0], lines[2].split()] == ["rollout r1 is running", ["UNIT", "PHASE", "ATTEMPT", "REASON"]]


def test_the_list_says_which_wave_is_open_and_what_it_waits_for(fleet_folder: Path) -> None:
    lines = shown(fleet_folder, row(awaiting=True), "rollout", "list").lines
    assert lines[0].split() == ["ROLLOUT", "STATUS", "WAVE", "CREATED", "BY", "REASON"]
    assert "running  rest 2/2" in lines[1]
    assert lines[1].endswith("wave rest waits for approval; 1 site halted")


def test_a_bar_that_begins_now_knows_how_the_rollout_stands() -> None:
    tally = tally_of(row(awaiting=True), UNITS)
    assert (tally.gate, tally.counts) == ("wave rest waits for approval, 1 site halted", "1 succeeded")
    assert tally_before(row(awaiting=True)).gate == "wave canary"


def test_a_bar_follows_the_waves_of_a_rollout_that_is_played() -> None:
    """The words of the log are `decide`'s; this fails if it says them differently."""
    play = played([replace(progress(f"s/r{n}"), wave=n) for n in range(3)], (Wave("canary"), *WAVES[1:], Wave("late")))
    tally = tally_before(play.row)
    gates = [tally.gate]
    while not play.row.status.is_end:
        known = len(play.log)
        play.tick()
        if play.row.awaiting:
            play.tell(CommandKind.APPROVE)
        for change in play.log[known:]:
            if isinstance(change, Noted):
                tally.fold(change)
                gates += [tally.gate] if tally.gate != gates[-1] else []
    assert play.row.status is Status.SUCCEEDED
    assert gates == ["wave canary", "wave rest waits for approval", "wave rest", "wave late"]


def test_halted_sites_are_counted_until_a_person_resumes() -> None:
    play = played([progress("s/r0")], ())
    unit = play.world.units["s/r0"]
    unit.reboots_after_configure, unit.cold_after_reboot = True, True
    tally = Tally()
    play.run()
    for change in play.log:
        if isinstance(change, Noted):
            tally.fold(change)
    assert tally.gate == "1 site halted"
    tally.fold(Noted("r1", "", play.world.clock.now().utc, "command-resume", "resume by ada"))
    assert tally.gate == ""


def played(units: list[Progress], waves: tuple[Wave, ...]) -> Play:
    world = FakeWorld([FakeUnit(unit.unit) for unit in units])
    return Play(world, units, Policy("p", max_in_progress=4, separate_approver=False), waves)
