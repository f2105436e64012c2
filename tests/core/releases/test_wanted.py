"""Which release a unit gets: of its system first, then of its components, one at a time."""

from __future__ import annotations

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.releases.catalogue import Catalogue, Published
from fleetctl.core.releases.wanted import Supply, Update, component_update_of

FIRMWARE = Published("fw-2", "heat-qh-controller", Kind.RADIATOR, ("qh-1",), 10, "c" * 64, component="controller")
SUPPLY = Supply(True, Catalogue({"fw-2": FIRMWARE}))


def test_the_first_component_that_differs_is_updated() -> None:
    wanted = {"controller": "fw-2", "bootloader": "bl-1"}
    found = component_update_of(wanted, {"controller": "fw-1", "bootloader": "bl-1"}, SUPPLY)
    assert isinstance(found, Update)
    assert (found.component, found.release, found.bundle, found.bundle_bytes) == ("controller", "fw-2", "c" * 64, 10)
    assert found.reason == "controller runs fw-1, release fw-2 is wanted"


def test_a_component_that_was_cut_in_a_flash_is_flashed_again() -> None:
    found = component_update_of({"controller": "fw-2"}, {"controller": ""}, SUPPLY)
    assert isinstance(found, Update)
    assert "an unknown version" in found.reason


def test_what_is_as_wanted_needs_nothing() -> None:
    assert component_update_of({"controller": "fw-2"}, {"controller": "fw-2", "bootloader": "x"}, SUPPLY) is None
    assert component_update_of({}, {"controller": "fw-1"}, SUPPLY) is None


def test_a_component_that_the_unit_does_not_tell_of_is_said_and_does_not_hide_another() -> None:
    wanted = {"bootloader": "bl-2", "controller": "fw-2"}
    assert isinstance(component_update_of(wanted, {"controller": "fw-1"}, SUPPLY), Update)
    said = component_update_of({"bootloader": "bl-2"}, {"controller": "fw-1"}, SUPPLY)
    assert said == "bl-2 is wanted for its bootloader, which it does not tell of"


def test_a_downgrade_needs_consent() -> None:
    said = component_update_of({"controller": "fw-2"}, {"controller": "fw-3"}, SUPPLY)
    assert isinstance(said, str)
    assert "--allow-downgrade" in said
