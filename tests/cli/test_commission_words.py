"""What a commissioning looks like, line by line."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console, RenderableType

from fleetctl.cli.commission_screen import LiveScreen, PlainScreen, table
from fleetctl.cli.commission_words import Teller
from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.commissioning.talk.sayings import Code, Saying, saying
from fleetctl.core.commissioning.talk.scene import Heard
from fleetctl.core.words.language import Language
from fleetctl.core.words.speech import Speech
from fleetctl.services.commissioning.sitting import Sitting
from tests.builders.sitting import READY, World

ENGLISH = Teller(Speech(Language.EN, is_plain=True))
FRENCH = Teller(Speech(Language.FR, is_plain=True))


def done(id: str, stage: str = "imaged") -> Saying:
    return saying(Code.STAGE_DONE, f"s/{id}", subject=id, stage=stage, reason="")


def lines(*sayings: Saying, teller: Teller = ENGLISH) -> list[str]:
    return [spoken.text for spoken in teller.lines(sayings)]


def test_what_is_said_of_many_alike_is_one_line() -> None:
    many = [done(f"a{number}") for number in range(9)]
    assert lines(*many, done("a1", "configured")) == ["a0 a1 a2 a3 a4 a5 +3: imaged", "a1: configured"]


def test_what_waits_for_different_reasons_is_told_apart() -> None:
    waits = [
        saying(Code.WAITS, subject=id, stage="imaged", reason=why) for id, why in (("a", "x"), ("b", "y"), ("c", "x"))
    ]
    assert lines(*waits) == ["a c: imaged waits: x", "b: imaged waits: y"]


def test_a_place_without_a_name_and_a_room_without_one_have_words() -> None:
    assert lines(saying(Code.WENT, place="", n=1)) == ["you are in plant room"]
    assert lines(saying(Code.INSTALLED, unit="gw", room="", place=""), teller=FRENCH) == [
        "gw est posé : local technique"
    ]


def sitting_of(world: World) -> Sitting:
    world.write(READY)
    sitting = world.sitting()
    sitting.place = "A1"
    return sitting


def test_how_things_stand_is_drawn_only_when_it_changed() -> None:
    sitting = sitting_of(World())
    drawn: list[RenderableType] = []
    screen = LiveScreen(ENGLISH, drawn.append, lambda text, style: None)
    screen.show(Heard(), sitting)
    screen.show(Heard(), sitting)
    assert len(drawn) == 1
    screen.typed("QR")
    sitting.hear("QR-0011")
    screen.show(Heard(), sitting)
    assert len(drawn) == 3


def test_the_lower_part_fits_forty_columns_and_says_where_and_what_is_next() -> None:
    sitting = sitting_of(World())
    shown = StringIO()
    console = Console(file=shown, width=40)
    screen = LiveScreen(FRENCH, console.print, lambda text, style: None)
    screen.show(Heard(), sitting)
    text = shown.getvalue()
    assert max(map(len, text.splitlines())) <= 40
    assert "A1 : 0 sur 2, site 0 sur 3" in text
    assert "scannez l’étiquette de a1-1" in " ".join(text.split())
    assert len(text.splitlines()) <= 6


def test_a_pipe_is_told_how_things_stand_once_for_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    sitting = sitting_of(World())
    screen = PlainScreen(ENGLISH, asks=True)
    for _ in range(3):
        screen.show(Heard(), sitting)
    screen.show(sitting.hear("QR-0011"), sitting)
    out = capsys.readouterr().out.splitlines()
    assert len([line for line in out if line.startswith("[A1: 0 of 2")]) == 2
    assert "a1-1 is in living" in out


def test_the_table_of_a_place_says_what_each_unit_waits_for() -> None:
    world = World()
    sitting = sitting_of(world)
    sitting.hear("QR-0011")
    sitting.waits["s/a1-1", Stage.DISCOVERED] = "no answer"
    assert list(table(ENGLISH, sitting))[:2] == [
        "a1-1 living 2/10 discovered: no answer",
        "a1-2 bedroom 0/10 delivered",
    ]
