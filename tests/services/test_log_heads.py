"""A head is signed once, and never of a log that lost what was signed before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from fleetctl.core.log_heads import SignedHead
from fleetctl.core.problems import CouldNot
from fleetctl.services.log_heads import Notary, check_log, sign_head
from tests.builders.memory_state import MemoryState
from tests.builders.world import START


class Stamp:
    public = "stamp"

    def sign(self, message: bytes) -> str:
        return f"stamped {len(message)}"


@dataclass
class Drawer:
    kept: list[SignedHead] = field(default_factory=list)

    def add(self, head: SignedHead) -> None:
        self.kept.append(head)

    def heads(self, state: str) -> Sequence[SignedHead]:
        return [head for head in self.kept if head.state == state]


@pytest.fixture
def notary() -> Notary:
    return Notary(Stamp(), Drawer())


def state_with(*reasons: str) -> MemoryState:
    state = MemoryState()
    for reason in reasons:
        state.orders.add_hold("*", actor="ada", at=START, reason=reason)
    return state


def is_genuine(head: SignedHead) -> str | None:
    return None if head.signature == Stamp().sign(head.message) else "its signature is wrong"


def test_an_empty_log_has_no_head_to_sign(notary: Notary) -> None:
    assert sign_head(MemoryState(), notary, START) is None
    assert notary.heads.heads("state-in-memory") == []


def test_a_head_is_signed_once(notary: Notary) -> None:
    state = state_with("one", "two")
    first = sign_head(state, notary, START)
    assert first is not None
    assert (first.head, first.state, first.key) == (state.chain_head(), state.uuid, "stamp")
    assert sign_head(state, notary, START) is None
    state.orders.add_hold("*", actor="ada", at=START, reason="three")
    assert sign_head(state, notary, START) is not None
    assert [head.head.number for head in notary.heads.heads(state.uuid)] == [2, 3]


def test_a_log_that_lost_what_was_signed_is_not_signed_again(notary: Notary) -> None:
    state = state_with("one", "two")
    sign_head(state, notary, START)
    del state.rows.events[1:]
    with pytest.raises(CouldNot, match="no longer holds event 2 as it was signed"):
        sign_head(state, notary, START)
    state.orders.add_hold("*", actor="eve", at=START, reason="another two")
    state.orders.add_hold("*", actor="eve", at=START, reason="three")
    with pytest.raises(CouldNot, match="no longer holds event 2"):
        sign_head(state, notary, START)
    assert len(notary.heads.heads(state.uuid)) == 1


def test_a_check_counts_what_is_vouched_for(notary: Notary) -> None:
    state = state_with("one", "two")
    sign_head(state, notary, START)
    state.orders.add_hold("*", actor="ada", at=START, reason="three")
    check = check_log(state, notary.heads.heads(state.uuid), is_genuine)
    assert (check.flaws, check.events, check.signed, check.heads) == ((), 3, 2, 1)


def test_a_log_that_is_another_is_found_out(notary: Notary) -> None:
    state = state_with("one", "two")
    sign_head(state, notary, START)
    kept = notary.heads.heads(state.uuid)
    assert "event 2 was there" in check_log(state_with("one"), kept, is_genuine).flaws[0]
    rewritten = check_log(state_with("one", "TWO"), kept, is_genuine)
    assert "event 2 or one before it is not what it was" in rewritten.flaws[0]
    assert rewritten.signed == 0
