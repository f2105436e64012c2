"""Malformed values: every one is explained in our words, at its place, with what to do."""

from __future__ import annotations

import pytest

from fleetctl.core.inventory.declared.fleet import Fleet
from fleetctl.core.inventory.declared.site import Site
from fleetctl.core.inventory.known_keys import known_keys
from tests.builders.inventories import a_folder, examined, said_of, unmarked

Edit = tuple[str, str]

MALFORMED: dict[str, tuple[Edit, str, str, str]] = {
    # edit, code, part of the message, part of the hint
    "unknown key of a unit": (
        ("QR-2,", "QR-2, ▸adress: 10.77.1.9,"),
        "unknown-key",
        "unknown key 'adress' in 'radiators.a101-2'",
        "did you mean 'address'?",
    ),
    "unknown key of a site": (("title: A", "▸titel: A"), "unknown-key", "in the file", "did you mean 'title'?"),
    "unknown key far from any": (("title: A", "▸qqq: A"), "unknown-key", "'qqq'", "known: boilers, defaults"),
    "misspelt required key": (("demand_w", "▸demnd_w"), "unknown-key", "'demnd_w'", "did you mean 'demand_w'?"),
    "kilowatts": (
        ("compatible: heat-qh, power_w: 650", "compatible: heat-qh, ▸power_kw: 0.65"),
        "wrong-unit",
        "unknown key 'power_kw' in 'models.qh'",
        "did you mean 'power_w'? it is in watts, here 650",
    ),
    "kilowatt hours": (
        ("other_load_w: 1000", "▸other_load_kwh: 1"),
        "wrong-unit",
        "'other_load_kwh'",
        "'other_load_w'?",
    ),
    "cubic metres": (
        ("volume_l: 1000", "▸volume_m3: 1"),
        "wrong-unit",
        "'volume_m3'",
        "'volume_l'? it is in litres, here 1000",
    ),
    "minutes": (
        ("{max_in_progress: 4}", "{▸step_timeout_min: 3}"),
        "wrong-unit",
        "min'",
        "'step_timeout_s'? it is in seconds, here 180",
    ),
    "value in kilowatts": (
        ("heat-qh, power_w: 650, module_power_w: [200, 200]", "heat-qh, power_w: ▸0.65"),
        "out-of-range",
        "models.qh.power_w must be at least 1, but is '0.65'",
        "write the number alone, in watts",
    ),
    "number with its unit": (
        ("other_load_w: 1000", "other_load_w: ▸1000 W"),
        "wrong-type",
        "other_load_w must be a number, but is '1000 W'",
        "write the number alone, in watts",
    ),
    "decimal comma": (("heat_loss_w_k: 50", "heat_loss_w_k: ▸50,5"), "wrong-type", "'50,5'", "in watts per kelvin"),
    "percent with its sign": (
        ("{max_in_progress: 4}", "{max_failed_percent: ▸5%, min_executed: 9}"),
        "wrong-type",
        "must be a number",
        "write the number alone, in percent",
    ),
    "percent over 100": (
        ("{max_in_progress: 4}", "{max_failed_percent: ▸500, min_executed: 9}"),
        "out-of-range",
        "must be at most 100",
        "in percent",
    ),
    "zero percent": (
        ("{max_in_progress: 4}", "{max_failed_percent: ▸0, min_executed: 9}"),
        "out-of-range",
        "greater than 0",
        "",
    ),
    "nobody in progress": (("{max_in_progress: 4}", "{max_in_progress: ▸0}"), "out-of-range", "must be at least 1", ""),
    "not a number at all": (("other_load_w: 1000", "other_load_w: ▸.nan"), "wrong-type", "finite number", ""),
    "truth for a number": (("area_m2: 60", "area_m2: ▸true"), "wrong-type", "but is true", ""),
    "nothing for a number": (("area_m2: 60", "area_m2: ▸~"), "wrong-type", "but is empty", "write a value"),
    "part of a unit for a count": (
        ("{max_in_progress: 4}", "{max_in_progress: ▸4.5}"),
        "wrong-type",
        "a whole number",
        "",
    ),
    "truth for text": (("title: A test site", "title: ▸true"), "wrong-type", "must be text", "put it in quotes"),
    "list for a mapping": (
        ("secrets:\n  munge: {backend: env, locator: MUNGE_KEY, version: 1}", "▸secrets: []"),
        "wrong-type",
        "a list",
        "",
    ),
    "text for a list": (("dns: [10.77.1.1]", "dns: ▸10.77.1.1"), "wrong-type", "must be a list", ""),
    "missing key": (
        ("  a101-2: {dwelling: A101, room: bedroom", "  ▸a101-2: {room: bedroom"),
        "missing-key",
        "has no 'dwelling'",
        "add 'dwelling'",
    ),
    "no such kind": (
        ("{kind: boiler", "{kind: ▸boilr"),
        "not-one-of",
        "radiator or boiler or gateway",
        "did you mean 'boiler'?",
    ),
    "no such reaction": (
        ("{max_in_progress: 4}", "{unreachable: ▸ignore}"),
        "not-one-of",
        "fail or skip or defer",
        "known: ",
    ),
    "no such version of the format": (("api: fleetctl/v1", "api: ▸fleetctl/v2"), "not-one-of", "fleetctl/v1", ""),
    "name of a unit with a shell character": (
        ("  a101-2:", "  ▸a101-2;reboot:"),
        "bad-name",
        "'a101-2;reboot' is not a host name label",
        "it becomes a host name",
    ),
    "name of a unit with a substitution": (("  a101-2:", "  ▸$(reboot):"), "bad-name", "'$(reboot)'", ""),
    "name of a unit with a capital": (("  a101-2:", "  ▸A101-2:"), "bad-name", "'A101-2'", "a-z"),
    "name of a dwelling with a slash": (("  A102:", "  ▸A/102:"), "bad-name", "'A/102' cannot be a name", ""),
    "name of a fleet": (("name: test-fleet", "name: ▸test fleet"), "bad-name", "'test fleet'", ""),
    "login name": (("title: A", "ssh: {user: ▸-oProxyCommand=x}\ntitle: A"), "bad-user", "login name", "such as root"),
    "mac": (("mac: 02:00:00:00:00:12", "mac: ▸02:00:00:00:00"), "bad-mac", "not a MAC", "six pairs"),
    "mac in mixed notation": (("mac: 02:00:00:00:00:12", "mac: ▸02:00-00:00-00:12"), "bad-mac", "not a MAC", ""),
    "serial out of a spreadsheet": (("serial: QR-2", "serial: ▸'1,23E+11'"), "bad-serial", "1,23E+11", "label"),
    "address": (("address: 10.77.1.12", "address: ▸10.77.1.300"), "bad-address", "'10.77.1.300'", ""),
    "network with host bits": (
        ("cidr: 10.77.1.0/24", "cidr: ▸10.77.1.1/24"),
        "bad-network",
        "host bits",
        "network's own address",
    ),
    "time server": (("dns: [10.77.1.1]", "ntp: [▸'a b']"), "bad-host", "'a b'", ""),
    "time of day": (("disinfection_at: 03:00", "disinfection_at: ▸3 am"), "bad-time", "'3 am'", "such as 03:30"),
    "hours": (("A102: {", "A102: {quiet_hours: ▸22-7, "), "bad-hours", "'22-7'", "22:00-07:00"),
    "switch port": (("port: sw1/12", "port: ▸sw1"), "bad-port", "'sw1'", "sw1/11"),
    "controller": (("QR-2,", "QR-2, compute: {controller: ▸'a b:1'},"), "bad-host", "'a b:1'", ""),
    "time zone": (
        ("{time_zone: Europe/Paris}", "{time_zone: ▸../etc/passwd}"),
        "bad-time-zone",
        "not a time zone",
        "IANA",
    ),
    "path that looks like an option": (("title: A", "ssh: {key: ▸-x}\ntitle: A"), "bad-path", "'-x'", ""),
    "digest": (("{compatible: heat-qh}", "{compatible: heat-qh, sha256: ▸abc}"), "bad-sha256", "SHA-256", "sha256sum"),
    "release name": (("QR-2,", "QR-2, release: ▸'1 2',"), "bad-version", "'1 2'", ""),
}


@pytest.mark.parametrize(("edit", "code", "message", "hint"), MALFORMED.values(), ids=list(MALFORMED))
def test_malformed_value_is_explained_at_its_place(edit: Edit, code: str, message: str, hint: str) -> None:
    texts, places = unmarked(a_folder(edit))
    found = examined(texts)
    assert found.fleet is None
    assert [(p.code, p.where) for p in found.problems] == [(code, place) for place in places]
    assert message in found.problems[0].message
    assert hint in found.problems[0].hint


def test_digits_are_text_where_text_is_declared() -> None:
    texts = a_folder(
        ("serial: QR-2, mac: 02:00:00:00:00:12", "serial: 0640, mac: 020000000012"), ("version: 1}", "version: 1.10}")
    )
    found = examined(texts)
    assert found.fleet is not None
    unit = found.fleet.by_name["here/a101-2"]
    assert (unit.serial, unit.mac) == ("0640", "02:00:00:00:00:12")
    assert found.fleet.secrets["munge"].version == "1.10"


def test_macs_in_three_notations_are_one_form() -> None:
    texts = a_folder(
        ("mac: 02:00:00:00:00:11", "mac: 02-00-00-00-00-AB"), ("mac: 02:00:00:00:00:12", "mac: 0200.0000.00AC")
    )
    found = examined(texts)
    assert found.fleet is not None
    assert [found.fleet.by_name[f"here/a101-{n}"].mac for n in (1, 2)] == ["02:00:00:00:00:ab", "02:00:00:00:00:ac"]


def test_a_malformed_unit_does_not_hide_what_is_wrong_elsewhere() -> None:
    texts = a_folder(
        ("serial: QR-2", "serial: 'QR 2'"),
        ("capacity_kj_k: 4000", "capacity_kj_k: 4"),
        ("{kind: boiler", "{kind: boilr"),
        ("address: 10.77.1.13", "address: 10.77.2.13"),
    )
    assert [p.code for p in said_of(texts)] == ["not-one-of", "time-constant", "bad-serial", "address-outside"]


def test_a_malformed_fleet_file_causes_no_follow_up_problems() -> None:
    assert [p.code for p in said_of(a_folder(("{kind: gateway", "{kind: 5")))] == ["not-one-of"]


def test_a_malformed_place_causes_no_follow_up_problems() -> None:
    assert [p.code for p in said_of(a_folder(("A101:\n    building: a", "A101:\n    bulding: a")))] == ["unknown-key"]


def test_broken_yaml_in_one_file_does_not_hide_the_others() -> None:
    texts = a_folder(("serial: QR-2", "serial: 'QR 2'"), there="a: [1\nb: 2\n")
    assert [(p.file, p.code) for p in said_of(texts)] == [
        ("sites/here.yaml", "bad-serial"),
        ("sites/there.yaml", "yaml-syntax"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "empty-file"), ("# nothing\n", "empty-file"), ("- a\n", "wrong-type"), ("text", "wrong-type")],
)
def test_files_that_hold_no_mapping(text: str, code: str) -> None:
    folder = a_folder(there="x: 1\n")
    codes = {p.code for p in said_of({**folder, "fleet.yaml": text}) if p.file == "fleet.yaml"}
    codes_of_site = {p.code for p in said_of({**folder, "sites/there.yaml": text}) if p.file == "sites/there.yaml"}
    assert codes == {code}
    assert code in codes_of_site


def test_name_of_a_site_is_a_label() -> None:
    texts = a_folder()
    texts["sites/here; rm.yaml"] = texts.pop("sites/here.yaml")
    assert [(p.code, p.where) for p in said_of(texts)] == [("bad-name", "sites/here; rm.yaml:1:1")]


def test_a_fleet_without_sites_is_a_warning() -> None:
    folder = a_folder()
    del folder["sites/here.yaml"]
    found = examined(folder)
    assert found.fleet is not None
    assert [p.code for p in found.problems] == ["no-sites"]


def test_files_of_one_site_are_joined() -> None:
    folder = a_folder()
    head, _, radiators = folder.pop("sites/here.yaml").partition("radiators:\n")
    first, *others = radiators.splitlines(keepends=True)
    folder["sites/here/plan.yaml"] = head + "radiators:\n" + first
    folder["sites/here/second-delivery.yaml"] = "radiators:\n" + "".join(others)
    found = examined(folder)
    assert found.problems == ()
    assert found.unit_count == 6


def test_what_is_declared_in_two_files_of_a_site_is_named() -> None:
    folder = a_folder()
    folder["sites/here/a.yaml"] = folder.pop("sites/here.yaml")
    folder["sites/here/b.yaml"] = "title: Another\nradiators:\n  a101-1: {dwelling: A101, address: 10.77.1.20}\n"
    assert [(p.code, p.where) for p in said_of(folder)] == [
        ("duplicate-key", "sites/here/b.yaml:1:1"),
        ("duplicate-key", "sites/here/b.yaml:3:3"),
    ]


def test_known_keys_follow_the_models() -> None:
    assert known_keys(Fleet, ("defaults", "site", "ssh")) == ("user", "port", "key", "become")
    assert "neighbours_w_k" in known_keys(Site, ("zones", "any"))
    assert known_keys(Site, ("radiators", "any", "labels")) == ()
    assert known_keys(Site, ("nowhere", "at", "all")) == ()
