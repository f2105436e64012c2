"""Controllers that are restarted do not stretch what a policy lets a unit wait for a gate."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fleetctl.core.clock import Now
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.holds import Hold
from fleetctl.core.rollout.state import Phase, SitesWaited
from fleetctl.core.rollout.waits import APART_S, NOTED_EVERY_S, Waits
from tests.builders.play import Play, building, updating
from tests.builders.world import START

LIMIT_S = 600.0
POLICY = Policy("p", max_failed=9, defer_for_s=LIMIT_S, defer_every_s=60)


def at(seconds: float) -> Now:
    return Now(START, seconds, "boot")


def held(play: Play) -> Play:
    play.holds = [Hold(1, unit, "ada", "ill", START) for unit in play.rows]
    return play


def waits_to_start() -> Play:
    return held(building(1, policy=POLICY))


def waits_to_stage() -> Play:
    return held(updating(1, policy=POLICY))


@pytest.mark.parametrize("life_s", [45.0, 100.0, 400.0, 10_000.0])
@pytest.mark.parametrize("waiting", [waits_to_start, waits_to_stage])
def test_a_wait_ends_in_time_however_often_its_controller_is_restarted(
    waiting: Callable[[], Play], life_s: float
) -> None:
    play = waiting()
    led_s, restarts = 0.0, 0
    while not play.row.status.is_end:
        began_s = play.world.clock.at_s
        while play.world.clock.at_s < began_s + life_s and not play.row.status.is_end:
            play.tick()
        led_s += play.world.clock.at_s - began_s
        assert led_s < 5 * LIMIT_S, play.unfinished()
        if not play.row.status.is_end:
            play.world.clock.advance(3600.0)
            play.world.clock.restart(0.0)
            play.start_controller()
            restarts += 1
    assert {row.phase for row in play.rows.values()} == {Phase.DEFERRED}
    assert LIMIT_S <= led_s <= LIMIT_S + (restarts + 2) * (NOTED_EVERY_S + 2)


def test_whoever_got_on_has_not_waited() -> None:
    play = waits_to_start()
    while not play.row.waited_s:
        play.tick()
    play.holds = []
    play.run()
    assert play.row.waited_s == {}
    assert {row.phase for row in play.rows.values()} == {Phase.SUCCEEDED}


def test_a_row_is_written_seldom() -> None:
    play = waits_to_start()
    play.run()
    noted = [change for change in play.log if isinstance(change, SitesWaited)]
    assert 2 <= len(noted) <= LIMIT_S / NOTED_EVERY_S + 2


def test_a_wait_goes_on_after_a_restart_if_nobody_could_start_soon_after() -> None:
    waits = Waits({"s": 500.0, "t": 300.0})
    assert waits.standing_s(at(7.0)) == {"s": 500.0, "t": 300.0}
    waits.refused((), at(7.0))
    waits.refused(["s"], at(7.0 + APART_S))
    waits.refused(["t"], at(8.0 + APART_S))
    assert (waits.waited_s("s"), waits.waited_s("t")) == (500.0 + APART_S, 0.0)
    waits.end("s")
    assert waits.waited_s("s") == 0.0


def test_what_is_noted_stays_as_it_is_until_it_has_grown_or_ended() -> None:
    waits = Waits({})
    waits.refused(["s"], at(0.0))
    waits.refused(["s"], at(20.0))
    noted = {"s": 0.0}
    assert waits.to_note(noted, ["s"], (), at(29.0)) is noted
    assert waits.to_note(noted, ["s"], (), at(30.0)) == {"s": 30.0}
    assert waits.to_note(noted, ["s"], ["s"], at(30.0)) == {}
    assert waits.to_note(noted, (), (), at(21.0 + APART_S)) == {}
    assert waits.waited_s("s") == 20.0
