"""Reserves: numbered, lifted once, called apart where two kits gave one number."""

from __future__ import annotations

import pytest

from fleetctl.core.commissioning.ledger import Entry, dwelling_subject, in_order, written
from fleetctl.core.commissioning.stages import Outcome
from fleetctl.core.commissioning.undoing import undoing_of
from fleetctl.core.handover.reserves import lifting_draft, reserve_draft, reserves
from fleetctl.core.problems import InvalidInput
from tests.builders.field import T0, Field
from tests.builders.fleets import a_building, a_plant

SITE = a_building()
ROOM = dwelling_subject(SITE.id, "A101")


def noted(*texts: str, writer: str = "kit-a") -> list[Entry]:
    field = Field(SITE)
    for text in texts:
        field.reserve(ROOM, text)
    return field.entries(writer)


def code_of(raised: pytest.ExceptionInfo[InvalidInput]) -> str:
    (problem,) = raised.value.problems
    return problem.code


def test_reserves_are_numbered_from_one_and_keep_their_numbers() -> None:
    entries = noted("one", "two")
    assert [(each.name, each.text, each.lifting) for each in reserves(entries)] == [
        ("1", "one", None),
        ("2", "two", None),
    ]


def test_a_number_that_was_taken_back_is_not_given_again() -> None:
    field = Field(SITE)
    field.reserve(ROOM, "one")
    (one,) = field.entries()
    field.say(ROOM, one.draft.stage, Outcome.UNDONE, **undoing_of(one))
    field.reserve(ROOM, "two")
    assert [(each.name, each.text) for each in reserves(field.entries())] == [("2", "two")]


def test_sites_count_for_themselves() -> None:
    plant = a_plant()
    draft = reserve_draft(noted("one"), plant.id, plant.id, "first of the plant", "lea", T0)
    assert draft.detail["reserve"] == 1


def test_a_lifting_says_who_and_why_and_is_the_reserves_alone() -> None:
    field = Field(SITE)
    field.reserve(ROOM, "one")
    field.reserve(ROOM, "two")
    field.lift("2", "mounted")
    one, two = reserves(field.entries())
    assert one.lifting is None
    assert two.lifting is not None
    assert (two.lifted_because, two.lifting.draft.actor) == ("mounted", "lea")


def test_of_two_kits_that_gave_one_number_each_reserve_has_a_name_of_its_own() -> None:
    both = in_order([*noted("scratch", writer="kit-a"), *noted("valve", writer="kit-b")])
    names = [each.name for each in reserves(both)]
    assert names == sorted(f"1-{entry.digest[:4]}" for entry in both)
    with pytest.raises(InvalidInput) as raised:
        lifting_draft(both, "1", "", "lea", T0)
    assert code_of(raised) == "ambiguous-reserve"
    assert all(name in str(raised.value) for name in names)
    (open_one,) = (each for each in reserves([*both, *_lifted(both, names[0])]) if each.lifting is None)
    assert open_one.name == names[1]


def _lifted(entries: list[Entry], name: str) -> list[Entry]:
    return written("state", None, [lifting_draft(entries, name, "", "lea", T0)])


@pytest.mark.parametrize("name", ["2", "1-ffff", "", "one"])
def test_what_does_not_exist_is_not_lifted(name: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        lifting_draft(noted("one"), name, "", "lea", T0)
    assert code_of(raised) == "no-open-reserve"


def test_a_reserve_is_lifted_once() -> None:
    entries = noted("one")
    with pytest.raises(InvalidInput, match="lifted already"):
        lifting_draft([*entries, *_lifted(entries, "1")], "1", "", "lea", T0)


def test_if_two_people_lifted_it_the_first_counts() -> None:
    entries = noted("one")
    first = written("kit-b", None, [lifting_draft(entries, "1", "mounted", "karim", T0)])
    second = written("kit-c", None, [lifting_draft(entries, "1", "done", "lea", T0)])
    (reserve,) = reserves([*second, *entries, *first])
    assert reserve.lifted_because == "mounted"


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "empty-reserve"), (" \n", "empty-reserve"), ("\x1b[2J", "bad-reserve"), ("x" * 1001, "bad-reserve")],
)
def test_a_text_that_cannot_be_one_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        reserve_draft([], SITE.id, ROOM, text, "lea", T0)
    assert code_of(raised) == code


def test_line_breaks_become_spaces() -> None:
    assert reserve_draft([], SITE.id, ROOM, "a\r\nb\t c", "lea", T0).detail["text"] == "a b c"
