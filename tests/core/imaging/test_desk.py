"""Who is imaged, and what a machine has to prove, one table for each word that a machine says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fleetctl.core.imaging import desk
from fleetctl.core.imaging.claim import Claim
from fleetctl.core.imaging.desk import Answer, FromDisk, Given, Offer, Token, TurnedAway
from fleetctl.core.imaging.record import Imaging, Stage, Stranger
from fleetctl.core.route import Pin
from tests.builders.imaging import NOON, OFFER, TOKEN, done, enrolled, host_key, imaging, later, machine, requested

QUARANTINED = replace(requested(), stage=Stage.QUARANTINED, note="two machines")
TWO, THREE = "boot-two", "boot-three"
NEWER = Token("digest-of-another", NOON + timedelta(hours=2))
RIVAL = Claim("OTHER-1", machine(1).mac)


def stranger(minutes: float, claim: Claim = RIVAL) -> Stranger:
    return Stranger(claim, "it has the MAC of home/r1", later(minutes), later(minutes), units=("home/r1",))


def refused(answer: Answer) -> str:
    assert isinstance(answer, TurnedAway)
    return answer.reason


def given(answer: Answer) -> Imaging:
    assert isinstance(answer, Given)
    return answer.record


@pytest.mark.parametrize(
    ("record", "offer", "answer"),
    [
        (None, OFFER, FromDisk("nobody asked for it to be imaged")),
        (done(), OFFER, FromDisk("it was imaged")),
        (QUARANTINED, OFFER, TurnedAway("two machines")),
        (requested(), Offer("", "no image"), TurnedAway("no image", replace(requested(), note="no image"))),
        (imaging(), Offer("", "expired"), TurnedAway("expired", replace(imaging(), note="expired"))),
        (requested(), OFFER, Given(requested())),
        (imaging(), OFFER, Given(imaging())),
        (enrolled(), OFFER, Given(enrolled())),
    ],
)
def test_only_a_unit_that_was_asked_for_may_have_an_image(record: Imaging, offer: Offer, answer: Answer) -> None:
    assert desk.admit(record, machine(1), (), offer, NOON) == answer


def test_two_machines_with_one_mac_are_both_refused_and_their_unit_is_quarantined() -> None:
    answer = desk.admit(requested(), machine(1), [stranger(1)], OFFER, later(2))
    assert isinstance(answer, TurnedAway)
    assert answer.record is not None
    assert answer.record.stage is Stage.QUARANTINED
    assert "OTHER-1" in answer.reason
    assert refused(desk.admit(answer.record, RIVAL, (), OFFER, later(3))) == answer.reason


def test_a_rival_that_comes_in_the_middle_stops_both() -> None:
    answer = desk.contest(imaging(), RIVAL, later(1))
    assert answer.record is not None
    assert answer.record.stage is Stage.QUARANTINED
    void = desk.enrol(answer.record, machine(1, "boot-one"), TOKEN.digest, host_key(), later(2))
    assert refused(void).startswith("two machines claim to be home/r1")


@pytest.mark.parametrize("record", [None, requested(), done()])
def test_a_wrong_machine_alone_does_not_stop_a_unit(record: Imaging | None) -> None:
    assert desk.contest(record, RIVAL, later(1)).record is None


def test_a_stranger_from_before_the_request_is_no_rival() -> None:
    assert desk.admit(requested(later(5)), machine(1), [stranger(1)], OFFER, later(6)) == Given(requested(later(5)))


def test_a_stranger_that_is_the_declared_machine_now_is_no_rival() -> None:
    mended = stranger(1, machine(1))
    assert desk.admit(requested(), machine(1), [mended], OFFER, later(2)) == Given(requested())


def test_a_new_request_ends_a_quarantine() -> None:
    assert desk.request("home/r1", "bob", later(9)).record.stage is Stage.REQUESTED


def test_each_manifest_has_a_new_token_and_the_old_one_is_void() -> None:
    second = given(desk.issue(imaging(), machine(1, TWO), OFFER, NEWER, later(1)))
    assert second.token == NEWER.digest
    assert second.past_boots == ("boot-one",)
    stale = desk.enrol(second, machine(1, "boot-one"), TOKEN.digest, host_key(), later(2))
    assert refused(stale) == "its token is not the one of its last manifest"


def test_the_same_boot_may_fetch_its_manifest_again() -> None:
    again = given(desk.issue(imaging(), machine(1, "boot-one"), OFFER, NEWER, later(1)))
    assert again.past_boots == ()


def test_a_boot_that_comes_back_is_of_a_second_machine_with_the_same_labels() -> None:
    second = given(desk.issue(imaging(), machine(1, TWO), OFFER, NEWER, later(1)))
    third = desk.issue(second, machine(1, "boot-one"), OFFER, TOKEN, later(2))
    assert isinstance(third, TurnedAway)
    assert third.record is not None
    assert third.record.stage is Stage.QUARANTINED
    assert third.record.token == ""


@pytest.mark.parametrize(
    ("record", "claim", "token", "key", "minutes", "reason"),
    [
        (None, machine(1, "boot-one"), TOKEN.digest, host_key(), 1, "it is not being imaged"),
        (requested(), machine(1, "boot-one"), "", host_key(), 1, "it is not being imaged"),
        (done(), machine(1, "boot-one"), TOKEN.digest, host_key(), 1, "it is not being imaged"),
        (QUARANTINED, machine(1, "boot-one"), TOKEN.digest, host_key(), 1, "two machines"),
        (imaging(), machine(1, "boot-one"), "guess", host_key(), 1, "its token is not the one of its last manifest"),
        (imaging(), machine(1, TWO), TOKEN.digest, host_key(), 1, "its token is not the one of its last manifest"),
        (imaging(), machine(2, "boot-one"), TOKEN.digest, host_key(), 1, "its token is not the one of its last"),
        (imaging(), machine(1, "boot-one"), TOKEN.digest, host_key(), 60, "its token has ended"),
        (imaging(), machine(1, "boot-one"), TOKEN.digest, "ssh-rsa AAAA", 1, "that is not a host key of ed25519"),
        (enrolled(), machine(1, "boot-one"), TOKEN.digest, host_key("B"), 1, "its token was used before, for another"),
    ],
)
def test_a_host_key_is_heard_only_with_the_token_of_the_last_manifest(
    record: Imaging | None, claim: Claim, token: str, key: str, minutes: float, reason: str
) -> None:
    assert refused(desk.enrol(record, claim, token, key, later(minutes))).startswith(reason)


def test_a_host_key_whose_answer_was_lost_may_be_said_again() -> None:
    again = desk.enrol(enrolled(), machine(1, "boot-one"), TOKEN.digest, host_key(), NOON)
    assert given(again) == enrolled()


def test_the_end_pins_the_key_that_was_enrolled() -> None:
    answer = desk.finish(enrolled(), machine(1, "boot-one"), TOKEN.digest, later(1))
    assert isinstance(answer, Given)
    assert answer.record.stage is Stage.DONE
    assert answer.pin == Pin(*host_key().split())
    again = desk.finish(answer.record, machine(1, "boot-one"), TOKEN.digest, later(2))
    assert again == Given(answer.record)


@pytest.mark.parametrize("record", [None, requested(), imaging(), QUARANTINED])
def test_nothing_ends_that_was_not_enrolled(record: Imaging | None) -> None:
    refused(desk.finish(record, machine(1, "boot-one"), TOKEN.digest, later(1)))


def test_a_machine_that_was_cut_off_before_its_end_is_imaged_again() -> None:
    again = given(desk.issue(enrolled(), machine(1, TWO), OFFER, NEWER, later(1)))
    assert (again.stage, again.host_key) == (Stage.IMAGING, "")


def test_what_an_imager_says_is_kept_as_one_printable_line() -> None:
    told = given(desk.tell(imaging(), machine(1, "boot-one"), "3 of\x1b[2J 9\n" + "x" * 500, later(1)))
    assert told.note.startswith("3 of[2J 9xxx")
    assert len(told.note) == desk.NOTE
    refused(desk.tell(imaging(), machine(1, TWO), "lies", later(1)))


def test_the_event_log_has_what_matters_and_no_progress() -> None:
    assert desk.noted("home/r1", desk.tell(imaging(), machine(1, "boot-one"), "1 of 9", NOON), NOON) is None
    quarantine = desk.noted("home/r1", desk.quarantine(imaging(), "two machines", NOON), NOON)
    assert quarantine is not None
    assert (quarantine.what, quarantine.text) == ("imaging-quarantined", "two machines")
