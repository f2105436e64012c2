"""Arithmetic, answers of rooms and open points, in both languages; `_` is the narrow no-break space."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetctl.core.commissioning.burn_in import Expected, Reference, Verdict, judge
from fleetctl.core.commissioning.lifecycle import Lifecycle, mark
from fleetctl.core.commissioning.load import Load, LoadKind, LoadState, Run, Sample
from fleetctl.core.commissioning.room_proof import Answer
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.handover.curves import picture
from fleetctl.core.handover.issue import Issue
from fleetctl.core.handover.measured import Check, Curve, Measured, Response
from fleetctl.core.handover.report import UnitReport, handover
from fleetctl.core.handover.saying import answer, arithmetic, attention, curve_said, responses
from fleetctl.core.inventory.fleet import BurnIn
from fleetctl.core.log_heads import Head
from fleetctl.core.words import handover as words
from fleetctl.core.words.language import Language
from fleetctl.core.words.speech import Speech
from fleetctl.core.words.text import NARROW, NO_BREAK
from tests.builders.field import T0, Field, a_mixed_ledger, room_proof

EN, FR = Speech(Language.EN), Speech(Language.FR)
POWER = Check("power", False, "540 W of 650 W", {"measured_w": 540.0, "expected_w": 650.0, "share": 0.1})
SITE, ENTRIES = a_mixed_ledger()


def seen(text: str) -> str:
    return text.replace(NARROW, "_").replace(NO_BREAK, "~").replace("’", "'")


def unit(id: str) -> UnitReport:
    report = handover(SITE, ENTRIES, Issue(1, SITE.id, "", T0, "s", Head(0, ""), ""), {})
    return next(each for each in report.units if each.unit.id == id)


@pytest.mark.parametrize(
    ("check", "english", "french"),
    [
        (POWER, "540_W of 650_W (−16.9%), ±10% allowed", "540_W sur 650_W (−16,9_%), ±10_% admis"),
        (
            Check("heatsink", True, "", {"rise_k": 31.25, "low_k": 5.0, "high_k": 60.0}),
            "31.2_K over what it heats, 5.0_K to 60.0_K allowed",
            "31,2_K au-dessus de ce qu'il chauffe, 5,0_K à 60,0_K admis",
        ),
        (Check("throttling", True, "", {"count": 0, "most": 2}), "0 counted, 2 allowed", "0 compté, 2 admis"),
        (
            Check("sensor", True, "", {"told_c": 19.5, "source": "t-hall", "reference_c": 19.9, "allowed_k": 1.0}),
            "19.5_°C, t-hall 19.9_°C, 1.0_K apart allowed",
            "19,5_°C, t-hall 19,9_°C, 1,0_K d'écart admis",
        ),
    ],
)
def test_arithmetic_is_said_in_both_languages(check: Check, english: str, french: str) -> None:
    assert seen(arithmetic(check, EN)) == english
    assert seen(arithmetic(check, FR)) == french


def burned_in(expected: Expected, **changes: Any) -> Verdict:
    """Return the verdict on a burn-in of half an hour in which a room becomes warmer by a kelvin."""
    well = [Sample(30.0 * at, 640.0, 650.0, room_c=20.0 + at / 60, heatsink_c=55.0) for at in range(61)]
    load = Load("l", LoadKind.BURN_IN, LoadState.DONE, "", 0.0, 1800.0, 61)
    verdict = judge(Run(load, [replace(each, **changes) for each in well]), BurnIn(), expected)
    assert isinstance(verdict, Verdict)
    return verdict


@pytest.mark.parametrize(
    "verdict",
    [
        burned_in(Expected(650.0, 1.0, Reference(20.2, "t-a101"))),
        burned_in(Expected(650.0, 0.1)),
        burned_in(Expected(650.0)),
        burned_in(Expected(650.0, 1.0), room_c=None),
    ],
)
def test_whatever_a_burn_in_says_is_said_in_french(verdict: Verdict) -> None:
    for row in verdict.to_detail()["checks"]:
        check = Check(**row)
        assert arithmetic(check, FR) != check.text, check
        assert arithmetic(check, EN) != arithmetic(check, FR)


@pytest.mark.parametrize(
    "check",
    [
        replace(POWER, about={}),
        replace(POWER, name="new-check"),
        Check("rise", None, "540 W of 650 W", {"rise_k": 0.2}),
    ],
)
def test_what_has_no_numbers_is_said_as_the_ledger_has_it(check: Check) -> None:
    assert arithmetic(check, FR) == "540 W of 650 W"


@pytest.mark.parametrize(
    ("found", "french"),
    [
        ({"answer": "own"}, "le capteur de sa pièce a répondu, lui seul"),
        (
            {"answer": "other", "heats": "A102/kitchen", "with": "s/a102-2"},
            "il chauffe une autre pièce~: A102/kitchen, échangé avec s/a102-2",
        ),
        ({"answer": "other", "heats": "", "with": "s/a102-2"}, "sa pièce répond à un autre appareil~: s/a102-2"),
        ({"answer": "unheard of", "text": "as it was written"}, "as it was written"),
        ({}, ""),
    ],
)
def test_the_answer_of_rooms_is_said(found: dict[str, str], french: str) -> None:
    assert seen(answer(Measured(about=found), FR)) == french


def test_answers_of_sensors_are_said_the_clearest_first() -> None:
    proof = Measured(responses=(Response("t-living", 0.62, 0.03), Response("t-hall", -0.01, 0.03), Response("x", 0, 0)))
    assert seen(responses(proof, 2, FR)) == "t-living +0,62_K (±0,03) et t-hall −0,01_K (±0,03)"


@pytest.mark.parametrize(
    ("id", "french"),
    [
        ("a101-1", []),
        (
            "a102-2",
            [
                "aucun instrument n'a pu prouver sa pièce_; Karim Benali l'a confirmée",
                "enregistrement~: en attente (the platform cannot be reached from here)",
            ],
        ),
        (
            "a102-3",
            ["preuve de pièce~: échec (il chauffe une autre pièce~: A102/bedroom, échangé avec les-sables/a102-2)"],
        ),
    ],
)
def test_what_is_to_be_looked_after(id: str, french: list[str]) -> None:
    assert [seen(each) for each in attention(unit(id), FR)] == french


def test_a_room_that_waits_for_a_person_is_said_in_the_readers_language() -> None:
    field = Field(SITE)
    one = SITE.units["a101-1"]
    field.say(
        one.name, Stage.ROOM_PROOF, Outcome.PENDING, **room_proof(one, "built_in", reason="it moves with the unit")
    )
    report = handover(SITE, field.entries(), Issue(1, SITE.id, "", T0, "s", Head(0, ""), ""), {})
    (told,) = (seen(text) for each in report.units for text in attention(each, FR))
    assert told.startswith("preuve de pièce~: en attente (seul son capteur intégré a répondu_;")


def test_a_machine_that_was_left_alone_is_said_with_the_reason() -> None:
    field = Field(SITE)
    field.say("les-sables/a101-1", Stage.IDENTIFIED, Outcome.NOTE, **mark(Lifecycle.QUARANTINED, "another identity"))
    report = handover(SITE, field.entries(), Issue(1, SITE.id, "", T0, "s", Head(0, ""), ""), {})
    (one,) = (each for each in report.units if each.unit.id == "a101-1")
    assert [seen(each) for each in attention(one, FR)] == ["en quarantaine~: another identity"]


def test_every_answer_of_a_proof_of_rooms_has_its_words() -> None:
    assert {each.value for each in Answer} <= set(words.ANSWERS)


def test_another_machine_than_declared_is_said() -> None:
    other = replace(unit("a101-1"), serial="QR-OTHER")
    assert list(attention(other, EN)) == ["serial QR-OTHER was read where QR-00100000 is declared"]


def test_a_curve_is_said_to_those_who_do_not_see_it() -> None:
    drawn = picture(Curve("power", "W", ((0.0, 0.0), (1800.0, 640.0)), 585.0, 715.0))
    assert seen(curve_said(drawn, FR)) == (
        "Puissance électrique sur 30_min 00_s~: minimum 0_W, maximum 640_W; entre les tirets, 585_W à 715_W admis"
    )
