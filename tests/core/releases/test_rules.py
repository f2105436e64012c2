"""What may become a release, what a channel may stand for, and where fleet.yaml disagrees: all problems at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleetctl.core.inventory.fleet import Fleet, Kind, Model, Release, Unit
from fleetctl.core.problems import Problem
from fleetctl.core.releases.catalogue import Catalogue, Published
from fleetctl.core.releases.desired import Gift, disagreements, promotion_problems, unit_problems
from fleetctl.core.releases.freshness import stale
from fleetctl.core.releases.manifest import Manifest, parse
from fleetctl.core.releases.offer import Bundle, Offer

SLOT = 1000
MODELS = {
    "qh-1": Model("qh-1", Kind.RADIATOR, "heat-qh", 650.0, slot_size_bytes=SLOT),
    "qh-2": Model("qh-2", Kind.RADIATOR, "heat-qh", 650.0),
    "gw-1": Model("gw-1", Kind.GATEWAY, "heat-gw", 60.0),
}
FLEET = Fleet(
    "test", MODELS, {"1": Release("1", "heat-qh"), "2": Release("2", "heat-qh", "", "c" * 64, 50)}, {"stable": "1"}
)
ONE = Published("1", "heat-qh", Kind.RADIATOR, ("qh-1", "qh-2"), 40, "a" * 64, ("stable",))
TWO = replace(ONE, version="2", sha256="c" * 64, size_bytes=50, channels=(), image_bytes=900)
GATEWAY = Published("7", "heat-gw", Kind.GATEWAY, ("gw-1",), 40, "d" * 64)
SIGNED = Catalogue({of.version: of for of in (ONE, TWO, GATEWAY)})


def a_bundle(version: str = "2", compatible: str = "heat-qh", size: int = 900) -> Bundle:
    return Bundle("b.raucb", 50, "c" * 64, Manifest(compatible, version, (("rootfs", size),)))


def codes(problems: Iterable[Problem]) -> list[str]:
    return sorted(problem.code for problem in problems)


def test_a_good_bundle_becomes_a_release_for_every_model_it_fits() -> None:
    offer = Offer(a_bundle())
    assert offer.problems(FLEET, Catalogue()) == ()
    assert offer.release(FLEET) == TWO


def test_a_components_bundle_is_told_by_its_compatible_string_and_needs_no_slot() -> None:
    offer = Offer(a_bundle("fw-2", "heat-qh-controller", SLOT + 1))
    assert offer.problems(FLEET, SIGNED) == ()
    made = offer.release(FLEET)
    assert (made.component, made.models, made.image_bytes) == ("controller", ("qh-1", "qh-2"), 0)
    assert codes(Offer(a_bundle("3", "heat-qh-2")).problems(FLEET, SIGNED)) == ["wrong-compatible"]


def test_the_same_bundle_may_be_offered_again() -> None:
    assert Offer(a_bundle()).problems(FLEET, SIGNED) == ()


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = replace(a_bundle("3", "heat-qx", 2000), problems=(Problem("unsigned-bundle", "it is not signed"),))
    found = Offer(wrong, version="2", model="qh-1").problems(FLEET, SIGNED)
    assert codes(found) == ["unsigned-bundle", "wrong-compatible", "wrong-compatible", "wrong-version"]


@pytest.mark.parametrize(
    ("offer", "code", "text"),
    [
        (
            Offer(a_bundle(size=SLOT + 1)),
            "bundle-too-large",
            "image 'rootfs' has 1001 bytes, a slot of model 'qh-1' 1000",
        ),
        (Offer(a_bundle(compatible="heat-xx", version="3")), "wrong-compatible", "no model of the fleet is"),
        (Offer(a_bundle(version="3"), model="gw-1"), "wrong-compatible", "model 'gw-1' is 'heat-gw'"),
        (Offer(a_bundle(version="3"), model="qh1"), "unknown-model", "no model 'qh1'"),
        (Offer(a_bundle(version="3"), version="4"), "wrong-version", "holds version '3', not '4'"),
        (Offer(replace(a_bundle(), size_bytes=49)), "truncated-bundle", "49 bytes, fleet.yaml declares 50"),
        (Offer(replace(a_bundle(), size_bytes=51)), "wrong-size", "51 bytes"),
        (Offer(a_bundle(version="../../etc/x")), "bad-version", "'../../etc/x' is not a version"),
        (Offer(replace(a_bundle("1"))), "release-exists", "signed with another digest"),
    ],
)
def test_each_misfit_has_a_code_and_a_reason(offer: Offer, code: str, text: str) -> None:
    found = offer.problems(FLEET, SIGNED)
    assert codes(found) == [code]
    assert text in found[0].message


def test_a_digest_that_fleet_yaml_does_not_declare_is_refused() -> None:
    assert codes(Offer(replace(a_bundle(), sha256="e" * 64)).problems(FLEET, Catalogue())) == ["wrong-digest"]


def test_a_withdrawn_release_does_not_come_back_by_adding_it_again() -> None:
    assert codes(Offer(a_bundle()).problems(FLEET, SIGNED.withdrawn("2", "fans"))) == ["withdrawn-release"]


def test_models_of_two_kinds_with_one_compatible_string_are_ambiguous() -> None:
    odd = replace(FLEET, models={**MODELS, "qb-1": Model("qb-1", Kind.BOILER, "heat-qh", 2000.0)})
    assert codes(Offer(a_bundle()).problems(odd, Catalogue())) == ["ambiguous-kind"]


def promote(channel: str, version: str, catalogue: Catalogue = SIGNED, *, downgrade: bool = False) -> list[str]:
    return codes(promotion_problems(FLEET, catalogue, channel, version, downgrade=downgrade))


def test_a_channel_moves_forward_and_back_only_when_told_so() -> None:
    assert promote("stable", "2") == []
    at_two = SIGNED.promoted("stable", "2")
    fleet = replace(FLEET, channels={"stable": "2"})
    back = [*promotion_problems(fleet, at_two, "stable", "1", downgrade=False)]
    assert codes(back) == ["downgrade"]
    assert "--allow-downgrade" in back[0].hint
    assert not [*promotion_problems(fleet, at_two, "stable", "1", downgrade=True)]


def test_a_channel_does_not_change_what_it_is_for() -> None:
    assert promote("stable", "7", downgrade=True) == ["wrong-compatible"]
    assert promote("gateways", "7") == []


def test_a_release_that_is_unknown_or_withdrawn_is_not_promoted() -> None:
    assert promote("stable", "3") == ["unknown-release"]
    assert promote("a: b}", "2") == ["bad-name"]
    assert promote("stable", "2", SIGNED.withdrawn("2", "fans")) == ["withdrawn-release"]


def test_a_channel_stands_for_one_release() -> None:
    moved = SIGNED.promoted("stable", "2").promoted("edge", "2")
    assert moved.channels == {"stable": "2", "edge": "2"}
    assert moved.releases["1"].channels == ()


def test_fleet_yaml_agrees_with_what_is_signed() -> None:
    assert not [*disagreements(FLEET, SIGNED)]


def test_every_disagreement_of_fleet_yaml_is_named() -> None:
    fleet = replace(
        FLEET,
        channels={"stable": "2", "edge": "9"},
        releases={"2": Release("2", "heat-gw", "", "F" * 64, 51), "9": Release("9", "heat-qh")},
    )
    found = codes(disagreements(fleet, SIGNED))
    assert found == ["channel-not-signed", *["release-differs"] * 3, "unsigned-release", "unusable-release"]


def test_units_get_only_what_is_made_for_them_and_not_withdrawn() -> None:
    unit = Unit("s", "a", Kind.RADIATOR, "qh-1", release="2", serial="", mac="", address="", building="")
    assert not [*unit_problems([Gift(unit, "2")], SIGNED)]
    gone = [*unit_problems([Gift(unit, "2")], SIGNED.withdrawn("2", "fans stand still"))]
    assert gone[0].message == "s/a: release '2' is withdrawn: fans stand still"
    assert codes(unit_problems([Gift(unit, "7"), Gift(unit, "8")], SIGNED)) == [
        "unusable-release",
        "wrong-compatible",
    ]
    assert codes(unit_problems([Gift(replace(unit, model="qh-3"), "2")], SIGNED)) == ["wrong-compatible"]


def test_a_component_gets_what_is_made_for_it_and_no_system() -> None:
    unit = Unit("s", "a", Kind.RADIATOR, "qh-1", release="2", serial="", mac="", address="", building="")
    firmware = replace(SIGNED.releases["2"], version="fw-2", component="controller")
    signed = SIGNED.with_release(firmware)
    assert not [*unit_problems([Gift(unit, "fw-2", "controller")], signed)]
    wrong = [Gift(unit, "2", "controller"), Gift(unit, "fw-2"), Gift(unit, "fw-2", "bootloader")]
    assert codes(unit_problems(wrong, signed)) == ["wrong-compatible"] * 3


def test_an_image_that_a_slot_has_no_room_for_is_refused_for_that_model() -> None:
    unit = Unit("s", "a", Kind.RADIATOR, "qh-1", release="2", serial="", mac="", address="", building="")
    small = {"qh-1": replace(MODELS["qh-1"], slot_size_bytes=899)}
    (problem,) = unit_problems([Gift(unit, "2")], SIGNED, small)
    assert (problem.code, problem.message) == (
        "bundle-too-large",
        "s/a: release '2' writes 900 bytes, a slot of model 'qh-1' has 899",
    )
    assert not [*unit_problems([Gift(unit, "2")], SIGNED, MODELS)]


def test_disagreements_may_be_asked_of_some_versions_only() -> None:
    fleet = replace(FLEET, channels={"edge": "9"}, releases={"9": Release("9", "heat-qh")})
    assert not [*disagreements(fleet, SIGNED, {"1", "2"})]
    assert codes(disagreements(fleet, SIGNED, {"9"})) == ["unsigned-release", "unusable-release"]


def test_metadata_are_stale_from_the_moment_they_end() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    fresh = dict.fromkeys(("root", "targets", "snapshot", "timestamp"), now + timedelta(seconds=1))
    assert stale(fresh, now) is None
    text = stale({**fresh, "timestamp": now, "snapshot": now}, now)
    assert text is not None
    assert "snapshot at 2026-11-23 00:00 UTC, timestamp at 2026-11-23 00:00 UTC" in text
    assert "release renew" in text


@pytest.mark.parametrize(
    "text",
    ["", "[update]", "[update]\ncompatible=a", "no ini", "[update]\ncompatible=a\nversion=1\n[image.rootfs]\nsize=x"],
)
def test_what_is_no_manifest_says_why(text: str) -> None:
    with pytest.raises(ValueError, match=r"lacks|form|invalid"):
        parse(text)


def test_a_manifest_is_read_literally() -> None:
    manifest = parse("[update]\ncompatible=heat:qh\nversion=1%2\n\n[image.rootfs]\nsize=7\n[image.boot]\nsize=3\n")
    assert manifest == Manifest("heat:qh", "1%2", (("rootfs", 7), ("boot", 3)))
