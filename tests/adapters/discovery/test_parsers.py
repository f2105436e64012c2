"""What devices and their programs say is read strictly, bounded, and made safe for a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.adapters.discovery import parsing
from fleetctl.adapters.discovery.bridges import read_bridge
from fleetctl.adapters.discovery.leases import read_leases
from fleetctl.adapters.discovery.lldp import read_lldp
from fleetctl.adapters.discovery.looked import SCHEMA, read_look
from fleetctl.adapters.discovery.neighbours import read_neighbours
from fleetctl.core.discovery.sighting import LONGEST, Sighting, Source, SwitchPort, safe_text

SAMPLES = Path(__file__).with_name("samples")
"""Printed by lldpd 1.0.16 in network namespaces; its kernel's version was cut."""
GATEWAY, UNIT = "les-sables/gw-a", "les-sables/a101-1"
ESCAPES = "sw1\x1b]0;owned\x07\x1b[2J\u202egnihton\r\nforged line"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
LIKE_LLDP = st.recursive(
    JSON | st.sampled_from(["Bridge", "mac", "02:00:00:00:00:11", True]),
    lambda inner: st.dictionaries(
        st.sampled_from(["interface", "chassis", "port", "id", "type", "value", "capability", "eth0", "enabled"]), inner
    ),
    max_leaves=20,
)


def leases(*lines: str) -> tuple[Sighting, ...]:
    return read_leases("\n".join(lines), by=GATEWAY, now_s=1_800_000_000).found


def test_leases_that_have_not_ended_are_sightings() -> None:
    found = leases(
        "1800003600 02:00:00:00:00:11 10.77.1.11 a101-1 01:02:00:00:00:00:11",
        "0 02:00:00:00:00:12 10.77.1.12 * *",
        "1799999999 02:00:00:00:00:13 10.77.1.13 ended *",
        "duid 00:01:00:01",
        "1800003600 12345 fd00::1 six 00:01",
    )
    assert found == (
        Sighting(Source.LEASE, GATEWAY, ("02:00:00:00:00:11",), "10.77.1.11", said="a101-1"),
        Sighting(Source.LEASE, GATEWAY, ("02:00:00:00:00:12",), "10.77.1.12"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "now 02:00:00:00:00:11 10.77.1.11 a *",
        "1800003600 02:00:00:00:00 10.77.1.11 a *",
        "1800003600 02:00:00:00:00:11 10.77.1 a *",
        "1800003600 01:00:5e:00:00:01 10.77.1.11 multicast *",
        "1800003600 00:00:00:00:00:00 10.77.1.11 nobody *",
        "١٨٠٠٠٠٣٦٠٠ 02:00:00:00:00:11 10.77.1.11 a *",
    ],
)
def test_lines_that_are_no_leases_are_counted(line: str) -> None:
    parsed = read_leases(f"{line}\n0 02:00:00:00:00:12 10.77.1.12 * *\n", by=GATEWAY, now_s=0)
    assert [sighting.address for sighting in parsed.found] == ["10.77.1.12"]
    assert parsed.flaws == ("1 lines of the lease file cannot be read",)


def test_a_host_name_cannot_speak_to_the_terminal() -> None:
    (found,) = leases("0 02:00:00:00:00:12 10.77.1.12 \x1b[2J\x07name *")
    assert found.said == r"\x1b[2J\x07name"


def test_a_flood_of_entries_is_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MOST", 3)
    text = "".join(f"0 02:00:00:00:00:{n:02x} 10.77.1.{n} * *\n" for n in range(1, 9))
    parsed = read_leases(text, by=GATEWAY, now_s=0)
    assert len(parsed.found) == 3
    assert parsed.flaws == ("more than 3 leases, the rest is not read",)


NEIGHBOURS: list[dict[str, Any]] = [
    {"dst": "10.77.1.11", "dev": "lan0", "lladdr": "02:00:00:00:00:11", "state": ["REACHABLE"]},
    {"dst": "10.77.1.12", "dev": "lan0", "lladdr": "02:00:00:00:00:12", "state": ["STALE"]},
    {"dst": "10.77.1.13", "dev": "lan0", "state": ["FAILED"]},
    {"dst": "fe80::11", "dev": "lan0", "lladdr": "02:00:00:00:00:11", "state": ["REACHABLE"]},
    {"dst": "10.77.1.14", "lladdr": ["02"], "state": ["REACHABLE"]},
    {"dst": "10.77.1.15", "lladdr": "02:00:00:00:00:15", "state": "REACHABLE"},
]


def test_whom_the_kernel_met_is_there() -> None:
    found = read_neighbours(json.dumps(NEIGHBOURS), by=GATEWAY).found
    assert found == (Sighting(Source.NEIGHBOUR, GATEWAY, ("02:00:00:00:00:11",), "10.77.1.11"),)


def test_who_was_there_of_late_counts_where_nobody_could_be_called() -> None:
    found = read_neighbours(json.dumps(NEIGHBOURS), by=GATEWAY, stale=True).found
    assert [sighting.address for sighting in found] == ["10.77.1.11", "10.77.1.12"]


def heard(document: str, **links: str) -> tuple[Sighting, ...]:
    return read_lldp(document, by=GATEWAY, links=links).found


def test_a_unit_hears_which_switch_and_port_it_hangs_on() -> None:
    port, switch = heard((SAMPLES / "lldp-of-a-unit.json").read_text(), eth0="02:00:00:00:00:11")
    assert port == Sighting(Source.LLDP, GATEWAY, ("02:00:00:00:00:11",), port=SwitchPort("sw-a1", "port1"))
    assert switch == Sighting(Source.LLDP, GATEWAY, ("b6:51:e1:1b:76:0a",), is_switch=True, said="sw-a1")


def test_who_listens_on_many_ports_hears_who_hangs_on_each() -> None:
    found = heard((SAMPLES / "lldp-of-two-units.json").read_text(), port1="02:00:00:00:01:01")
    assert [(each.macs, str(each.port), each.said) for each in found] == [
        (("02:00:00:00:00:11",), "gw-a/port1", "rad-1"),
        (("02:00:00:00:00:12",), "gw-a/port2", "rad-2"),
    ]


def of_switch(**changes: Any) -> str:
    chassis = {"id": {"type": "mac", "value": "b6:51:e1:1b:76:0a"}, **changes.pop("chassis", {})}
    neighbour = {"chassis": {"sw1": chassis}, "port": {"id": {"type": "ifname", "value": "gi11"}}, **changes}
    return json.dumps({"lldp": {"interface": {"eth0": neighbour}}})


def test_several_machines_on_one_interface_say_nothing_of_their_ports() -> None:
    station = {"capability": [{"type": "Station", "enabled": True}]}
    macs = ("02:00:00:00:00:11", "02:00:00:00:00:12")
    interfaces = [
        {"lan0": {"chassis": {"id": {"type": "mac", "value": mac}, **station}, "port": {"id": {}}}} for mac in macs
    ]
    found = heard(json.dumps({"lldp": {"interface": interfaces}}))
    assert [(each.macs[0], each.port) for each in found] == [(mac, None) for mac in macs]


def test_a_port_has_the_name_that_its_switch_gives_it() -> None:
    (port, _) = heard(of_switch(), eth0="02:00:00:00:00:11")
    assert str(port.port) == "sw1/gi11"


def test_a_switch_without_a_name_tells_no_port() -> None:
    nameless = {"chassis": {"id": {"type": "mac", "value": "b6:51:e1:1b:76:0a"}}, "port": {"id": {"value": "11"}}}
    (switch,) = heard(json.dumps({"lldp": {"interface": {"eth0": nameless}}}), eth0="02:00:00:00:00:11")
    assert switch.is_switch


def test_what_a_switch_says_cannot_speak_to_the_terminal() -> None:
    text = of_switch(port={"id": {"type": "local", "value": ESCAPES}})
    (port, _) = heard(text.replace('"sw1"', json.dumps(ESCAPES)), eth0="02:00:00:00:00:11")
    shown = str(port)
    assert shown.isprintable()
    assert r"\x1b]0;owned\x07" in shown
    assert port.port is not None
    assert len(port.port.name) <= LONGEST


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '{"lldp": null}', "[" * 100_000, '{"a":' * 50 + "1" + "}" * 50]
)
def test_what_is_no_answer_of_lldpd_is_said(text: str) -> None:
    parsed = read_lldp(text, by=GATEWAY, links={})
    assert parsed.found == ()
    assert parsed.flaws


@given(LIKE_LLDP)
def test_whatever_comes_is_read_or_said(document: Any) -> None:
    text = json.dumps({"lldp": document})
    for sighting in read_lldp(text, by=GATEWAY, links={"eth0": "02:00:00:00:00:11"}).found:
        assert str(sighting).isprintable()
    read_neighbours(json.dumps(document), by=GATEWAY)


@given(st.text())
def test_any_text_becomes_safe_to_show(text: str) -> None:
    shown = safe_text(text)
    assert shown.isprintable()
    assert len(shown) <= LONGEST


def look(**changes: Any) -> bytes:
    told = {
        "schema": SCHEMA,
        "boot_id": "b",
        "release": {"serial": "QG-1", "model": "gw-1"},
        "now_s": 1_800_000_000.0,
        "links": {"lan0": "02:00:00:00:00:01", "wan0": "02:00:00:00:ff:01"},
        "leases": {"text": "0 02:00:00:00:00:12 10.77.1.12 * *\n", "gap": ""},
        "neighbours": {"text": json.dumps(NEIGHBOURS), "gap": ""},
        "lldp": {"text": "", "gap": "lldpctl is not installed"},
    }
    return json.dumps(told | changes).encode()


def test_a_look_tells_what_a_machine_is_and_what_it_sees() -> None:
    told = read_look(look(), by=GATEWAY)
    assert (told.serial, told.model, told.macs) == ("QG-1", "gw-1", ("02:00:00:00:00:01", "02:00:00:00:ff:01"))
    assert len(told.leases) == len(told.neighbours) == 1
    assert told.gaps == {"lldp": "lldpctl is not installed"}


def test_a_gap_is_said_once_with_what_could_not_be_read() -> None:
    told = read_look(look(leases={"text": "rubbish\n", "gap": ""}, neighbours={"text": "", "gap": "no ip"}), by=GATEWAY)
    assert told.gaps["leases"] == "1 lines of the lease file cannot be read"
    assert told.gaps["neighbours"] == "no ip"


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff\xfe", b'{"schema": "fleetctl/unit-status/v1"}', b"[" * 200_000])
def test_what_is_no_look_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        read_look(text, by=UNIT)


@given(st.dictionaries(st.sampled_from(["release", "links", "leases", "neighbours", "lldp", "now_s"]), JSON))
def test_a_look_with_anything_in_it_is_read(parts: dict[str, Any]) -> None:
    read_look(look(**parts), by=UNIT)


def learnt(mac: str, port: str, **more: Any) -> dict[str, Any]:
    """An entry as `bridge -j fdb` prints one that was learnt."""
    return {"mac": mac, "ifname": port, "flags": [], "master": "br0", "state": "", **more}


def test_a_machine_alone_on_a_port_of_a_bridge_hangs_there() -> None:
    entries = [
        learnt("02:00:00:00:00:11", "lan1"),
        learnt("02:00:00:00:00:11", "lan1", vlan=1),
        learnt("02:00:00:00:00:12", "lan2"),
        learnt("02:00:00:00:00:13", "lan2"),
        learnt("02:47:00:00:00:01", "lan3"),
        learnt("02:00:00:00:00:99", "lan4", state="permanent"),
        learnt("02:00:00:00:00:98", "lan4", flags=["self"]),
        learnt("33:33:00:00:00:01", "lan4"),
        {"mac": "02:00:00:00:00:97", "ifname": "wan"},
    ]
    told = read_bridge(json.dumps(entries), by=GATEWAY, own=["02:47:00:00:00:01"])
    assert told.found == (
        Sighting(Source.BRIDGE, GATEWAY, ("02:00:00:00:00:11",), port=SwitchPort("gw-a", "lan1")),
        Sighting(Source.BRIDGE, GATEWAY, ("02:00:00:00:00:12",)),
        Sighting(Source.BRIDGE, GATEWAY, ("02:00:00:00:00:13",)),
    )


@given(JSON | st.lists(st.dictionaries(st.sampled_from(["mac", "ifname", "flags", "master", "state"]), JSON)))
def test_whatever_a_bridge_says_is_read_or_a_flaw(document: Any) -> None:
    assert isinstance(read_bridge(json.dumps(document), by=GATEWAY, own=[]).found, tuple)


def test_a_bridge_that_says_no_json_is_a_gap() -> None:
    assert "cannot be read" in read_bridge("Dump terminated", by=GATEWAY, own=[]).flaws[0]
