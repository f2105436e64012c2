"""Whose a drain is, and what may be done about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.facts import drain_reason
from fleetctl.core.platform.drains import (
    RETIRING,
    Did,
    Owner,
    by_hand,
    may_cancel,
    owner,
    rollout_of,
    to_drain,
    to_undrain,
)
from fleetctl.core.platform.node import Health, Node
from fleetctl.core.platform.request import may_undrain

OURS, HANDS, THEIRS = drain_reason("r-1"), by_hand("fan"), "disk is loud"
reasons = st.sampled_from([OURS, drain_reason("r-2"), HANDS, THEIRS, "fleetctlish", "Not responding"])
nodes = st.builds(
    lambda health, drained, reason: Node("n", health, drained, reason if drained else ""),
    st.sampled_from(Health),
    st.booleans(),
    reasons,
)


@pytest.mark.parametrize(
    ("reason", "whose", "rollout"),
    [
        ("", Owner.NOBODY, ""),
        (OURS, Owner.ROLLOUT, "r-1"),
        (HANDS, Owner.PERSON, ""),
        (RETIRING, Owner.PERSON, ""),
        (THEIRS, Owner.OTHERS, ""),
        ("fleetctl", Owner.OTHERS, ""),
        ("fleetctl-r-1", Owner.OTHERS, ""),
        ("Fleetctl r-1", Owner.OTHERS, ""),
    ],
)
def test_a_drain_is_whoevers_token_it_bears(reason: str, whose: Owner, rollout: str) -> None:
    assert (owner(reason), rollout_of(reason)) == (whose, rollout)


@given(nodes, reasons)
def test_no_drain_that_stands_is_written_over(node: Node, reason: str) -> None:
    assert not (node.drained and to_drain(node, reason) is Did.DRAINED)


@given(nodes, reasons)
def test_only_the_drain_with_this_very_reason_is_ended(node: Node, reason: str) -> None:
    ended = to_undrain(node, reason) is Did.UNDRAINED
    assert ended == (node.drained and node.reason == reason and node.health is not Health.ABSENT)


@given(nodes, reasons)
def test_what_was_drained_can_be_undrained_and_then_is_as_before(node: Node, reason: str) -> None:
    if to_drain(node, reason) is Did.DRAINED:
        drained = Node("n", node.health, True, reason)
        assert to_drain(drained, reason) is Did.ALREADY
        assert to_undrain(drained, reason) is Did.UNDRAINED


@given(nodes, reasons)
def test_jobs_are_ended_only_under_a_drain_of_ones_own(node: Node, reason: str) -> None:
    assert may_cancel(node, reason) == (to_drain(node, reason) is Did.ALREADY)


@given(nodes, st.sets(st.sampled_from(["r-1", "r-2"])))
def test_no_person_ends_a_drain_of_others_or_of_a_rollout_that_runs(node: Node, active: set[str]) -> None:
    if node.drained and may_undrain(node, active):
        assert owner(node.reason) in {Owner.PERSON, Owner.ROLLOUT}
        assert rollout_of(node.reason) not in active


@given(st.text())
def test_a_persons_reason_is_one_quotable_line_and_stays_a_persons(text: str) -> None:
    token = by_hand(text)
    assert owner(token) is Owner.PERSON
    assert '"' not in token
    assert len(token.splitlines()) == 1
    assert by_hand(text) == token == token.strip()
