"""The kits that left, whatever keeps them: memory, SQLite, PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from fleetctl.core.kit.record import Kit, Merge, exported, merged, revoked
from fleetctl.ports import State

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KIT = Kit("k-2", "home", "Ada", "ops", NOON, NOON + timedelta(days=3), "m" * 64, "ssh-ed25519 AAAA", ("A1",), {"s": 4})


def test_what_one_process_keeps_another_one_reads(reopen: Callable[[], State]) -> None:
    older = Kit("k-9", "home", "Bob", "ops", NOON - timedelta(days=1), NOON, "0" * 64, "ssh-ed25519 BBBB")
    reopen().kits.keep(KIT, exported(KIT))
    reopen().kits.keep(older, exported(older))
    assert list(reopen().kits.kits()) == [older, KIT]


def test_a_kit_is_replaced_and_each_word_about_it_is_in_the_event_log(state: State) -> None:
    state.kits.keep(KIT, exported(KIT))
    after = KIT.after_merge(Merge(NOON, 3, 7), ["d"])
    state.kits.keep(after, merged(after, "ops", NOON, 7))
    lost = after.after_revocation("eve", NOON, "lost in a train")
    state.kits.keep(lost, revoked(lost, NOON))
    assert list(state.kits.kits()) == [lost]
    assert [event.what for _, event in state.journal.events("")] == ["kit-exported", "kit-merged", "kit-revoked"]
