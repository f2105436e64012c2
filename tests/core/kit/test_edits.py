"""Edits of the inventory by two parties: a three-way merge, value by value."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.inventory.edit import Put
from fleetctl.core.kit.edits import is_plain, line_of, merge_of, puts, subject_of

R1, R2 = {"serial": "S1", "port": "p1"}, {"serial": "S2"}
BEFORE: dict[str, Any] = {"radiators": {"r1": R1, "r2": R2}, "title": "Home"}


def changed(**of_r1: str) -> dict[str, Any]:
    return {**BEFORE, "radiators": {"r1": {**R1, **of_r1}, "r2": R2}}


def test_what_only_they_changed_is_taken() -> None:
    (change,) = merge_of("f", BEFORE, changed(port="p9"), changed(serial="S7")).changed
    assert not change.is_conflict
    assert line_of(change) == "radiators.r1.serial: S1 -> S7"
    assert puts((change,)) == (Put("radiators", "r1", {"serial": "S7"}),)


def test_what_both_changed_is_a_conflict_about_the_unit_unless_they_agree() -> None:
    (change,) = merge_of("f", BEFORE, changed(serial="S8"), changed(serial="S7")).conflicts
    assert subject_of("home", change.key) == "home/r1"
    assert merge_of("f", BEFORE, changed(serial="S7"), changed(serial="S7")).changed == ()


def test_what_we_changed_alone_stays() -> None:
    assert merge_of("f", BEFORE, changed(serial="S8"), BEFORE).changed == ()


def test_what_is_no_text_of_an_object_is_left_to_a_person() -> None:
    without = {**BEFORE, "radiators": {"r1": R1}}
    removed = merge_of("f", BEFORE, changed(port="p9"), without).changed
    assert [is_plain(change) for change in removed] == [False]
    (title,) = merge_of("f", BEFORE, BEFORE, {**BEFORE, "title": "Chez nous"}).changed
    assert not is_plain(title)
    assert subject_of("home", title.key) == "home:title"


VALUES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["1", "2", "3"]))


@given(VALUES, VALUES, VALUES)
def test_two_parties_meet_whoever_is_first(before: dict[str, str], one: dict[str, str], other: dict[str, str]) -> None:
    def as_file(values: dict[str, str]) -> Any:
        return {"radiators": {"r": values}} if values else {}

    def merged(ours: dict[str, str], theirs: dict[str, str]) -> dict[str, str]:
        taken = merge_of("f", as_file(before), as_file(ours), as_file(theirs)).changed
        new = {change.key[2]: change.theirs for change in taken if len(change.key) == 3 and not change.is_conflict}
        return {key: value for key, value in {**ours, **new}.items() if value is not None}

    def disputed(ours: dict[str, str], theirs: dict[str, str]) -> set[tuple[str, ...]]:
        merge = merge_of("f", as_file(before), as_file(ours), as_file(theirs))
        return {change.key for change in merge.conflicts}

    assert disputed(one, other) == disputed(other, one)
    if not disputed(one, other):
        assert merged(merged(before, one), other) == merged(merged(before, other), one)
