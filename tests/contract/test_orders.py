"""Holds and overrides, whatever keeps their rows: memory, SQLite, PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from fleetctl.core.problems import InvalidInput
from fleetctl.core.rollout.holds import Hold, Override
from fleetctl.core.rollout.state import Noted
from fleetctl.ports import State
from tests.builders.rollouts import note, rollout, rows
from tests.builders.world import START

LATER = START + timedelta(minutes=5)
EVENING = START + timedelta(hours=4)


def logged(state: State) -> list[tuple[str, str]]:
    """Return the entries of the event log that belong to no rollout: what happened, and to which unit."""
    return [(event.what, event.unit) for _, event in state.journal.events("")]


def test_an_order_of_one_process_is_seen_by_another(reopen: Callable[[], State]) -> None:
    one, other = reopen(), reopen()
    first = one.orders.add_hold("*", actor="ada", at=START, reason="storm")
    second = one.orders.add_hold("s/r1", actor="bob", at=LATER, reason="leak")
    override = one.orders.add_override("G1", "s", actor="ada", at=START, until=EVENING, reason="empty house")
    assert list(other.orders.holds()) == [first, second]
    assert first == Hold(first.id, "*", "ada", "storm", START)
    assert list(other.orders.overrides()) == [override]
    assert override == Override(override.id, "G1", "s", "ada", "empty house", START, EVENING)


def test_a_removed_hold_holds_nothing_and_is_removed_once(state: State) -> None:
    kept = state.orders.add_hold("s", actor="ada", at=START, reason="one")
    gone = state.orders.add_hold("s", actor="ada", at=START, reason="two")
    assert state.orders.remove_hold(gone.id, actor="bob", at=LATER) == gone
    assert list(state.orders.holds()) == [kept]
    for missing in (gone.id, 77):
        with pytest.raises(InvalidInput, match=f"there is no hold {missing}"):
            state.orders.remove_hold(missing, actor="bob", at=LATER)


def test_an_override_that_has_ended_is_left_out_if_asked_and_cannot_be_taken_back(state: State) -> None:
    short = state.orders.add_override("G1", "*", actor="ada", at=START, until=LATER, reason="short")
    long = state.orders.add_override("window", "s/r1", actor="ada", at=START, until=EVENING, reason="long")
    assert list(state.orders.overrides(at=START)) == [short, long]
    assert list(state.orders.overrides(at=LATER)) == [long]
    assert list(state.orders.overrides()) == [short, long]
    with pytest.raises(InvalidInput, match=f"no override {short.id} is in force"):
        state.orders.remove_override(short.id, actor="ada", at=LATER)


def test_an_override_is_taken_back_before_its_time(state: State) -> None:
    made = state.orders.add_override("G1", "*", actor="ada", at=START, until=EVENING, reason="empty house")
    assert state.orders.remove_override(made.id, actor="bob", at=LATER) == made
    assert list(state.orders.overrides()) == []
    with pytest.raises(InvalidInput, match="no override"):
        state.orders.remove_override(made.id, actor="bob", at=LATER)


def test_every_order_is_in_the_event_log_with_who_and_why(state: State) -> None:
    hold = state.orders.add_hold("s/r1", actor="ada", at=START, reason="leak under the window")
    state.orders.remove_hold(hold.id, actor="bob", at=LATER, reason="mended")
    override = state.orders.add_override("G6", "s", actor="eve", at=START, until=EVENING, reason="nobody lives there")
    state.orders.remove_override(override.id, actor="mia", at=LATER)
    assert logged(state) == [
        ("hold-added", "s/r1"),
        ("hold-removed", "s/r1"),
        ("override-added", ""),
        ("override-removed", ""),
    ]
    texts = [event.text for _, event in state.journal.events("")]
    assert [event.at for _, event in state.journal.events("")] == [START, LATER, START, LATER]
    assert texts == [
        f"ada holds s/r1: leak under the window (hold {hold.id})",
        f"bob removed hold {hold.id} of ada on s/r1: mended",
        f"eve overrides G6 for s until 2026-01-15T22:00:00.000Z: nobody lives there (override {override.id})",
        f"mia took back override {override.id} of eve: G6 for s",
    ]
    assert state.chain_flaw() is None


def test_what_is_ordered_elsewhere_is_logged_in_its_order(state: State) -> None:
    noted = [Noted("", unit, START, "drain-asked", f"ada drains {unit}") for unit in ("s/r2", "s/r1")]
    state.orders.note(noted)
    state.orders.note([])
    assert [event for _, event in state.journal.events("")] == noted
    assert state.chain_flaw() is None


def test_an_order_that_could_not_be_given_leaves_no_entry(state: State) -> None:
    with pytest.raises(InvalidInput):
        state.orders.remove_hold(1, actor="ada", at=START)
    assert logged(state) == []


def test_digests_of_the_log_are_had_by_number_and_the_head_is_the_last(state: State) -> None:
    assert (state.chain_head().number, state.chain_digests([1])) == (0, {})
    for reason in ("one", "two"):
        state.orders.add_hold("*", actor="ada", at=START, reason=reason)
    head, digests = state.chain_head(), state.chain_digests([1, 2, 3, 2])
    assert sorted(digests) == [1, 2]
    assert (head.number, head.digest) == (2, digests[2])
    assert digests[1] != digests[2]


def test_the_log_is_read_whatever_rollout_its_entries_belong_to(state: State) -> None:
    hold = state.orders.add_hold("*", actor="ada", at=START, reason="storm")
    state.orders.remove_hold(hold.id, actor="ada", at=START)
    state.rollouts.add(rollout(), rows(), {})
    epoch = state.controllers.acquire(owner="c", host="h", pid=1, command="", now=START, lease_s=30)
    state.journal.commit(epoch, [note("three"), note("four")])
    whole = state.journal.log(after=0, limit=10)
    assert [(number, event.what) for number, event in whole] == [
        (1, "hold-added"),
        (2, "hold-removed"),
        (3, "test"),
        (4, "test"),
    ]
    assert list(state.journal.log(after=1, limit=2)) == list(whole[1:3])
    assert list(state.journal.log(after=4, limit=2)) == []


def test_a_reader_of_the_log_is_remembered(reopen: Callable[[], State]) -> None:
    state = reopen()
    assert state.cursors.get("webhook a") is None
    for number in (3, 7):
        state.cursors.set("webhook a", number)
    state.cursors.set("webhook b", 0)
    again = reopen()
    assert [again.cursors.get(f"webhook {name}") for name in "abc"] == [7, 0, None]
