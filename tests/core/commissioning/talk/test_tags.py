"""Labels, as scanners type them and as people copy them."""

from __future__ import annotations

import pytest

from fleetctl.core.commissioning.talk.tags import Tags, tag_of
from tests.builders.sitting import site


@pytest.mark.parametrize(
    "text",
    ["QR-0011", "qr0011", "QR 0011".replace(" ", "-"), "fleetctl:QR-0011", "FLEETCTL:qr-0011"],
)
def test_a_serial_is_known_however_it_is_written(text: str) -> None:
    tag = tag_of(text)
    assert tag is not None
    unit = Tags(site().units.values()).unit_of(tag)
    assert unit is not None
    assert unit.id == "a1-1"


@pytest.mark.parametrize("text", ["02:00:00:00:00:03", "02-00-00-00-00-03", "0200.0000.0003", "020000000003"])
def test_a_mac_is_known_in_every_notation(text: str) -> None:
    tag = tag_of(text)
    assert tag is not None
    unit = Tags(site().units.values()).unit_of(tag)
    assert unit is not None
    assert unit.id == "a1-1"


def test_twelve_digits_that_are_a_serial_are_not_taken_for_a_mac() -> None:
    tag = tag_of("123456789012")
    assert tag is not None
    assert tag.serial == "123456789012"


@pytest.mark.parametrize("text", ["living", "ab", "fleetctl:", "fleetctl:a b", "x" * 70, "02:00:00:00:00"])
def test_what_cannot_be_a_label_is_none(text: str) -> None:
    tag = tag_of(text)
    assert tag is None or Tags(site().units.values()).unit_of(tag) is None


def test_the_serial_goes_before_the_mac() -> None:
    tag = tag_of("020000000003")
    assert tag is not None
    assert (tag.serial, tag.mac) == ("020000000003", "02:00:00:00:00:03")
