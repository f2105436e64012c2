"""Who gets a certificate: a table, and what holds whatever was issued before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.identity.certificate import Certificate, Health
from fleetctl.core.identity.issuing import Again, Issue, NoCertificate, Request, decide
from fleetctl.core.identity.reasons import Reason
from fleetctl.core.inventory.fleet import Kind, Unit

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RENEW = timedelta(days=30)
UNIT = Unit("home", "r1", Kind.RADIATOR, "qh", "10.0.0.2", serial="QR-1")
MINE = Certificate("a1", "QR-1", "home/r1", "k1", "f1", NOON, NOON + timedelta(days=90), "PEM", "ada")
REQUEST = Request("QR-1", "k1", "PEM")


@pytest.mark.parametrize(
    ("about", "known", "at_days", "expected"),
    [
        ("the first time", (), 0, Issue()),
        ("the same key again", (MINE,), 1, Again(MINE)),
        ("another key of the same machine", (replace(MINE, key="k0"),), 1, Issue()),
        ("when it is due", (MINE,), 60, Issue()),
        ("after its end", (MINE,), 91, Issue()),
        ("after it was superseded", (MINE.as_revoked(Reason.SUPERSEDED, NOON),), 1, Issue()),
        ("after it moved", (replace(MINE, unit="home/r9"),), 1, Issue()),
        ("the one that ends last", (MINE, replace(MINE, number="a2", not_after=NOON + timedelta(days=91))), 1,
         Again(replace(MINE, number="a2", not_after=NOON + timedelta(days=91)))),
    ],
)  # fmt: skip
def test_what_a_machine_gets(about: str, known: tuple[Certificate, ...], at_days: int, expected: object) -> None:
    assert decide(REQUEST, UNIT, known, NOON + timedelta(days=at_days), RENEW) == expected, about


@pytest.mark.parametrize(
    ("request_", "unit", "known", "words", "suspect"),
    [
        (REQUEST, replace(UNIT, serial=""), (), "has no serial in the inventory", False),
        (replace(REQUEST, serial="QR-2"), UNIT, (), "answers as QR-2, the inventory says QR-1", True),
        (replace(REQUEST, serial=""), UNIT, (), "answers as nobody", True),
        (REQUEST, UNIT, (replace(MINE, serial="QR-7", unit="home/r7"),), "one is a copy", True),
        (REQUEST, UNIT, (MINE.as_revoked(Reason.KEY_COMPROMISE, NOON),), "compromised", True),
    ],
)
def test_who_gets_none(
    request_: Request, unit: Unit, known: tuple[Certificate, ...], words: str, suspect: bool
) -> None:
    answer = decide(request_, unit, known, NOON, RENEW)
    assert isinstance(answer, NoCertificate)
    assert words in answer.reason
    assert answer.suspect is suspect


def a_certificate(number: int, serial: str, unit: str, key: str, days: int, reason: Reason | None) -> Certificate:
    end = NOON + timedelta(days=days)
    made = Certificate(f"{number:x}", serial, unit, key, "f", NOON - timedelta(days=1), end, "PEM", "ada")
    return made.as_revoked(reason, NOON) if reason else made


CERTIFICATES = st.lists(
    st.builds(
        a_certificate,
        st.integers(1, 99),
        st.sampled_from(["QR-1", "QR-2"]),
        st.sampled_from(["home/r1", "home/r2"]),
        st.sampled_from(["k1", "k2"]),
        st.integers(-5, 95),
        st.none() | st.sampled_from(list(Reason)),
    ),
    max_size=6,
)


@given(CERTIFICATES, st.sampled_from(["QR-1", "QR-2", ""]), st.sampled_from(["k1", "k2"]))
def test_whatever_was_issued_before(known: list[Certificate], serial: str, key: str) -> None:
    answer = decide(Request(serial, key, "PEM"), UNIT, known, NOON, RENEW)
    others = {c.serial for c in known if c.key == key}
    if isinstance(answer, Again):
        assert answer.certificate.health(NOON, RENEW) is Health.VALID
        assert (answer.certificate.key, answer.certificate.unit) == (key, UNIT.name)
    if not isinstance(answer, NoCertificate):
        assert serial == UNIT.serial
        assert others <= {serial}, "no key is two machines'"


@given(CERTIFICATES, st.integers(0, 200))
def test_what_holds_is_neither_revoked_nor_over(known: list[Certificate], days: int) -> None:
    at = NOON + timedelta(days=days)
    for certificate in known:
        health = certificate.health(at, RENEW)
        assert certificate.holds(at) == (health in {Health.VALID, Health.DUE})
