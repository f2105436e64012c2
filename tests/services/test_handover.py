"""Reports are issued once for the same facts, follow each other, and are held against ledger and log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fleetctl.core.commissioning.ledger import Entry, written
from fleetctl.core.digest import digest_of
from fleetctl.core.handover.document import to_document
from fleetctl.core.handover.issue import issued
from fleetctl.core.handover.report import Handover
from fleetctl.core.handover.seal import Seal, Sealed, json_file, opened
from fleetctl.core.rollout.state import Noted
from fleetctl.services.handover import Request, flaws, issue, sealed_html, sealed_json
from tests.builders.field import T0, Field
from tests.builders.fleets import a_building
from tests.builders.memory_state import MemoryState

SITE = a_building()


class Initials:
    """Signs with a word; whoever knows the word can, and nobody else here does."""

    def __init__(self, public: str = "ours") -> None:
        self.public = public

    def sign(self, message: bytes) -> str:
        return digest_of([self.public, message.hex()])


def forgery(seal: Seal) -> str | None:
    if seal.key != "ours":
        return "not trusted"
    return None if seal.signature == Initials().sign(seal.message) else "wrong"


@pytest.fixture
def state() -> MemoryState:
    """A state with one dwelling commissioned."""
    state, field = MemoryState(), Field(SITE)
    field.dwelling("A101")
    state.ledger.append(field.drafts)
    return state


def issue_in(state: MemoryState, dwelling: str = "", hours: float = 5) -> Handover:
    return issue(state, Request(SITE, dwelling, "lea", T0 + timedelta(hours=hours)))


def file_of(report: Handover) -> Sealed:
    return opened(sealed_json(to_document(report), Initials()))


def flaws_of(state: MemoryState, *reports: Handover) -> list[str]:
    found = flaws({str(number): file_of(each) for number, each in enumerate(reports)}, forgery, state)
    return [text for texts in found.values() for text in texts]


def test_a_report_is_genuine_in_every_form_and_whenever_it_is_asked_for(state: MemoryState) -> None:
    first, again = issue_in(state), issue_in(state, hours=9)
    assert to_document(first) == to_document(again)
    assert len(issued(state.ledger.entries())) == 1
    page = '<script type="application/json" id="report">{}</script>'
    html = opened(sealed_html({}, page, Initials()))
    assert html.changed is None
    assert flaws_of(state, again) == []


def test_what_changed_since_makes_the_next_report_of_the_site(state: MemoryState) -> None:
    first, of_dwelling = issue_in(state), issue_in(state, "A101")
    field = Field(SITE, at=T0 + timedelta(hours=6))
    field.dwelling("A102")
    state.ledger.append(field.drafts)
    unchanged, second = issue_in(state, "A101", hours=8), issue_in(state, hours=8)
    assert [each.issue.number for each in (first, of_dwelling, unchanged, second)] == [1, 2, 2, 3]
    assert second.issue.previous == digest_of(to_document(of_dwelling))
    assert second.issue.head.number > first.issue.head.number
    assert flaws_of(state, first, of_dwelling, second) == []


def test_the_event_log_covers_that_a_report_was_issued(state: MemoryState) -> None:
    before = state.chain_head().number
    issue_in(state)
    assert state.chain_head().number == before + 1


def test_another_states_report_is_said_to_be_so(state: MemoryState) -> None:
    report = issue_in(state)
    other = MemoryState(uuid="another")
    (flaw,) = flaws_of(other, report)
    assert flaw == "it was made by another state, state-in-memory, whose ledger was not merged"


def test_a_report_that_was_made_in_the_field_is_held_against_what_was_brought_back(state: MemoryState) -> None:
    report, home = issue_in(state), MemoryState(uuid="home")
    home.ledger.merge(state.ledger.entries())
    assert flaws_of(home, report) == []
    home.rows.ledger[:] = _reword(home.rows.ledger, 3)
    assert any("is not what it was" in flaw for flaw in flaws_of(home, report))


def _drop(entries: list[Entry], at: int) -> list[Entry]:
    return entries[:at] + entries[at + 1 :]


def _reword(entries: list[Entry], at: int) -> list[Entry]:
    """Write an entry anew and chain all that follow again, as whoever owns the database can."""
    drafts = [entry.draft for entry in entries]
    drafts[at] = replace(drafts[at], actor="somebody else")
    return written(entries[0].writer, None, drafts)


@pytest.mark.parametrize(
    ("tampered", "said"),
    [
        (lambda entries: _drop(entries, 3), "some are missing"),
        (lambda entries: entries[:-2], "is gone from the ledger"),
        (lambda entries: _reword(entries, 3), "is not what it was when the report was made"),
        (lambda entries: entries[:-1], "does not know report 1 of les-sables"),
    ],
)
def test_a_ledger_that_no_longer_holds_it_is_found_out(
    state: MemoryState, tampered: Callable[[list[Entry]], list[Entry]], said: str
) -> None:
    report = issue_in(state)
    state.rows.ledger[:] = tampered(state.rows.ledger)
    assert any(said in flaw for flaw in flaws_of(state, report))


def test_a_log_that_was_rewritten_is_found_out(state: MemoryState) -> None:
    report = issue_in(state)
    state.rows.events[2] = Noted("", "les-sables", T0, "nothing-happened", "nothing happened")
    (flaw,) = flaws_of(state, report)
    assert flaw.startswith(f"event {report.issue.head.number} of the log or one before it is not what it was")


def test_the_report_before_is_looked_for(state: MemoryState) -> None:
    issue_in(state)
    second = issue_in(state, "A101")
    entries = [entry for entry in state.rows.ledger if "handover" not in entry.draft.detail or entry.number > 20]
    own = [entry.draft for entry in entries if "handover" not in entry.draft.detail]
    last = state.rows.ledger[-1].draft
    state.rows.ledger[:] = written(state.uuid, None, [*own, last])
    flaw = "the ledger does not know the report before report 2 of les-sables, which names it"
    assert flaw in flaws_of(state, second)


def test_files_that_do_not_follow_each_other_are_said_without_any_state(state: MemoryState) -> None:
    first, second = issue_in(state), issue_in(state, "A101")
    other = file_of(replace(second, issue=replace(second.issue, previous="0" * 64)))
    found = flaws({"first": file_of(first), "second": other}, forgery, None)
    assert found[""] == ("report 2 of les-sables does not follow the report 1 that is here",)
    assert flaws({"first": file_of(first), "second": file_of(second)}, forgery, None)[""] == ()


def test_who_did_not_sign_it_is_not_believed_and_nothing_else_is_looked_at(state: MemoryState) -> None:
    document: dict[str, Any] = {**to_document(issue_in(state)), "ledger": "not even a list"}
    strange = opened(sealed_json(document, Initials("theirs")))
    of = digest_of(document)
    forged = opened(json_file(document, Seal(of, of, "ours", "made up")))
    assert flaws({"a": strange, "b": forged}, forgery, state) == {"a": ("not trusted",), "b": ("wrong",), "": ()}
