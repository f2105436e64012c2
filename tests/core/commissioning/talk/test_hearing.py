"""What follows from what a person says."""

from __future__ import annotations

import pytest

from fleetctl.core.commissioning.order import STAGES
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.talk.said import Verb, understood
from fleetctl.core.commissioning.talk.scene import Person
from fleetctl.core.handover.reserves import reserves
from fleetctl.core.inventory.fleet import Kind
from tests.builders.commissioning import draft, through
from tests.builders.sitting import Talk

RADIATOR = STAGES[Kind.RADIATOR]
AS_FAR_AS_LAMP = RADIATOR[:3]
ALL_BUT_ACCEPTED = RADIATOR[:-1]


@pytest.mark.parametrize(
    ("line", "verb"),
    [
        ("undo", Verb.UNDO),
        ("Annuler", Verb.UNDO),
        ("réserve a1-1 rayure", Verb.NOTE),
        ("RESERVE rayure", Verb.NOTE),
        ("logement A2", Verb.GO),
        ("\ufeffQR-0011\t", Verb.SCAN),
        ("hello there", Verb.UNKNOWN),
    ],
)
def test_words_of_both_languages_and_labels_are_told_apart(line: str, verb: Verb) -> None:
    said = understood(line)
    assert said is not None
    assert said.verb is verb


@pytest.mark.parametrize("line", ["", "   ", "\x00\x1b"])
def test_a_line_of_nothing_says_nothing(line: str) -> None:
    assert understood(line) is None


def test_a_scanned_label_is_delivered_and_installed() -> None:
    talk = Talk()
    assert talk.codes("QR-0011") == ["installed"]
    assert talk.passed("a1-1") == {Stage.DELIVERED, Stage.INSTALLED}
    installed = talk.drafts[-1]
    assert installed.detail["serial"] == "QR-0011"
    assert installed.detail["place"] == "A1 living"
    assert (installed.actor, installed.detail["name"]) == ("alix", "Alix")


def test_a_label_used_twice_is_refused_with_where_it_was_used() -> None:
    talk = Talk()
    talk("QR-0011")
    refused = talk("0200.0000.0003")  # the other label of the same machine
    assert refused.drafts == ()
    (said,) = refused.sayings
    assert said.code == "label-used"
    assert (said.values["place"], said.values["room"], said.values["who"]) == ("A1", "living", "alix")


def test_a_label_of_another_dwelling_changes_nothing() -> None:
    talk = Talk()
    assert talk.codes("QR-0021") == ["label-elsewhere"]
    assert talk.codes("QR-9999") == ["label-unknown"]
    assert talk.passed("a2-1") == set()


def test_on_delivery_labels_of_all_dwellings_are_taken() -> None:
    talk = Talk()
    talk("delivery")
    assert talk.codes("QR-0021") == ["delivered"]
    assert talk.codes("QR-0021") == ["label-used"]
    assert talk.passed("a2-1") == {Stage.DELIVERED}
    talk("dwelling a2")
    assert talk.codes("QR-0021") == ["installed"]


def test_undo_takes_back_the_whole_of_the_last_line_and_nothing_else() -> None:
    talk = Talk()
    talk("QR-0011")
    talk("QR-0012")
    assert talk.codes("undo") == ["undone"]
    assert talk.passed("a1-2") == set()
    assert talk.passed("a1-1") == {Stage.DELIVERED, Stage.INSTALLED}
    talk("undo")
    assert talk.passed("a1-1") == set()
    assert talk.codes("undo") == ["nothing-to-undo"]
    assert talk.codes("QR-0011") == ["installed"]


def test_undo_leaves_alone_what_instruments_and_others_wrote() -> None:
    talk = Talk()
    talk("QR-0011")
    talk.drafts.append(draft("a1-1", Stage.DISCOVERED, minute=70))
    other = Talk(person=Person("bo"), drafts=talk.drafts)
    assert other.codes("undo") == ["nothing-to-undo"]


def test_a_dwelling_is_skipped_with_its_reason_and_visited_again() -> None:
    talk = Talk()
    assert talk.codes("skip") == ["needs-reason"]
    assert talk.codes("skip nobody opens") == ["place-skipped"]
    (left_out,) = talk.scene.checklist.to_visit
    assert left_out.skip is not None
    assert (left_out.id, left_out.skip.reason, left_out.skip.stage) == ("A1", "nobody opens", Stage.DELIVERED)
    assert talk.place != "A1"
    assert talk.codes("visit A1") == ["visited"]
    assert talk.scene.checklist.to_visit == ()
    assert talk.place == "A1"


def test_undoing_a_visit_leaves_the_dwelling_out_again() -> None:
    talk = Talk()
    talk("skip nobody opens")
    talk("visit A1")
    talk("undo")
    assert [each.id for each in talk.scene.checklist.to_visit] == ["A1"]


def test_one_unit_is_skipped_by_its_name() -> None:
    talk = Talk()
    assert talk.codes("skip a1-2 broken in transport") == ["unit-skipped"]
    ask = talk.scene.walk.ask(talk.scene.checklist, "A1")
    assert ask is not None
    assert ask.subject == "s/a1-1"


def test_a_lamp_that_was_seen_is_confirmed_and_one_that_was_not_fails() -> None:
    talk = Talk()
    talk.drafts += [*through("a1-1", AS_FAR_AS_LAMP), *through("a1-2", AS_FAR_AS_LAMP)]
    assert talk.codes("confirm") == ["seen"]
    assert Stage.IDENTIFIED in talk.passed("a1-1")
    assert talk.codes("non") == ["not-seen"]
    assert [each.reason for each in talk.scene.checklist.units["s/a1-2"].failed] == ["nobody saw it blink (bedroom)"]
    assert talk.codes("confirm") == ["nothing-to-confirm"]
    assert talk.codes("visit") == ["visited"]
    assert talk.codes("oui a1-2") == ["seen"]


def test_a_person_vouches_for_a_room_that_no_sensor_can_prove() -> None:
    talk = Talk()
    talk.drafts += through("a1-1", RADIATOR[:7])
    assert talk.codes("confirm") == ["nothing-to-confirm"]
    talk.drafts.append(
        draft("a1-1", Stage.ROOM_PROOF, Outcome.PENDING, minute=20, answer="built_in", reason="built in")
    )
    assert talk.codes("confirm") == ["vouched"]
    entry = talk.drafts[-1]
    assert entry.outcome is Outcome.CONFIRMED
    assert entry.detail["answer"] == "built_in"


def test_a_dwelling_is_accepted_only_when_all_is_over() -> None:
    talk = Talk()
    talk.drafts += through("a1-1", ALL_BUT_ACCEPTED)
    assert talk.codes("accept") == ["not-accepted"]
    talk.drafts += through("a1-2", ALL_BUT_ACCEPTED)
    assert talk.codes("accept") == ["accepted"]
    assert talk.scene.checklist.dwellings["A1"].accepted
    assert not talk.scene.checklist.accepted


def test_a_reserve_is_noted_about_a_unit_or_the_place_and_lifted() -> None:
    talk = Talk()
    assert talk.codes("note a1-1 scratch on the front") == ["noted"]
    assert talk.codes("note the door sticks") == ["noted"]
    assert talk.codes("lift 1 painted over") == ["lifted"]
    assert talk.codes("lift 7") == ["bad-reserve"]
    found = reserves(talk.entries)
    assert [(each.subject, each.lifting is not None) for each in found] == [("s/a1-1", True), ("s/dwelling:A1", False)]


def test_what_is_neither_word_nor_label_is_said_and_changes_nothing() -> None:
    talk = Talk()
    heard = talk("open the door")
    assert [said.code for said in heard.sayings] == ["not-understood"]
    assert heard.drafts == ()


def test_an_unknown_dwelling_is_said_with_those_that_there_are() -> None:
    (said,) = Talk()("dwelling Z9").sayings
    assert said.code == "no-place"
    assert "A1" in str(said.values["known"])
