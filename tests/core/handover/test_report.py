"""The report as a fold of the ledger: what stands where, who answers, what is open, and what it rests on."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest

from fleetctl.core.commissioning.ledger import dwelling_subject
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import State
from fleetctl.core.digest import digest_of
from fleetctl.core.handover.document import to_document
from fleetctl.core.handover.issue import Issue, issue_draft, issue_from_document, issued, next_issue
from fleetctl.core.handover.report import Handover, UnitReport, handover
from fleetctl.core.log_heads import Head
from tests.builders.field import KARIM, LEA, T0, Field, a_mixed_ledger, burn_in, fingerprints

SITE, ENTRIES = a_mixed_ledger()
ISSUE = Issue(1, SITE.id, "", T0, "state-1", Head(9, "h9"), "")


def report(dwelling: str = "") -> Handover:
    return handover(SITE, ENTRIES, replace(ISSUE, dwelling=dwelling), fingerprints(SITE))


def unit(name: str, of: Handover | None = None) -> UnitReport:
    return next(each for each in (of or report()).units if each.unit.id == name)


def test_every_place_has_its_machine_and_its_identity() -> None:
    one = unit("a101-1")
    assert (one.serial, one.unit.mac, one.unit.room) == (one.unit.serial, "02:51:00:01:00:00", "living")
    assert list(one.fingerprints) == fingerprints(SITE)[one.unit.name]


def test_every_stage_has_who_and_when() -> None:
    for stage in unit("a102-1").stages:
        assert (stage.state, stage.person, stage.actor, stage.by) == (State.DONE, KARIM, "karim", KARIM)
        assert stage.at is not None
        assert len(stage.entry) == 64


def test_what_was_not_done_names_nobody() -> None:
    accepted = unit("a103-1").stages[-1]
    assert (accepted.state, accepted.by, accepted.at, accepted.entry) == (State.OPEN, "", None, "")


def test_a_burn_in_that_was_repeated_shows_the_one_that_counts() -> None:
    one = unit("a102-1")
    (stage,) = (each for each in one.stages if each.stage is Stage.BURN_IN)
    assert (stage.state, stage.tries, one.burn_in.verdict) == (State.DONE, 2, "passed")
    assert [check.holds for check in one.burn_in.checks] == [True, True, None, True]
    power, ambient = one.burn_in.curves
    assert (power.unit, len(power.points), power.low, power.high) == ("W", 61, 585.0, 715.0)
    assert (ambient.unit, ambient.low) == ("°C", None)


def test_where_only_a_person_could_confirm_is_known() -> None:
    assert [each.unit.id for each in report().units if each.is_vouched] == ["a102-2"]


def test_reserves_have_their_lifting() -> None:
    one, two = report().reserves
    assert (one.subject, one.lifting) == (dwelling_subject(SITE.id, "A101"), None)
    assert two.lifted_because == "Mounted"
    assert report().open_reserves == (one,)


def test_a_dwelling_that_was_left_out_says_why() -> None:
    skipped = [each.skipped.reason for each in report().dwellings if each.skipped]
    assert skipped == ["nobody at home"]
    assert [each.accepted for each in report().dwellings] == [True, False, False]


def test_the_report_of_a_dwelling_has_its_units_its_gateway_and_their_entries_alone() -> None:
    of = report("A102")
    assert [each.unit.id for each in of.units] == ["gw-1", "a102-1", "a102-2", "a102-3"]
    assert [each.dwelling.id for each in of.dwellings] == ["A102"]
    assert (of.reserves, of.acceptance) == ((), None)
    names = {f"{SITE.id}/gw-1", *(f"{SITE.id}/a102-{n}" for n in (1, 2, 3)), dwelling_subject(SITE.id, "A102")}
    assert {entry.draft.subject for entry in of.ledger} <= names


def test_the_report_is_the_same_in_whatever_order_entries_come() -> None:
    shuffled = random.Random(1).sample(ENTRIES, len(ENTRIES))
    again = handover(SITE, shuffled, ISSUE, fingerprints(SITE))
    assert to_document(again) == to_document(report())


def test_the_document_is_json_and_rests_on_every_entry() -> None:
    document = to_document(report())
    assert json.loads(json.dumps(document)) == document
    assert [row["digest"] for row in document["ledger"]] == [entry.digest for entry in ENTRIES]


@pytest.mark.parametrize("dwelling", ["", "A101"])
def test_any_other_entry_makes_another_document(dwelling: str) -> None:
    field = Field(SITE, at=ENTRIES[-1].draft.at)
    field.say(f"{SITE.id}/a101-1", Stage.ACCEPTED, Outcome.NOTE, text="looked at again")
    more = [*ENTRIES, *field.entries("kit-b")]
    issue = replace(ISSUE, dwelling=dwelling)
    documents = [to_document(handover(SITE, entries, issue, {})) for entries in (ENTRIES, more)]
    assert digest_of(documents[0]) != digest_of(documents[1])


def test_that_a_report_was_issued_is_not_part_of_what_it_is_of() -> None:
    field = Field(SITE, at=ENTRIES[-1].draft.at)
    field.drafts.append(issue_draft(ISSUE, "d1", "lea"))
    again = handover(SITE, [*ENTRIES, *field.entries("state-2")], ISSUE, fingerprints(SITE))
    assert to_document(again) == to_document(report())


@pytest.mark.parametrize(
    "detail",
    [
        {"checks": "many", "curve": 7, "responses": []},
        {"checks": [1, None, {"name": 3, "holds": "yes"}], "curve": [[1], "x", [0, "a", None], [None, 1, 2]]},
        {"checks": [{"about": 1}], "curve": [[0, 1.0, None], [True, 2, 3]], "responses": {"t": [1], "u": ["a", "b"]}},
        {},
    ],
)
def test_a_detail_that_is_damaged_is_shown_as_far_as_it_can_be_read(detail: dict[str, Any]) -> None:
    field = Field(SITE)
    field.say(f"{SITE.id}/a101-1", Stage.BURN_IN, **{**detail, "verdict": "passed"})
    of = unit("a101-1", handover(SITE, field.entries(), ISSUE, {}))
    assert of.burn_in.verdict == "passed"
    assert (of.burn_in.curves, of.burn_in.responses) == ((), ())
    to_document(handover(SITE, field.entries(), ISSUE, {}))


def test_a_burn_in_without_numbers_has_a_curve_without_a_band() -> None:
    field = Field(SITE)
    told = burn_in()
    told["checks"][0].pop("about")
    field.say(f"{SITE.id}/a101-1", Stage.BURN_IN, **told)
    power = unit("a101-1", handover(SITE, field.entries(), ISSUE, {})).burn_in.curves[0]
    assert (power.low, power.high) == (None, None)


class TestIssue:
    def test_it_comes_back_from_its_document(self) -> None:
        assert issue_from_document(ISSUE.to_document()) == ISSUE

    @pytest.mark.parametrize(
        "row", [{}, {"number": 1}, {**ISSUE.to_document(), "log_head": None}, {**ISSUE.to_document(), "made": "x"}]
    )
    def test_something_else_is_none(self, row: dict[str, object]) -> None:
        with pytest.raises(ValueError, match=r"it lacks|isoformat"):
            issue_from_document(row)

    def test_reports_of_a_site_follow_each_other_whatever_they_are_of(self) -> None:
        field = Field(SITE)
        first = next_issue((), SITE.id, "", T0, "state-1", Head(1, "h1"))
        field.drafts.append(issue_draft(first, "d1", "lea"))
        second = next_issue(issued(field.entries()), SITE.id, "A101", T0, "state-1", Head(2, "h2"))
        assert (first.number, first.previous) == (1, "")
        assert (second.number, second.previous) == (2, "d1")
        assert LEA not in str(second)
