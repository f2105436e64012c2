"""What is said in each language; the narrow no-break space is written `_` here, the no-break space `~`."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.words.language import Language, chosen
from fleetctl.core.words.speech import Speech
from fleetctl.core.words.text import NARROW, NO_BREAK, Counted, Text

EN, FR = Language.EN, Language.FR
PARIS = ZoneInfo("Europe/Paris")
WINTER = datetime(2026, 11, 23, 13, 5, tzinfo=UTC)
SUMMER = datetime(2026, 7, 31, 22, 0, tzinfo=UTC)
UNITS = Counted(
    one=Text(en="{n} unit of {site}", fr="{n} unité de {site}"),
    many=Text(en="{n} units of {site}", fr="{n} unités de {site}"),
)


def _seen(text: str) -> str:
    return text.replace(NARROW, "_").replace(NO_BREAK, "~")


@pytest.mark.parametrize(
    ("at", "english", "french"),
    [
        (WINTER, "23~November 2026, 14:05", "23~novembre 2026 à 14_h_05"),
        (SUMMER, "1~August 2026, 00:00", "1er~août 2026 à 0_h_00"),
    ],
)
def test_moments_are_told_by_the_clock_of_the_place(at: datetime, english: str, french: str) -> None:
    assert _seen(Speech(EN, PARIS).moment(at)) == english
    assert _seen(Speech(FR, PARIS).moment(at)) == french


def test_moments_of_tables_are_short() -> None:
    assert _seen(Speech(EN, PARIS).short_moment(WINTER)) == "23~Nov~2026, 14:05"
    assert _seen(Speech(FR, PARIS).short_moment(WINTER)) == "23/11/2026 14_h_05"


@pytest.mark.parametrize(
    ("value", "places", "english", "french"),
    [
        (1.5, 1, "1.5_kW", "1,5_kW"),
        (1234567.0, 0, "1,234,567_kW", "1_234_567_kW"),
        (-0.25, 2, "−0.25_kW", "−0,25_kW"),
        (-0.04, 1, "0.0_kW", "0,0_kW"),
        (999.96, 1, "1,000.0_kW", "1_000,0_kW"),
    ],
)
def test_quantities(value: float, places: int, english: str, french: str) -> None:
    assert _seen(Speech(EN).quantity(value, "kW", places)) == english
    assert _seen(Speech(FR).quantity(value, "kW", places)) == french


def test_a_percentage_stands_close_in_english_alone() -> None:
    assert [_seen(Speech(each).quantity(10, "%")) for each in (EN, FR)] == ["10%", "10_%"]


@pytest.mark.parametrize(
    ("n", "english", "french"),
    [(0, "0 units of a", "0 unité de a"), (1, "1 unit of a", "1 unité de a"), (2, "2 units of a", "2 unités de a")],
)
def test_french_says_the_singular_of_none(n: int, english: str, french: str) -> None:
    assert Speech(EN).count(UNITS, n, site="a") == english
    assert Speech(FR).count(UNITS, n, site="a") == french


@pytest.mark.parametrize(
    ("items", "english", "french"),
    [([], "", ""), (["a"], "a", "a"), (["a", "b"], "a and b", "a et b"), (["a", "b", "c"], "a, b and c", "a, b et c")],
)
def test_lists(items: list[str], english: str, french: str) -> None:
    assert (Speech(EN).listed(items), Speech(FR).listed(items)) == (english, french)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0_s"), (59.4, "59_s"), (59.6, "1_min 00_s"), (185, "3_min 05_s"), (7800, "2_h 10_min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert _seen(Speech(FR).duration(seconds)) == said


def test_french_is_typeset_and_what_people_typed_is_not() -> None:
    text = Text(en="the unit's label: {label} ok?", fr="l'étiquette de l'unité : « {label} » est-elle juste ? Oui !")
    typed = "l'A ; B : C"
    assert _seen(Speech(EN).say(text, label=typed)) == f"the unit’s label: {typed} ok?"
    assert _seen(Speech(FR).say(text, label=typed)) == f"l’étiquette de l’unité~: «_{typed}_» est-elle juste_? Oui_!"


def test_commands_in_quotes_stay_as_they_are_typed() -> None:
    assert Speech(FR).say(Text(en="", fr="voir 'fleetctl doctor'")) == "voir 'fleetctl doctor'"


def test_a_name_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError):
        Speech(EN).say(Text(en="{unit}", fr="{unit}"))


@given(st.text())
def test_values_are_never_read_as_patterns(value: str) -> None:
    assert Speech(FR).say(Text(en="{v}", fr="{v}"), v=value) == value


def test_plain_speech_has_ordinary_spaces_alone() -> None:
    plain = Speech(FR, PARIS, is_plain=True)
    said = [
        plain.moment(WINTER),
        plain.quantity(12345.6, "W", 1),
        plain.say(Text(en="", fr="quoi ?")),
        plain.duration(65),
    ]
    assert said == ["23 novembre 2026 à 14 h 05", "12 345,6 W", "quoi ?", "1 min 05 s"]


@pytest.mark.parametrize(
    ("wanted", "environment", "language"),
    [
        (None, {}, EN),
        (None, {"LANG": "fr_FR.UTF-8"}, FR),
        (None, {"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, EN),
        (None, {"LANG": "en_GB.UTF-8", "LC_MESSAGES": "fr_BE"}, FR),
        (None, {"LANG": "fr", "LC_ALL": ""}, FR),
        (None, {"LANG": "de_DE.UTF-8"}, EN),
        (None, {"LANG": "fro_FR"}, EN),
        (EN, {"LANG": "fr_FR.UTF-8"}, EN),
        (FR, {"LC_ALL": "C"}, FR),
    ],
)
def test_the_language_asked_for_wins_then_that_of_the_environment(
    wanted: Language | None, environment: dict[str, str], language: Language
) -> None:
    assert chosen(wanted, environment) is language
