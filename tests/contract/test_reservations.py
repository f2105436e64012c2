"""What units were admitted to, whatever keeps it: memory, SQLite, PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from fleetctl.core.commissioning.reservation import Reserved, reserved
from fleetctl.ports import State

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ONE, TWO = (reserved([f"home/r{number}"], f"c-{number}", "ada", NOON, 1800.0) for number in (1, 2))


def standing(state: State, site: str = "home") -> Reserved:
    return state.reservations.change(site, lambda before: (before, before))


def test_what_one_process_reserves_another_one_reckons_with(reopen: Callable[[], State]) -> None:
    one, other = reopen(), reopen()
    assert one.reservations.change("home", lambda _: (ONE, "begins")) == "begins"
    other.reservations.change("home", lambda before: ({**before, **TWO}, None))
    assert standing(one) == {**ONE, **TWO}
    assert standing(one, "elsewhere") == {}


def test_what_is_over_is_gone_and_what_changed_is_as_it_is_now(state: State) -> None:
    state.reservations.change("home", lambda _: ({**ONE, **TWO}, None))
    later = reserved(["home/r2"], "c-3", "kim", NOON, 60.0)
    state.reservations.change("home", lambda _: (later, None))
    assert standing(state) == later


def test_who_breaks_off_changes_nothing(state: State) -> None:
    state.reservations.change("home", lambda _: (ONE, None))

    def break_off(_: Reserved) -> tuple[Reserved, None]:
        raise KeyError("no such unit")

    with pytest.raises(KeyError):
        state.reservations.change("home", break_off)
    assert standing(state) == ONE


def test_nobody_decides_while_another_one_does(reopen: Callable[[], State]) -> None:
    """Whoever is second waits for the first: that he decides meanwhile is waited for, and does not happen."""
    one, other = reopen(), reopen()
    decided = threading.Event()

    def second(before: Reserved) -> tuple[Reserved, None]:
        decided.set()
        return {**before, **TWO}, None

    thread = threading.Thread(target=lambda: other.reservations.change("home", second))

    def first(before: Reserved) -> tuple[Reserved, bool]:
        thread.start()
        return {**before, **ONE}, decided.wait(0.3)

    assert not one.reservations.change("home", first)
    thread.join(60.0)
    assert standing(one) == {**ONE, **TWO}
