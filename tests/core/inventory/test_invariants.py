"""Every invariant of an inventory, by one input that breaks it: its code, and the line and column of the mark."""

from __future__ import annotations

import pytest

from fleetctl.core.problems import Severity
from tests.builders.inventories import SITE, a_folder, examined, said_of, unmarked

OTHER_SITE = """\
design_temperature_c: -5
subscribed_power_w: 5000
network: {cidr: 10.77.2.0/24}
gateways:
  gw-a: {building: a, address: 10.77.2.1, uplink_address: 10.76.2.1, serial: QG-2, mac: 02:00:00:00:02:01}
"""

Edit = tuple[str, str]

ERRORS: dict[str, tuple[str, list[Edit]]] = {
    # identity
    "serial twice": ("duplicate-serial", [("serial: QR-2", "serial: ▸QR-1")]),
    "serial twice in another notation": ("duplicate-serial", [("serial: QR-2", "serial: ▸qr1")]),
    "mac twice": ("duplicate-mac", [("mac: 02:00:00:00:00:12", "mac: ▸02:00:00:00:00:11")]),
    "mac twice in another notation": ("duplicate-mac", [("mac: 02:00:00:00:00:12", "mac: ▸0200.0000.0011")]),
    "mac of zeros": ("zero-mac", [("mac: 02:00:00:00:00:12", "mac: ▸00:00:00:00:00:00")]),
    "mac of a group": ("multicast-mac", [("mac: 02:00:00:00:00:12", "mac: ▸03:00:00:00:00:12")]),
    "uplink twice": ("duplicate-uplink-address", [("uplink_address: 10.76.1.2", "uplink_address: ▸10.76.1.1")]),
    "id twice across kinds": ("duplicate-unit", [("  boiler-1:", "  ▸gw-p:")]),
    # addresses
    "address outside": ("address-outside", [("address: 10.77.1.12", "address: ▸10.77.2.12")]),
    "address of another family": ("address-outside", [("address: 10.77.1.12", "address: ▸fd00::12")]),
    "broadcast address": ("address-reserved", [("address: 10.77.1.12", "address: ▸10.77.1.255")]),
    "address twice": ("duplicate-address", [("address: 10.77.1.12", "address: ▸10.77.1.11")]),
    "port twice": ("duplicate-port", [("port: sw1/12", "port: ▸SW1/11")]),
    "no way in": ("no-way-in", [("  gw-p:", "  ▸gw-p:"), (", uplink_address: 10.76.1.2", "")]),
    "uplink on the wrong side": ("uplink-inside", [("uplink_address: 10.76.1.2", "uplink_address: ▸10.77.1.200")]),
    # places
    "unknown dwelling": ("unknown-dwelling", [("{dwelling: A102, room: living", "{dwelling: ▸A112, room: living")]),
    "unknown room": ("unknown-room", [("dwelling: A101, room: bedroom", "dwelling: A101, room: ▸bedroon")]),
    "unknown loop": ("unknown-loop", [("building: plant, loop: dhw", "building: plant, loop: ▸dwh")]),
    "boiler on no loop": ("missing-key", [("  boiler-1:", "  ▸boiler-1:"), ("plant, loop: dhw", "plant")]),
    "radiator on a loop": ("unknown-key", [("QR-2,", "QR-2, ▸loop: dhw,")]),
    "gateway behind a gateway": ("unknown-key", [("  gw-p: {", "  gw-p: {▸gateway: gw-a, ")]),
    "radiator in no room of a zone": (
        "no-zone",
        [
            ("A101, room: bedroom, serial: QR-2", "A101, room: ▸hall, serial: QR-2"),
            ("bedroom: 20", "bedroom: 20, hall: 9"),
        ],
    ),
    "radiator in no room of a divided dwelling": (
        "no-zone",
        [("  a101-2:", "  ▸a101-2:"), ("room: bedroom, serial", "serial")],
    ),
    "unknown gateway": ("unknown-gateway", [("QR-2,", "QR-2, gateway: ▸gw-x,")]),
    "a radiator as gateway": ("unknown-gateway", [("QR-2,", "QR-2, gateway: ▸a101-1,")]),
    "gateway of another building": ("gateway-elsewhere", [("QR-2,", "QR-2, gateway: ▸gw-p,")]),
    "building without a gateway": (
        "no-gateway",
        [("  a102-1:", "  ▸a102-1:"), ("A102: {building: a", "A102: {building: b")],
    ),
    "zone of no dwelling": ("unknown-dwelling", [("night: {dwelling: A101", "night: {dwelling: ▸A1O1")]),
    "zone with an unknown room": ("unknown-room", [("rooms: [bedroom]", "rooms: [▸kitchen]")]),
    "room in two zones": ("two-zones", [("rooms: [bedroom]", "rooms: [bedroom, ▸living]")]),
    "unknown neighbour": ("unknown-zone", [("{night: 20}", "{nigth: ▸20}")]),
    "zone beside itself": ("unknown-zone", [("{night: 20}", "{day: ▸20}")]),
    "sensor in no dwelling": ("unknown-dwelling", [("temperature, dwelling: A101", "temperature, dwelling: ▸A1")]),
    "sensor in no room": ("unknown-room", [("A101, room: living}", "A101, room: ▸attic}")]),
    "sensor on no loop": ("unknown-loop", [("water_out_temperature, loop: dhw", "water_out_temperature, loop: ▸dwh")]),
    "sensor nowhere": ("sensor-place", [("  t-dhw:", "  ▸t-dhw:"), ("temperature, loop: dhw", "temperature")]),
    "sensor in two places": ("sensor-place", [("  t-dhw:", "  ▸t-dhw:"), ("loop: dhw}", "loop: dhw, dwelling: A101}")]),
    "rooms larger than the dwelling": ("rooms-too-large", [("    rooms: {living: 30", "    ▸rooms: {living: 50")]),
    "no such time zone": ("unknown-time-zone", [("time_zone: Europe/Paris", "time_zone: ▸Europe/Pari")]),
    # power
    "power in kilowatts": ("kilowatts", [("heat-qb, power_w: 2000", "heat-qb, power_w: ▸2")]),
    "an empty band for the heatsink": (
        "empty-band",
        [("power_w: 650,", "power_w: 650, burn_in: {min_heatsink_rise_k: 40, max_heatsink_rise_k: ▸30},")],
    ),
    "modules over the model": ("modules-over-power", [("module_power_w: [200, 200]", "▸module_power_w: [400, 400]")]),
    "over the subscribed power": ("over-subscribed", [("subscribed_power_w: 20000", "subscribed_power_w: ▸5000")]),
    # climate
    "time constant too short": ("time-constant", [("capacity_kj_k: 9900", "capacity_kj_k: ▸99")]),
    "time constant too long": ("time-constant", [("capacity_kj_k: 9900", "capacity_kj_k: ▸9900000")]),
    "time constant of a zone": ("time-constant", [("capacity_kj_k: 4000", "capacity_kj_k: ▸4")]),
    "setpoints out of order": (
        "setpoint-order",
        [("channel: stable}", "channel: stable, ▸heat: {min_setpoint_c: 21}}")],
    ),
    # loops
    "no disinfection": (
        "no-disinfection",
        [("  dhw: {", "  ▸dhw: {"), (", disinfection: daily-60, disinfection_at: 03:00", "")],
    ),
    "no backup": (
        "no-backup",
        [("  dhw: {", "  ▸dhw: {"), ("demand_w: 9000, backup_w: 20000", "demand_w: 900")],
    ),
    "no hour": (
        "no-disinfection-hour",
        [("disinfection: daily-60, disinfection_at: 03:00", "disinfection: ▸daily-60")],
    ),
    # releases
    "unknown model": ("unknown-model", [("{model: qb,", "{model: ▸qbb,")]),
    "model of another kind": ("wrong-kind", [("{model: qb,", "{model: ▸qh,")]),
    "unknown model by default": ("unknown-model", [("{model: gw}", "{model: ▸gq}")]),
    "unknown channel": ("unknown-channel", [("QR-2,", "QR-2, channel: ▸beta,")]),
    "unknown release": ("unknown-release", [("QR-2,", "QR-2, release: ▸qh-2,")]),
    "release for another model": ("incompatible-release", [("QR-2,", "QR-2, release: ▸gw-1,")]),
    "channel for another model": ("incompatible-release", [("{model: gw}", "{model: gw, channel: ▸stable}")]),
    "unknown release of a component": (
        "unknown-release",
        [("power_w: 650,", "power_w: 650, components: {controller: ▸fw-9},")],
    ),
    "release of the system for a component": (
        "incompatible-release",
        [("power_w: 650,", "power_w: 650, components: {controller: ▸qh-1},")],
    ),
    "channel to nowhere": ("unknown-release", [("stable: qh-1", "stable: ▸qh-9")]),
    # policies, secrets, compute
    "percent of nothing": ("no-min-executed", [("{max_in_progress: 4}", "{max_failed_percent: ▸5}")]),
    "minimum of nothing": ("no-percent", [("{max_in_progress: 4}", "{min_executed: ▸5}")]),
    "step outlasts unit": ("timeouts", [("{max_in_progress: 4}", "{step_timeout_s: ▸900, unit_timeout_s: 600}")]),
    "staging too slow": (
        "staging-too-slow",
        [
            ("{max_in_progress: 4}", "{staging: {rate_bytes_per_s: ▸100, carry_timeout_s: 60}}"),
            ("{compatible: heat-qh}", "{compatible: heat-qh, size_bytes: 90000000}"),
        ],
    ),
    "a value as locator": ("bad-locator", [("locator: MUNGE_KEY", "locator: ▸s3cr3t!")]),
    "no key in a file": ("bad-locator", [("backend: env, locator: MUNGE_KEY", "backend: age, locator: ▸secrets.age")]),
    "no controller": ("no-controller", [("QR-2,", "QR-2, ▸compute: {platform: slurm},")]),
    "unknown secret": ("unknown-secret", [("QR-2,", "QR-2, compute: {secret: ▸mung},")]),
    "unknown platform": (
        "unknown-platform",
        [("QR-2,", "QR-2, compute: {platform: ▸slrm, controller: 'c:6817'},")],
    ),
    "a platform without its token": (
        "unknown-secret",
        [("policies:", "platforms:\n  main: {kind: slurm, url: 'https://slurm:6820', token: ▸jwt}\npolicies:")],
    ),
    "a platform called none": (
        "reserved-name",
        [("policies:", "platforms:\n  ▸none: {kind: slurm, url: 'unix:/run/api', token: munge}\npolicies:")],
    ),
    "a certificate that is due at once": (
        "renewed-at-once",
        [("policies:", f"authority: {{root_sha256: {'0' * 64}, valid_days: 30, renew_days: ▸30}}\npolicies:")],
    ),
    "a list of revoked certificates over https": (
        "bad-url",
        [("policies:", f"authority: {{root_sha256: {'0' * 64}, crl_url: ▸https://crl.example.net/a}}\npolicies:")],
    ),
    "unknown secret of a webhook": ("unknown-secret", [("fleet, secret: munge", "fleet, secret: ▸mungo")]),
    "a webhook in the clear": ("bad-url", [("url: https://alerts", "url: ▸http://alerts")]),
    "a password in an address": ("bad-url", [("url: https://alerts", "url: ▸https://me:pass@alerts")]),
    "a webhook that is told of nothing": ("too-few", [(", events: [halted, failed]", ", ▸events: []")]),
    # what is missing after all defaults
    "no time zone": ("missing-key", [("  site: {time_zone: Europe/Paris}\n", ""), ("title: A", "▸title: A")]),
    "no building": ("missing-key", [("  A102: {building: a,", "  ▸A102: {")]),
    "no model": ("missing-key", [("  boiler-1: {model: qb,", "  ▸boiler-1: {")]),
}

WARNINGS: dict[str, tuple[str, list[Edit]]] = {
    "a token that travels in clear": (
        "token-in-clear",
        [("policies:", "platforms:\n  main: {kind: slurm, url: ▸'http://slurm:6820', token: munge}\npolicies:")],
    ),
    "too little heat": ("too-little-heat", [("heat_loss_w_k: 50", "heat_loss_w_k: ▸60")]),
    "too little heat on a loop": ("too-little-heat", [("demand_w: 9000", "demand_w: ▸90000")]),
    "cap of a dwelling": ("cap-too-small", [("A102: {", "A102: {cap_down_w: ▸400, ")]),
    "unusual setpoint of a dwelling": ("unusual-setpoint", [("A102: {", "A102: {setpoint_c: ▸14, ")]),
    "unusual setpoint of a unit": ("unusual-setpoint", [("QR-2,", "QR-2, heat: {max_setpoint_c: ▸28},")]),
}


def test_the_good_folder_is_good() -> None:
    assert said_of(a_folder()) == ()


@pytest.mark.parametrize(("code", "edits"), ERRORS.values(), ids=list(ERRORS))
def test_broken_invariant_is_an_error_at_its_place(code: str, edits: list[Edit]) -> None:
    texts, places = unmarked(a_folder(*edits))
    found = examined(texts)
    assert found.fleet is None
    assert [(problem.code, problem.where) for problem in found.problems] == [(code, place) for place in places]
    assert all(problem.hint for problem in found.problems)


@pytest.mark.parametrize(("code", "edits"), WARNINGS.values(), ids=list(WARNINGS))
def test_doubtful_value_is_a_warning_at_its_place(code: str, edits: list[Edit]) -> None:
    texts, places = unmarked(a_folder(*edits))
    found = examined(texts)
    assert found.fleet is not None
    assert [(p.code, p.where, p.severity) for p in found.problems] == [(code, places[0], Severity.WARNING)]


def test_water_must_be_hot_enough_for_its_disinfection() -> None:
    edits = [
        ("volume_l: 1000, demand_w: 9000, backup_w: 20000", "volume_l: 100, demand_w: 900"),
        ("daily-60", "daily-65"),
    ]
    texts, places = unmarked(a_folder(*edits, ("  boiler-1:", "  ▸boiler-1:")))
    assert [(p.code, p.where) for p in said_of(texts)] == [("too-cold-for-disinfection", places[0])]


def test_a_bad_default_is_one_problem_however_many_units_have_it() -> None:
    texts, places = unmarked(a_folder(("{model: qh, channel", "{model: ▸qq, channel")))
    (problem,) = said_of(texts)
    assert (problem.code, problem.where) == ("unknown-model", places[0])
    assert "(and 2 more like this, from the same line)" in problem.message


def test_default_of_a_site_is_found_before_the_fleets() -> None:
    texts, places = unmarked(a_folder(("title: A", "defaults: {radiator: {model: ▸qq}}\ntitle: A")))
    assert [p.where for p in said_of(texts)] == places


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        ("duplicate-serial", ("serial: QG-2", "serial: ▸QR-3")),
        ("duplicate-mac", ("mac: 02:00:00:00:02:01", "mac: ▸02:00:00:00:00:13")),
        ("duplicate-uplink-address", ("uplink_address: 10.76.2.1", "uplink_address: ▸10.76.1.1")),
    ],
)
def test_identity_is_unique_between_sites(code: str, edit: Edit) -> None:
    texts, places = unmarked(a_folder(edit, there=OTHER_SITE))
    (problem,) = said_of(texts)
    assert (problem.code, problem.where) == (code, places[0])
    assert "here/" in problem.message


def test_two_sites_may_have_the_same_network_and_unit_ids() -> None:
    there = OTHER_SITE.replace("10.77.2", "10.77.1")
    assert said_of(a_folder(there=there)) == ()


def test_problems_of_all_invariants_come_together() -> None:
    edits = [edit for code, edits in ERRORS.values() if code in ("duplicate-mac", "unknown-room") for edit in edits[:1]]
    texts = a_folder(edits[0], ("rooms: [bedroom]", "rooms: [attic]"), ("other_load_w: 1000", "other_load_w: 19000"))
    assert {p.code for p in said_of(unmarked(texts)[0])} == {"duplicate-mac", "unknown-room", "over-subscribed"}


def test_site_text_has_no_marks() -> None:
    assert unmarked({"s": SITE}) == ({"s": SITE}, [])


AT_THE_LIMIT: dict[str, list[Edit]] = {
    "modules at 1.1 of the model": [("module_power_w: [200, 200]", "module_power_w: [400, 315]")],
    "all of the subscribed power": [("subscribed_power_w: 20000", "subscribed_power_w: 5070")],
    "heat just enough": [
        ("A102: {building: a, area_m2: 30, heat_loss_w_k: 25", "A102: {building: a, area_m2: 30, heat_loss_w_k: 28.26")
    ],
    "demand just covered": [("demand_w: 9000", "demand_w: 22000")],
    "cap of one unit": [("A102: {", "A102: {cap_down_w: 650, ")],
    "one step for the whole unit": [("{max_in_progress: 4}", "{step_timeout_s: 600, unit_timeout_s: 600}")],
    "399 litres need nothing": [
        ("dhw: {volume_l: 1000", "dhw: {volume_l: 399"),
        (", disinfection: daily-60, disinfection_at: 03:00", ""),
    ],
    "rooms at 1.05 of the dwelling": [("    rooms: {living: 30", "    rooms: {living: 43")],
    "time constant of 3 h": [("capacity_kj_k: 9900", "capacity_kj_k: 540")],
    "the machine's 50 W": [("heat-qb, power_w: 2000", "heat-qb, power_w: 50")],
}


@pytest.mark.parametrize("edits", AT_THE_LIMIT.values(), ids=list(AT_THE_LIMIT))
def test_what_is_at_the_limit_is_allowed(edits: list[Edit]) -> None:
    assert said_of(a_folder(*edits)) == ()


def test_400_litres_need_a_disinfection() -> None:
    texts = a_folder(("volume_l: 1000", "volume_l: 400"), (", disinfection: daily-60, disinfection_at: 03:00", ""))
    assert [p.code for p in said_of(texts)] == ["no-disinfection"]


def test_a_network_of_two_addresses_has_none_to_spare() -> None:
    there = OTHER_SITE.replace("10.77.2.0/24", "10.77.2.0/31")
    assert said_of(a_folder(there=there)) == ()


@pytest.mark.parametrize(
    ("edit", "hint"),
    [
        (("{model: qb,", "{model: qh,"), "models of this kind: qb"),
        (("{night: 20}", "{day: 20}"), "known: night"),
        (("heat-qb, power_w: 2000", "heat-qb, power_w: 2.5"), "2.5 kW is 2500"),
        (("QR-2,", "QR-2, gateway: a101-1,"), "known: gw-a, gw-p"),
    ],
)
def test_hint_says_what_would_do(edit: Edit, hint: str) -> None:
    (problem,) = said_of(a_folder(edit))
    assert hint in problem.hint
