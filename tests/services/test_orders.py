"""Orders of a person reach the state: the hold before the pauses, and nothing from somebody who may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fleetctl.core.policy import Wave
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.core.rollout.orders import OverrideOrder
from fleetctl.core.rollout.state import CommandKind, RolloutChanged, Status
from fleetctl.services.orders import Word, approve, override, stop_all
from tests.builders.memory_state import MemoryRollouts, MemoryState, Rows
from tests.builders.rollouts import rollout, rows
from tests.builders.world import START

ADA = Word("ada", START)
ORDER = OverrideOrder("G1", "s", "empty house", timedelta(hours=4))


def state_with(*ids: str, actor: str = "ada") -> MemoryState:
    state = MemoryState()
    for id in ids:
        state.rollouts.add(replace(rollout(id), actor=actor), rows(), {})
    return state


def test_stop_holds_everything_and_pauses_every_rollout_that_has_not_ended() -> None:
    state = state_with("r-1", "r-2", "r-3")
    epoch = state.controllers.acquire(owner="c", host="h", pid=1, command="", now=START, lease_s=30)
    state.journal.commit(epoch, [RolloutChanged("r-2", Status.SUCCEEDED, "")])
    hold, paused = stop_all(state, ADA, "storm")
    assert (hold.scope, hold.actor, hold.reason) == ("*", "ada", "storm")
    assert set(paused) == {"r-1", "r-3"}
    for id in paused:
        (command,) = state.journal.commands(id)
        assert (command.kind, command.actor, command.reason) == (CommandKind.PAUSE, "ada", "storm")
    assert not state.journal.commands("r-2")


def test_the_hold_stands_although_the_pauses_could_not_be_given() -> None:
    state = state_with("r-1")
    state.rollouts = MemoryRollouts(Rows())  # refuses every command
    with pytest.raises(CouldNot):
        stop_all(state, ADA, "storm")
    assert [hold.scope for hold in state.orders.holds()] == ["*"]


def test_an_override_lasts_from_now() -> None:
    given, deaf = override(state_with(), ADA, ORDER)
    assert (given.at, given.until, given.actor) == (START, START + timedelta(hours=4), "ada")
    assert deaf == ()


def test_an_override_for_ones_own_rollout_alone_is_refused() -> None:
    state = state_with("r-1")
    with pytest.raises(InvalidInput, match="ada started rollout r-1"):
        override(state, ADA, ORDER)
    assert not state.orders.overrides()
    given, deaf = override(state, Word("bob", START), ORDER)
    assert (given.actor, deaf) == ("bob", ())


def test_an_override_that_counts_in_another_rollout_is_given_and_says_where_it_does_not() -> None:
    state = state_with("r-1")
    state.rollouts.add(replace(rollout("r-2"), actor="bob"), rows(), {})
    _, deaf = override(state, ADA, ORDER)
    assert [row.id for row in deaf] == ["r-1"]


def test_an_approval_names_the_wave_that_waits() -> None:
    state = MemoryState()
    row = replace(rollout(), actor="bob", waves=(Wave("canary"), Wave("rest")), wave=1, awaiting=True)
    state.rollouts.add(row, rows(), {})
    assert approve(state, ADA, row, "", "canary is warm") == "rest"
    (command,) = state.journal.commands("r-1")
    assert (command.kind, command.wave, command.actor) == (CommandKind.APPROVE, "rest", "ada")


def test_an_approval_that_is_refused_tells_the_rollout_nothing() -> None:
    state = state_with("r-1")
    with pytest.raises(InvalidInput, match="no wave of rollout r-1 waits"):
        approve(state, ADA, rollout(), "", "why not")
    assert not state.journal.commands("r-1")
