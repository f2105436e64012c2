"""G12 after the end: a unit that was let go is looked at once more, and what that shows stops its site."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetctl.core.policy import Guard, Policy
from fleetctl.core.rollout.state import Action, Phase, SitesHalted, Step, StepKind
from tests.builders.play import Play, progress
from tests.builders.world import FakeUnit, FakeWorld

AFTER_S = 300.0
POLICY = Policy(
    "p",
    retries=0,
    max_failed=9,
    max_sites_halted=9,
    step_timeout_s=30,
    heat_timeout_s=60,
    guard=Guard(telemetry_age_s=AFTER_S),
)


def a_night() -> Play:
    """Return a rollout of a unit that is done at once, and one at another site whose jobs last."""
    done = FakeUnit("s/done", config="old", reboots_after_configure=True)
    busy = FakeUnit("t/busy", config="old", reboots_after_configure=True, jobs=1)
    rows = [progress(name, actions=(Action.CONFIGURE, Action.REBOOT)) for name in ("s/done", "t/busy")]
    return Play(FakeWorld([done, busy]), rows, POLICY)


def until_let_go(play: Play) -> FakeUnit:
    while not play.rows["s/done"].phase.is_end:
        play.tick()
    return play.world.units["s/done"]


def let_pass(play: Play, seconds: float) -> None:
    until_s = play.world.clock.at_s + seconds
    while play.world.clock.at_s < until_s:
        play.tick()


def halted(play: Play) -> str:
    found = [change.sites["s"] for change in play.log if isinstance(change, SitesHalted)]
    return found[-1] if found else ""


def test_a_unit_released_without_soak_whose_room_keeps_cooling_halts_its_site() -> None:
    play = a_night()
    unit = until_let_go(play)
    unit.temperature_c = 16.5
    let_pass(play, AFTER_S - 10)
    assert halted(play) == ""
    let_pass(play, 20)
    assert halted(play).startswith("G12 d-done: fell to 16.5 °C")


def test_a_unit_that_stops_heating_after_it_was_let_go_halts_its_site() -> None:
    play = a_night()
    until_let_go(play).power_w = 100.0
    let_pass(play, AFTER_S + 10)
    assert halted(play).startswith("G12 s/done: without heat after it was let go")


def test_one_look_is_all_and_a_unit_that_is_well_halts_nothing() -> None:
    play = a_night()
    until_let_go(play)
    before = play.world.probed["s/done"]
    let_pass(play, 5 * AFTER_S)
    assert play.world.probed["s/done"] == before + 1
    assert halted(play) == ""


def test_the_look_is_not_forgotten_when_the_controller_changes() -> None:
    play = a_night()
    unit = until_let_go(play)
    let_pass(play, AFTER_S / 2)
    unit.temperature_c = 16.5
    play.start_controller()
    let_pass(play, AFTER_S / 2 + 10)
    assert "fell to 16.5 °C" in halted(play)


def test_long_ago_is_not_because_of_us() -> None:
    play = a_night()
    unit = until_let_go(play)
    before = play.world.probed["s/done"]
    unit.power_w = 0.0
    play.world.clock.advance(10 * AFTER_S)  # nobody led meanwhile
    play.start_controller()
    let_pass(play, AFTER_S)
    assert play.world.probed["s/done"] == before
    assert halted(play) == ""


@pytest.mark.parametrize("heats", [True, False])
def test_a_config_that_is_lost_is_no_lost_heat_until_somebody_looked(heats: bool) -> None:
    """The unit restores that it had none because nobody confirmed in time: that alone says nothing of its heat."""
    play = a_night()
    unit = play.world.units["s/done"]
    unit.config = ""

    def forget(step: Step) -> None:
        if step.kind is StepKind.REBOOT:
            unit.config, unit.power_w = "", 600.0 if heats else 0.0

    play.world.after_effect = forget
    until_let_go(play)
    assert play.rows["s/done"].phase is Phase.FAILED
    let_pass(play, 50)
    assert halted(play) == ""
    let_pass(play, 20)
    assert ("without heat" in halted(play)) is not heats


def test_what_was_dead_before_is_looked_at_by_nobody() -> None:
    play = a_night()
    unit = play.world.units["s/done"]
    until_let_go(play)
    row = replace(play.rows["s/done"], repair=True)
    play.rows["s/done"] = row
    play.start_controller()
    unit.power_w = 0.0
    let_pass(play, AFTER_S + 10)
    assert halted(play) == ""
