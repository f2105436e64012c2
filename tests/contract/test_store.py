"""What every state promises, whatever keeps its rows: memory, SQLite, PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from fleetctl.core.facts import Cause, Unobserved
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import (
    Change,
    Command,
    CommandHandled,
    CommandKind,
    Ending,
    Phase,
    RolloutChanged,
    SitesWaited,
    Status,
    StepEnded,
    StepIntended,
    StepResult,
    UnitChanged,
)
from fleetctl.core.route import Pin, Way
from fleetctl.ports import Fenced, Led, State
from tests.builders.rollouts import CONFIG, UNITS, facts, note, plan, rollout, rows, step
from tests.builders.world import START

KEY = Pin("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5")
OTHER_KEY = Pin("ecdsa-sha2-nistp256", "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=")


def lead(state: State, *, after_s: float = 0.0, owner: str = "ada") -> int:
    now = START + timedelta(seconds=after_s)
    return state.controllers.acquire(owner=owner, host="h", pid=7, command="apply p", now=now, lease_s=30.0)


def led_rollout(state: State, id: str = "r-1") -> int:
    """Add a rollout and lead; returns the epoch."""
    state.rollouts.add(rollout(id), rows(), {CONFIG.digest: CONFIG})
    return lead(state)


def everything(state: State) -> object:
    journal = state.journal
    return (
        journal.rollouts(),
        journal.progress("r-1"),
        journal.commands("r-1"),
        journal.events("r-1"),
        state.controllers.current(),
    )


# --- rollouts -------------------------------------------------------------------------------------------------------


def test_a_rollout_comes_back_as_it_was_added(reopen: Callable[[], State]) -> None:
    added, units = replace(rollout(), left_out={"s/r9": "moved"}, sites=("s", "t")), rows("s/r2", "s/gw", "s/r1")
    reopen().rollouts.add(added, units, {CONFIG.digest: CONFIG})
    state = reopen()
    assert state.journal.rollout("r-1") == added
    assert list(state.journal.progress("r-1")) == units
    assert state.rollouts.config(CONFIG.digest) == CONFIG


def test_rollouts_are_listed_newest_first_and_those_that_ended_are_left_out(state: State) -> None:
    for id in ("r-b", "r-a", "r-c"):
        state.rollouts.add(rollout(id), rows(), {})
    state.journal.commit(lead(state), [RolloutChanged("r-a", Status.SUCCEEDED, "done")])
    assert [r.id for r in state.journal.rollouts()] == ["r-c", "r-a", "r-b"]
    assert [r.id for r in state.journal.rollouts(active=True)] == ["r-c", "r-b"]


def test_a_rollout_is_found_by_the_start_of_its_id_if_no_other_starts_so(state: State) -> None:
    for id in ("r-10", "r-100", "r-2_x"):
        state.rollouts.add(rollout(id), rows(), {})
    found = {start: state.journal.rollout(start) for start in ("r-2", "r-10", "r-3", "r-2%", "R-2")}
    assert {start: row and row.id for start, row in found.items()} == {
        "r-2": "r-2_x",
        "r-10": "r-10",
        "r-3": None,
        "r-2%": None,
        "R-2": None,
    }
    with pytest.raises(CouldNot, match=r"'r-1' is the start of 2 rollouts: r-10, r-100"):
        state.journal.rollout("r-1")


def test_nothing_is_known_of_a_rollout_that_nobody_added(state: State) -> None:
    assert state.journal.rollout("r-1") is None
    assert list(state.journal.progress("r-1")) == []
    assert list(state.journal.events("r-1")) == []
    with pytest.raises(CouldNot, match="there is no rollout r-1"):
        state.rollouts.command("r-1", CommandKind.PAUSE, actor="ada", at=START)
    with pytest.raises(CouldNot, match="no rollout brought the config"):
        state.rollouts.config(CONFIG.digest)


def test_a_plan_is_applied_once(state: State) -> None:
    state.plans.save(plan("p-1"), "d")
    assert state.plans.used_by("p-1") is None
    state.rollouts.add(rollout("r-1", "p-1"), rows(), {})
    with pytest.raises(CouldNot, match="plan p-1 was applied before, by rollout r-1"):
        state.rollouts.add(rollout("r-2", "p-1"), rows(), {})
    assert state.plans.used_by("p-1") == "r-1"
    assert state.journal.rollout("r-2") is None
    with pytest.raises(CouldNot, match="there is a rollout r-1 already"):
        state.rollouts.add(rollout("r-1", "p-2"), rows(), {})


def test_two_rollouts_may_bring_the_same_config(state: State) -> None:
    for id in ("r-1", "r-2"):
        state.rollouts.add(rollout(id), rows(), {CONFIG.digest: CONFIG})
    assert state.rollouts.config(CONFIG.digest) == CONFIG


# --- the journal ----------------------------------------------------------------------------------------------------


def test_a_commit_writes_every_kind_of_change(reopen: Callable[[], State]) -> None:
    state = reopen()
    epoch = led_rollout(state)
    number = state.rollouts.command("r-1", CommandKind.PAUSE, actor="ada", at=START)
    intended = step()
    working = replace(rows("s/r1")[0], phase=Phase.CONFIGURING, attempt=1, step=intended, open=True, since=START)
    done = replace(working, phase=Phase.SUCCEEDED, open=False, reason="done")
    changes: list[Change] = [
        RolloutChanged("r-1", Status.PAUSED, "ada said so", 2),
        SitesWaited("r-1", {"s": 90.5}, {"t": 30.0}),
        UnitChanged("r-1", working),
        StepIntended(intended, START),
        StepEnded(StepResult(intended, Ending.OK, duration_s=1.5), START),
        UnitChanged("r-1", done),
        CommandHandled(number, "paused"),
        note("first"),
        note("second"),
    ]
    state.journal.commit(epoch, changes)
    journal = reopen().journal
    paused = replace(rollout(), status=Status.PAUSED, reason="ada said so", tolerated=2)
    assert journal.rollout("r-1") == replace(paused, waited_s={"s": 90.5}, staging_waited_s={"t": 30.0})
    assert [p for p in journal.progress("r-1") if p.unit == "s/r1"] == [done]
    assert [p.unit for p in journal.progress("r-1")] == list(UNITS)
    assert list(journal.commands("r-1")) == []
    assert [event.text for _, event in journal.events("r-1")] == ["first", "second"]


def test_an_old_epoch_writes_nothing(state: State) -> None:
    old = led_rollout(state)
    new = lead(state, after_s=31)
    before = everything(state)
    changes: list[Change] = [
        RolloutChanged("r-1", Status.FAILED, "no"),
        UnitChanged("r-1", replace(rows("s/r1")[0], phase=Phase.FAILED)),
        StepIntended(step(epoch=old), START),
        note("never"),
    ]
    with pytest.raises(Fenced, match=f"this one has epoch {old}, the state is at {new}"):
        state.journal.commit(old, changes)
    assert everything(state) == before
    state.journal.commit(new, changes)


def test_events_are_numbered_and_read_from_any_point(state: State) -> None:
    epoch = led_rollout(state)
    state.rollouts.add(rollout("r-2"), rows(), {})
    for text in ("one", "two", "three"):
        state.journal.commit(epoch, [note(text), note(f"other {text}", of="r-2")])
    events = state.journal.events("r-1")
    assert [event.text for _, event in events] == ["one", "two", "three"]
    assert [event.text for _, event in state.journal.events("r-1", after=events[1][0])] == ["three"]
    assert [event.text for _, event in state.journal.events("r-2")] == ["other one", "other two", "other three"]


def test_commands_wait_in_order_until_they_are_handled(state: State) -> None:
    epoch = led_rollout(state)
    first = state.rollouts.command("r-1", CommandKind.PAUSE, actor="ada", at=START, reason="storm")
    second = state.rollouts.command("r-1", CommandKind.RETRY, actor="bob", at=START, units=["s/r1"])
    assert list(state.journal.commands("r-1")) == [
        Command(first, "r-1", CommandKind.PAUSE, "ada", START, "storm"),
        Command(second, "r-1", CommandKind.RETRY, "bob", START, "", ("s/r1",)),
    ]
    state.journal.commit(epoch, [CommandHandled(first, "paused")])
    assert [c.id for c in state.journal.commands("r-1")] == [second]


# --- leadership -----------------------------------------------------------------------------------------------------


def test_there_is_no_controller_before_the_first(state: State) -> None:
    assert state.controllers.current() is None
    assert list(state.controllers.processes()) == []


def test_one_leads_and_another_is_told_who(state: State) -> None:
    epoch = lead(state)
    with pytest.raises(Led) as led:
        lead(state, after_s=29.9, owner="bob")
    for fact in ("ada", "from h", "process 7", "'apply p'", "2026-01-15T18:00:30.000Z"):
        assert fact in str(led.value)
    current = state.controllers.current()
    assert current is not None
    assert (current.epoch, current.owner, current.lease_until) == (epoch, "ada", START + timedelta(seconds=30))


def test_a_lease_that_has_ended_is_taken_over_and_the_old_epoch_is_fenced(state: State) -> None:
    old, new = lead(state), lead(state, after_s=30, owner="bob")
    assert new > old
    with pytest.raises(Fenced):
        state.controllers.renew(old, now=START, lease_s=30)
    with pytest.raises(Fenced):
        state.controllers.record_process(old, 7, "m")
    current = state.controllers.current()
    assert current is not None
    assert current.owner == "bob"


def test_a_clock_that_went_back_never_gives_an_old_epoch_again(state: State) -> None:
    first = lead(state, after_s=3600)
    state.controllers.release(first)
    assert lead(state) == first + 1


def test_a_state_that_starts_anew_is_ahead_of_one_that_was_lost(state: State) -> None:
    assert lead(state) == int(START.timestamp())


def test_a_renewed_lease_holds(state: State) -> None:
    epoch = lead(state)
    state.controllers.renew(epoch, now=START + timedelta(seconds=20), lease_s=30)
    with pytest.raises(Led):
        lead(state, after_s=40)


def test_release_ends_its_own_lease_and_no_other(state: State) -> None:
    first = lead(state)
    state.controllers.release(first)
    second = lead(state, after_s=1)
    assert second > first, "an epoch is used up for ever"
    state.controllers.release(first)
    with pytest.raises(Led):
        lead(state, after_s=2)


def test_processes_are_recorded_until_they_are_forgotten(state: State) -> None:
    first = lead(state)
    state.controllers.record_process(first, 7, "boot:1")
    second = lead(state, after_s=31)
    state.controllers.record_process(second, 8, "boot:2")
    assert list(state.controllers.processes()) == [(first, 7, "boot:1"), (second, 8, "boot:2")]
    state.controllers.forget_process(first, 7)
    state.controllers.forget_process(first, 7)
    assert list(state.controllers.processes()) == [(second, 8, "boot:2")]


# --- units ----------------------------------------------------------------------------------------------------------


def test_pins_replace_those_before_and_are_recorded(state: State) -> None:
    state.units.pin({"s/r1": (KEY, OTHER_KEY), "s/r2": (KEY,)}, actor="ada", at=START, why="imaged")
    state.units.pin({"s/r1": (OTHER_KEY,)}, actor="bob", at=START, why="adopted")
    assert state.units.pins() == {"s/r1": (OTHER_KEY,), "s/r2": (KEY,)}
    assert state.units.pins(["s/r2", "s/none"]) == {"s/r2": (KEY,)}
    state.units.pin({"s/r2": ()}, actor="ada", at=START, why="gone")
    assert state.units.pins(["s/r2"]) == {}
    events = [event for _, event in state.journal.events("")]
    assert [(event.unit, event.what) for event in events] == [
        (unit, "host-key-pinned") for unit in ("s/r1", "s/r2", "s/r1", "s/r2")
    ]
    assert KEY.fingerprint in events[0].text
    assert "bob" in events[2].text
    assert "adopted" in events[2].text


def test_pins_keep_their_order(state: State) -> None:
    state.units.pin({"s/r1": (OTHER_KEY, KEY)}, actor="ada", at=START, why="")
    assert state.units.pins()["s/r1"] == (OTHER_KEY, KEY)


def test_ways_are_replaced_all_at_once(state: State) -> None:
    way = Way(dial=("nsenter", "-t", "1"), host="10.0.0.1", port=2222, user="u", identity_file="/k")
    state.units.set_ways({"s/gw": way, "s/r1": Way()})
    assert state.units.ways() == {"s/gw": way, "s/r1": Way()}
    state.units.set_ways({})
    assert state.units.ways() == {}


def test_the_latest_observation_counts(state: State) -> None:
    lost = Unobserved("s/r1", START, Cause.UNREACHABLE, "no answer", "look at it")
    state.units.save_facts([facts("s/r1"), facts("s/r2", serial="S2")])
    state.units.save_facts([lost])
    assert state.units.facts() == {"s/r1": lost, "s/r2": facts("s/r2", serial="S2")}
    state.units.save_facts([facts("s/r1", minutes=5), lost, facts("s/r1", minutes=6)])
    assert state.units.facts(["s/r1"]) == {"s/r1": facts("s/r1", minutes=6)}
    state.units.save_facts([])


@pytest.mark.parametrize("named", [3, 1200, 40_000])
def test_facts_of_any_number_of_names(state: State, named: int) -> None:
    seen = [facts(f"s/r{n}", serial=f"S{n}") for n in range(1100)]
    state.units.save_facts(seen)
    names = [f"s/r{n}" for n in range(named)]
    assert set(state.units.facts(names)) == set(names) & {f.unit for f in seen}


def test_what_is_held_of_a_site_changes_with_its_observations_and_no_others(state: State) -> None:
    state.units.save_facts([facts("s/r2", serial="S2"), facts("s/r1"), facts("t/r1", serial="S3")])
    first = state.units.seen()
    assert {site: of.units for site, of in first.items()} == {"s": ("s/r1", "s/r2"), "t": ("t/r1",)}

    state.units.save_facts([facts("s/r1")])
    assert state.units.seen() == first

    digests = {first["s"].digest}
    for changed in (facts("s/r1", minutes=1), Unobserved("s/r1", START, Cause.UNREACHABLE, "no answer")):
        state.units.save_facts([changed])
        digests.add(state.units.seen()["s"].digest)
        assert state.units.seen()["t"] == first["t"]
    assert len(digests) == 3


# --- plans ----------------------------------------------------------------------------------------------------------


def test_plans_are_known_by_their_digest(state: State) -> None:
    state.plans.save(plan("p-1"), "digest")
    assert state.plans.digest("p-1") == "digest"
    assert state.plans.digest("p-2") is None
    state.plans.save(plan("p-1"), "another")
    assert state.plans.digest("p-1") == "another"


def test_a_state_keeps_its_identity(reopen: Callable[[], State]) -> None:
    assert reopen().uuid == reopen().uuid != ""
