"""Gates between waves: success, soak, thresholds of the frozen wave, and a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetctl.core.policy import Policy, Wave
from fleetctl.core.rollout.admission import why
from fleetctl.core.rollout.state import Command, CommandHandled, CommandKind, Ending, Phase, Status
from tests.builders.play import Play, progress
from tests.builders.world import FakeUnit, FakeWorld

NAMES = [f"s/r{n:02}" for n in range(1, 9)]
CANARY, REST = Wave("canary"), Wave("rest")


def play_of(waves: tuple[Wave, ...] = (CANARY, REST), first: int = 2, **policy: Any) -> Play:
    """Return a rollout of eight radiators, the first ones in the first wave."""
    rows = [replace(progress(name), wave=0 if n < first else 1) for n, name in enumerate(NAMES)]
    chosen = Policy("p", **{"retries": 0, "max_failed": 9, "soak_every_s": 10.0, **policy})
    return Play(FakeWorld([FakeUnit(name) for name in NAMES]), rows, chosen, waves)


def phases(play: Play) -> list[str]:
    return [play.rows[name].phase.value for name in NAMES]


def approve(play: Play, actor: str, wave: str = "") -> str:
    play.commands.append(Command(1, "r1", CommandKind.APPROVE, actor, play.world.clock.now().utc, wave=wave))
    decision = play.tick()
    return next(c.answer for c in decision.changes if isinstance(c, CommandHandled))


def test_nobody_starts_before_the_wave_before_has_ended() -> None:
    play = play_of()
    seen = set()
    while not play.row.status.is_end:
        play.tick()
        if any(phase != "pending" for phase in phases(play)[2:]):
            seen.add(tuple(phases(play)[:2]))
    assert play.row.status is Status.SUCCEEDED
    assert seen == {("succeeded", "succeeded")}


def test_success_is_not_health_the_next_wave_waits_for_the_soak() -> None:
    play = play_of((Wave("canary", soak_s=60.0), REST))
    while play.rows[NAMES[0]].phase is not Phase.SOAKING:
        play.tick()
    began_s = play.world.clock.at_s
    while play.rows[NAMES[2]].phase is Phase.PENDING:
        play.tick()
    assert play.world.clock.at_s - began_s >= 60
    assert play.run() is Status.SUCCEEDED


def test_a_canary_that_is_edited_while_it_soaks_stops_the_rollout() -> None:
    play = play_of((Wave("canary", soak_s=60.0), REST), max_failed=0)
    while play.rows[NAMES[0]].phase is not Phase.SOAKING:
        play.tick()
    play.world.units[NAMES[0]].config = "other"
    assert play.run() is Status.HALTED
    assert phases(play)[2:] == ["pending"] * 6


def test_a_share_that_did_not_succeed_keeps_the_gate_shut_with_its_arithmetic() -> None:
    play = play_of(min_success_percent=80.0)
    play.world.units[NAMES[0]].endings = [Ending.REFUSED]
    assert play.run() is Status.HALTED
    assert play.row.reason == "wave canary: 1 of 2 succeeded (50.0 %), 80 % needed"
    play.tell(CommandKind.RESUME)
    play.tick()
    assert play.run() is Status.FAILED
    assert phases(play)[2:] == ["succeeded"] * 6


def test_a_share_is_of_the_frozen_wave_not_of_the_rollout() -> None:
    play = play_of(max_failed_percent=30.0, min_executed=2, first=4)
    for name in NAMES[:2]:
        play.world.units[name].endings = [Ending.REFUSED]
    assert play.run() is Status.HALTED
    assert play.row.reason == "2 of 4 failed (50.0 %), limit 30 %"


@pytest.mark.parametrize(
    ("actor", "wave", "answer"),
    [
        ("operator", "", "operator started the rollout; policy p wants another person's approval"),
        ("ann", "canary", "wave canary does not wait for approval, wave rest does"),
        ("ann", "rest", "wave rest is approved by ann"),
    ],
)
def test_a_wave_waits_for_another_persons_approval(actor: str, wave: str, answer: str) -> None:
    play = play_of((CANARY, Wave("rest", approval=True)))
    while not play.row.awaiting:
        play.tick()
    for _ in range(20):
        play.tick()
    assert phases(play)[2:] == ["pending"] * 6
    assert "waits for approval" in why(play.board, NAMES[3], play.world.clock.now(), play.around())
    assert approve(play, actor, wave) == answer
    if actor == "ann" and wave == "rest":
        assert play.run() is Status.SUCCEEDED
    else:
        assert phases(play)[2:] == ["pending"] * 6


def test_an_approval_that_nobody_waits_for_is_refused() -> None:
    play = play_of()
    assert approve(play, "ann") == "no wave waits for approval"


def test_a_failed_unit_that_is_retried_counts_in_its_own_wave() -> None:
    play = play_of()
    play.world.units[NAMES[0]].endings = [Ending.REFUSED]
    assert play.run() is Status.FAILED
    play.tell(CommandKind.RETRY)
    play.tick()
    assert play.run() is Status.SUCCEEDED


def test_why_names_the_wave_that_is_open() -> None:
    play = play_of()
    play.tick()
    text = why(play.board, NAMES[5], play.world.clock.now(), play.around())
    assert text.startswith("it is in wave rest; wave canary is open, 2 of its 2 are left")


def test_deferred_units_get_their_turns_before_a_gate_is_shut_for_want_of_success() -> None:
    play = play_of(
        min_success_percent=80.0, unreachable="defer", defer_for_s=600.0, defer_every_s=30.0, step_timeout_s=20
    )
    play.world.units[NAMES[0]].reachable = False
    while play.rows[NAMES[0]].phase is not Phase.DEFERRED:
        play.tick()
    play.world.units[NAMES[0]].reachable = True
    assert play.run() is Status.SUCCEEDED
    assert phases(play) == ["succeeded"] * 8
