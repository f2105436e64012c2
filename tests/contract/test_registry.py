"""Certificates and registrations, whatever keeps them: memory, SQLite, PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleetctl.core.facts import Facts
from fleetctl.core.identity.certificate import Certificate
from fleetctl.core.identity.reasons import Reason
from fleetctl.core.identity.registration import Registration
from fleetctl.core.route import Pin
from fleetctl.ports import State
from fleetctl.ports.identity import NotRegistered

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)


def certificate(number: str, serial: str = "QR-1", *, key: str = "k1", days: int = 90) -> Certificate:
    end = NOON + timedelta(days=days)
    return Certificate(number, serial, "home/r1", key, f"print-{number}", NOON, end, "PEM", "ada")


def registration(unit: str, serial: str) -> Registration:
    return Registration(unit, serial, "digest", "a1", "slurm", "r1", "job 7", NOON, "ada")


def logged(state: State) -> list[str]:
    return [event.what for _, event in state.journal.events("")]


def test_what_one_process_keeps_another_one_reads(reopen: Callable[[], State]) -> None:
    one, other = reopen(), reopen()
    first, second = certificate("a1", days=90), certificate("a2", days=30)
    one.registry.keep(first, NOON)
    one.registry.keep(second, NOON)
    assert list(other.registry.certificates()) == [second, first]
    assert other.registry.certificate("a1") == first
    assert other.registry.certificate("a3") is None
    assert logged(other) == ["certificate-issued", "certificate-issued"]


def test_certificates_are_found_by_machine_by_key_and_by_either(state: State) -> None:
    mine, copied, foreign = certificate("a1"), certificate("a2", "QR-2"), certificate("a3", "QR-3", key="k3")
    for each in (mine, copied, foreign):
        state.registry.keep(each, NOON)
    assert list(state.registry.certificates(serial="QR-1")) == [mine]
    assert list(state.registry.certificates(key="k1")) == [mine, copied]
    assert list(state.registry.certificates(serial="QR-3", key="k1")) == [mine, copied, foreign]
    assert list(state.registry.certificates(serial="QR-9")) == []


def test_a_certificate_is_revoked_once_and_stays_so(state: State) -> None:
    state.registry.keep(certificate("a1"), NOON)
    (revoked,) = state.registry.revoke(["a1", "a1", "unknown"], Reason.KEY_COMPROMISE, actor="ada", at=LATER)
    assert (revoked.revoked, revoked.reason) == (LATER, Reason.KEY_COMPROMISE)
    assert list(state.registry.revoke(["a1"], Reason.SUPERSEDED, actor="bob", at=LATER)) == []
    assert state.registry.certificate("a1") == revoked
    assert logged(state) == ["certificate-issued", "certificate-revoked"]


def test_a_unit_is_registered_as_one_thing_at_a_time(state: State) -> None:
    first, other = registration("home/r1", "QR-1"), registration("home/r2", "QR-2")
    again = replace(first, serial="QR-9", at=LATER)
    for each in (first, other, again):
        state.registry.register(each)
    assert dict(state.registry.registrations()) == {"home/r1": again, "home/r2": other}
    assert dict(state.registry.registrations(["home/r2", "home/r3"])) == {"home/r2": other}
    assert dict(state.registry.registrations([])) == {}


def test_nobody_is_registered_with_a_certificate_that_is_revoked(state: State) -> None:
    state.registry.keep(certificate("a1"), NOON)
    state.registry.revoke(["a1"], Reason.CESSATION_OF_OPERATION, actor="ada", at=LATER)
    with pytest.raises(NotRegistered, match="a1 was revoked"):
        state.registry.register(registration("home/r1", "QR-1"))
    assert dict(state.registry.registrations()) == {}
    assert logged(state) == ["certificate-issued", "certificate-revoked"]


def test_a_unit_that_is_unregistered_twice_was_registered_once(state: State) -> None:
    known = registration("home/r1", "QR-1")
    state.registry.register(known)
    assert state.registry.unregister("home/r1", actor="ada", at=LATER) == known
    assert state.registry.unregister("home/r1", actor="ada", at=LATER) is None
    assert dict(state.registry.registrations()) == {}
    assert logged(state) == ["unit-registered", "unit-unregistered"]


def test_the_log_holds_no_certificate_in_full(state: State) -> None:
    state.registry.keep(replace(certificate("a1"), pem="-----BEGIN CERTIFICATE-----"), NOON)
    assert not [event for _, event in state.journal.events("") if "BEGIN" in event.text]


def test_a_place_that_is_forgotten_is_known_to_nobody_and_may_be_taken_again(reopen: Callable[[], State]) -> None:
    state = reopen()
    facts = Facts("home/r1", NOON, "b", "QR-1", "qh", "radiator", "1", "A", "A", "config")
    state.units.save_facts([facts])
    state.units.pin({"home/r1": (Pin("ssh-ed25519", "AAAA"),)}, actor="ada", at=NOON, why="adopted")
    for _ in range(2):
        state.units.forget("home/r1", actor="ada", at=LATER, why="gone")
    other = reopen()
    assert (dict(other.units.facts()), dict(other.units.pins()), dict(other.units.seen())) == ({}, {}, {})
    assert logged(other)[-1] == "unit-forgotten"
    other.units.save_facts([facts])
    assert dict(other.units.facts()) == {"home/r1": facts}
