from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.lab.unit.slots import (
    ATTEMPTS,
    Environment,
    load,
    mark_active,
    mark_bad,
    mark_good,
    other,
    start,
    store,
)


def boots(env: Environment, count: int) -> list[str]:
    """Return the slots of so many boots in a row, none of which is marked good."""
    chosen = []
    for _ in range(count):
        slot, env = start(env)
        chosen.append(slot)
    return chosen


def test_a_fresh_unit_boots_the_first_slot() -> None:
    assert start(Environment())[0] == "A"


def test_a_slot_that_is_never_marked_good_falls_back_after_its_attempts() -> None:
    assert boots(mark_active(Environment(), "B"), ATTEMPTS + 1) == ["B"] * ATTEMPTS + ["A"]


def test_a_slot_that_is_marked_good_each_time_never_falls_back() -> None:
    env = mark_active(Environment(), "B")
    for _ in range(3 * ATTEMPTS):
        slot, env = start(env)
        assert slot == "B"
        env = mark_good(env, slot)


def test_with_no_attempts_left_anywhere_all_slots_are_tried_again() -> None:
    assert boots(Environment(), 2 * ATTEMPTS + 1) == ["A"] * ATTEMPTS + ["B"] * ATTEMPTS + ["A"]


def test_both_slots_marked_bad_still_boot_something() -> None:
    assert start(mark_bad(mark_bad(Environment(), "A"), "B"))[0] == "A"


def test_a_bad_slot_is_passed_over_until_it_is_made_active() -> None:
    env = mark_bad(Environment(), "A")
    assert (env.is_good("A"), env.primary) == (False, "B")
    assert mark_active(env, "A").primary == "A"


def test_marking_good_does_not_change_which_slot_is_first() -> None:
    assert mark_good(mark_active(Environment(), "B"), "A").primary == "B"


@pytest.mark.parametrize("slot", ["A", "B"])
def test_marking_is_idempotent(slot: str) -> None:
    for mark in (mark_good, mark_bad, mark_active):
        once = mark(Environment(), slot)
        assert mark(once, slot) == once


def test_the_other_slot() -> None:
    assert (other("A"), other("B")) == ("B", "A")


def test_the_environment_survives_being_written_down(tmp_path: Path) -> None:
    env = mark_bad(start(mark_active(Environment(), "B"))[1], "A")
    store(tmp_path / "boot", env)
    assert load(tmp_path / "boot") == env


def test_a_missing_environment_is_a_fresh_one(tmp_path: Path) -> None:
    assert load(tmp_path) == Environment()


def test_writing_leaves_no_draft(tmp_path: Path) -> None:
    store(tmp_path, Environment())
    assert [p.name for p in tmp_path.iterdir()] == ["environment"]
