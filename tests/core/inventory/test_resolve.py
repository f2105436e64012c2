from __future__ import annotations

import pytest

from fleetctl.core.inventory.fleet import Authority, Fleet, Unit, Webhook
from fleetctl.core.inventory.stored import CheckedFleet, fleet_from_bytes, fleet_to_bytes
from fleetctl.core.notify import EVENTS
from tests.builders.inventories import a_folder, examined


def resolved(*edits: tuple[str, str], **others: str) -> Fleet:
    found = examined(a_folder(*edits, **others))
    assert found.fleet is not None, found.problems
    return found.fleet


def unit(*edits: tuple[str, str], name: str = "here/a101-2") -> Unit:
    return resolved(*edits).by_name[name]


def test_defaults_come_from_fleet_then_site_then_kind_then_unit() -> None:
    fleet_wide = (
        "{model: qh, channel: stable}",
        "{model: qh, channel: stable, heat: {watchdog_s: 10, max_setpoint_c: 25}}",
    )
    of_site = ("title: A", "defaults: {radiator: {heat: {watchdog_s: 20, min_setpoint_c: 17}}}\ntitle: A")
    of_unit = ("QR-2,", "QR-2, heat: {watchdog_s: 30},")
    assert unit(fleet_wide).heat.watchdog_s == 10
    assert unit(fleet_wide, of_site).heat.watchdog_s == 20
    heat = unit(fleet_wide, of_site, of_unit).heat
    assert (heat.watchdog_s, heat.min_setpoint_c, heat.max_setpoint_c) == (30, 17, 25)


def test_settings_of_a_site_are_merged_key_by_key() -> None:
    fleet_wide = (
        "{time_zone: Europe/Paris}",
        "{time_zone: Europe/Paris, network: {ntp: [ntp.example.net]}, ssh: {port: 2200}}",
    )
    fleet = resolved(fleet_wide, ("title: A", "ssh: {user: fleet, become: true}\ntitle: A"))
    network = fleet.sites["here"].network
    assert (network.cidr, network.ntp, network.dns) == ("10.77.1.0/24", ("ntp.example.net",), ("10.77.1.1",))
    ssh = fleet.by_name["here/a101-1"].ssh
    assert (ssh.user, ssh.port, ssh.become, ssh.key) == ("fleet", 2200, True, "")


@pytest.mark.parametrize("said", [False, True])
def test_false_and_zero_are_said_and_not_left_out(said: bool) -> None:
    fleet_wide = ("{time_zone: Europe/Paris}", "{time_zone: Europe/Paris, ssh: {become: true}}")
    of_unit = ("QR-2,", "QR-2, ssh: {become: false},")
    assert unit(fleet_wide, *([of_unit] if said else [])).ssh.become is not said


def test_labels_are_merged() -> None:
    of_site = ("title: A", "defaults: {radiator: {labels: {team: north, floor: 1}}}\ntitle: A")
    assert unit(of_site, ("QR-2,", "QR-2, labels: {floor: 2},")).labels == {"team": "north", "floor": "2"}


def test_a_radiator_has_the_building_and_the_gateway_of_its_dwelling() -> None:
    assert (unit().building, unit().gateway) == ("a", "gw-a")


def test_a_boiler_has_the_gateway_of_its_building() -> None:
    assert unit(name="here/boiler-1").gateway == "gw-p"


def test_in_a_site_with_one_gateway_a_boiler_needs_no_building() -> None:
    only = ("  gw-p: {building: plant, address: 10.77.1.2, uplink_address: 10.76.1.2}\n", "")
    assert unit(only, ("building: plant, ", ""), name="here/boiler-1").gateway == "gw-a"


def test_release_is_the_channels_unless_the_unit_has_its_own() -> None:
    assert unit().release == "qh-1"
    assert (
        unit(("  qh-1: {", "  qh-2: {compatible: heat-qh}\n  qh-1: {"), ("QR-2,", "QR-2, release: qh-2,")).release
        == "qh-2"
    )


def test_without_channel_and_release_nothing_is_desired() -> None:
    assert unit(name="here/boiler-1").release == ""


def test_power_limit_is_the_models_unless_it_is_said() -> None:
    assert unit().heat.max_power_w == 650
    assert unit(("QR-2,", "QR-2, heat: {max_power_w: 500},")).heat.max_power_w == 500


def test_gateways_come_first() -> None:
    assert [u.id for u in resolved().units()][:3] == ["gw-a", "gw-p", "boiler-1"]


def test_a_policy_named_default_is_always_there() -> None:
    fleet = resolved(("policies:\n  default: {max_in_progress: 4}\n", ""))
    assert fleet.policies["default"].max_in_progress == 8


def test_equal_settings_are_one_object() -> None:
    fleet = resolved()
    one, other = (fleet.by_name[f"here/a101-{n}"] for n in (1, 2))
    assert one.heat is other.heat
    assert one.ssh is other.ssh


def test_digest_of_a_site_changes_with_what_it_says_and_not_with_how_it_is_written() -> None:
    digest = resolved().sites["here"].digest
    assert resolved(("title: A test site\n", "# a remark\ntitle:   'A test site'\n\n")).sites["here"].digest == digest
    assert resolved(("serial: QR-2", "serial: QR-9")).sites["here"].digest != digest
    assert resolved(("{model: qh, channel", "{labels: {a: b}, model: qh, channel")).sites["here"].digest != digest


def test_digest_of_one_site_does_not_depend_on_another_nor_on_policies() -> None:
    there = "subscribed_power_w: 100\ndesign_temperature_c: 0\nnetwork: {cidr: 10.0.0.0/24}\n"
    digest = resolved().sites["here"].digest
    assert resolved(there=there).sites["here"].digest == digest
    changed = resolved(("{max_in_progress: 4}", "{max_in_progress: 5}"))
    assert changed.sites["here"].digest == digest
    assert changed.digest != resolved().digest


def test_a_webhook_is_told_of_everything_unless_it_says_of_what() -> None:
    texts = a_folder((", events: [halted, failed]", ""))
    for found, events in ((examined(a_folder()), ("halted", "failed")), (examined(texts), EVENTS)):
        assert found.fleet is not None
        assert found.fleet.webhooks == {"on-call": Webhook("https://alerts.example.net/fleet", "munge", events)}


def test_an_authority_has_defaults_and_is_kept_in_the_cache() -> None:
    found = examined(a_folder(("policies:", f"authority: {{root_sha256: {'a' * 64}}}\npolicies:")))
    assert found.fleet is not None
    assert found.fleet.authority == Authority("a" * 64, valid_days=90, renew_days=30)
    kept = fleet_from_bytes(fleet_to_bytes(CheckedFleet(found.fleet, ())))
    assert kept.fleet is not None
    assert kept.fleet.authority == found.fleet.authority
