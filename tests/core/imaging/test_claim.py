"""A machine is a unit's if its serial and its MAC are; whatever else it says fits nobody."""

from __future__ import annotations

import pytest

from fleetctl.core.imaging.claim import Claim, Mistaken, Register, claim_of, undeclared
from tests.builders.imaging import machine, unit

REGISTER = Register([unit(1), unit(2), unit(3, mac=""), unit(4, serial="")])


@pytest.mark.parametrize(
    ("serial", "mac"),
    [("RAD-0001", "52:54:00:00:00:01"), ("rad 0001", "52-54-00-00-00-01"), (" RAD-0001\n", "525400000001")],
)
def test_notation_does_not_matter(serial: str, mac: str) -> None:
    claim = claim_of(serial, mac)
    assert claim is not None
    assert REGISTER.unit_of(claim) == unit(1)


@pytest.mark.parametrize(
    ("serial", "mac", "boot"),
    [("x", "nonsense", ""), ("x" * 65, "52:54:00:00:00:01", ""), ("x", "52:54:00:00:00:01", "../../etc")],
)
def test_what_is_no_claim_is_told_apart(serial: str, mac: str, boot: str) -> None:
    assert claim_of(serial, mac, boot) is None


@pytest.mark.parametrize(
    ("serial", "mac", "units", "reason"),
    [
        ("X-1", "52:54:00:00:00:99", (), "no unit has its serial or its MAC"),
        ("", "52:54:00:00:00:99", (), "no unit has its serial or its MAC"),
        ("X-1", machine(1).mac, ("home/r1",), "it has the MAC of home/r1, whose serial is RAD-0001"),
        ("RAD-0001", "52:54:00:00:00:99", ("home/r1",), f"the serial of home/r1, whose MAC is {machine(1).mac}"),
        ("RAD-0001", machine(2).mac, ("home/r1", "home/r2"), "it has the serial of home/r1 and the MAC of home/r2"),
        ("RAD-0003", machine(3).mac, ("home/r3",), "it has the serial of home/r3, whose MAC is not declared"),
        ("RAD-0004", machine(4).mac, ("home/r4",), "it has the MAC of home/r4, whose serial is not declared"),
    ],
)
def test_half_right_is_wrong_and_says_whose_half(serial: str, mac: str, units: tuple[str, ...], reason: str) -> None:
    found = REGISTER.unit_of(Claim(serial, mac))
    assert isinstance(found, Mistaken)
    assert found.units == units
    assert reason in found.reason


def test_a_unit_without_serial_or_mac_says_what_it_lacks() -> None:
    assert undeclared(unit(1)) is None
    assert undeclared(unit(3, mac="")) == "its MAC is not declared"
    assert undeclared(unit(3, mac="", serial="")) == "its serial and MAC are not declared"
