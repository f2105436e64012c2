"""The cables of a lab: what leases and LLDP say, and what becomes of them when somebody plugs things elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fleetctl.core.problems import CouldNot
from fleetctl.lab.faults import Detail
from fleetctl.lab.layout import Level, lay_out
from fleetctl.lab.wiring import lldp_document
from tests.builders.lab_fleets import lab_fleet
from tests.builders.labs import Lab, a_lab, wait_until

GATEWAY, ONE, TWO = "site-1/gw", "site-1/rad-1", "site-1/rad-2"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    path = tmp_path_factory.mktemp("wiring") / "lab"
    with a_lab(lab_fleet(sites=1, radiators=2), path, Level.NAMESPACES) as made:
        yield made


def look(lab: Lab, unit: str, *options: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(lab.ask(unit, " ".join(["fleet-unit look", *options])))
    return document


def port_of(lab: Lab, unit: str) -> str:
    heard = json.loads(look(lab, unit)["lldp"]["text"])["lldp"]["interface"]["eth0"]
    (switch,) = heard["chassis"]
    return f"{switch}/{heard['port']['id']['value']}"


def leased(lab: Lab) -> dict[str, str]:
    lines = look(lab, GATEWAY)["leases"]["text"].splitlines()
    return {line.split()[1]: line.split()[2] for line in lines}


def neighbours(lab: Lab) -> dict[str, str]:
    told = json.loads(look(lab, GATEWAY, "--sweep", "10.77.1.0/24")["neighbours"]["text"])
    return {entry["dst"]: entry["lladdr"] for entry in told if "REACHABLE" in entry["state"]}


def test_a_socket_is_what_is_declared_or_else_one_of_the_sites_switch() -> None:
    stand = lay_out(lab_fleet(sites=1), Level.NAMESPACES).stands[1]
    assert stand.socket == "switch-1/2"
    heard = lldp_document("sw1/1/11", stand)["lldp"]["interface"]["eth0"]
    assert heard["port"]["id"]["value"] == "1/11"


@pytest.mark.lab
def test_leases_neighbours_and_lldp_fit_together(lab: Lab) -> None:
    units = {unit.name: unit for unit in lab.fleet.units()}
    macs = {units[name].mac: units[name].address for name in (ONE, TWO, "site-1/boiler-1")}
    assert leased(lab) == macs
    found = neighbours(lab)
    assert {address: mac for mac, address in macs.items()}.items() <= found.items()
    assert port_of(lab, ONE) == "switch-1/2"
    assert look(lab, ONE)["leases"]["gap"]
    assert list(look(lab, ONE)["links"].values()) == [units[ONE].mac]


@pytest.mark.lab
def test_who_is_pulled_out_is_met_by_nobody_at_once(lab: Lab) -> None:
    address = lab.fleet.by_name[ONE].address
    assert address in neighbours(lab)
    lab.fault(ONE, "unplug")
    assert address not in neighbours(lab)
    lab.fault(ONE, "plug")
    assert address in neighbours(lab)


@pytest.mark.lab
def test_two_machines_that_are_swapped_hear_each_others_ports(lab: Lab) -> None:
    before = port_of(lab, ONE), port_of(lab, TWO)
    lab.fault(ONE, "swap", Detail(other=TWO))
    assert (port_of(lab, TWO), port_of(lab, ONE)) == before
    lab.fault(TWO, "swap", Detail(other=ONE))
    assert (port_of(lab, ONE), port_of(lab, TWO)) == before


@pytest.mark.lab
@pytest.mark.parametrize(("other", "hint"), [("", "--with"), (ONE, ""), ("site-1/rad-9", "did you mean")])
def test_only_another_unit_of_the_site_can_be_swapped_with(lab: Lab, other: str, hint: str) -> None:
    with pytest.raises(CouldNot) as refused:
        lab.fault(ONE, "swap", Detail(other=other))
    assert hint in refused.value.hint


@pytest.mark.lab
def test_a_foreign_machine_takes_a_units_place_until_it_is_taken_away(lab: Lab) -> None:
    unit = lab.fleet.by_name[TWO]
    lab.fault(TWO, "foreign")
    stranger = {mac: address for mac, address in leased(lab).items() if mac.startswith("02:f0:")}
    assert len(stranger) == 1
    assert unit.mac not in leased(lab)
    assert {address: mac for mac, address in stranger.items()}.items() <= neighbours(lab).items()
    with pytest.raises(CouldNot):
        lab.fault(TWO, "foreign")
    lab.fault(TWO, "expel")
    assert unit.mac in leased(lab)
    assert unit.address in neighbours(lab)
    with pytest.raises(CouldNot):
        lab.fault(TWO, "expel")


@pytest.mark.lab
def test_a_new_machine_has_another_serial_mac_and_host_key(lab: Lab) -> None:
    unit = lab.fleet.by_name[TWO]
    with pytest.raises(CouldNot, match="is on"):
        lab.fault(TWO, "replace")
    boots = lab.boots(TWO)
    lab.fault(TWO, "cut")
    wait_until(lambda: lab.phase(TWO) == "off", "it is off")
    assert "serial LAB-1-12-N1, MAC 02:ee:" in lab.fault(TWO, "replace")
    lab.fault(TWO, "on")
    wait_until(lambda: lab.boots(TWO) > boots and lab.phase(TWO) == "good", "the new machine is good")
    assert neighbours(lab)[unit.address].startswith("02:ee:")
    refused = lab.run(TWO, "true")
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in refused.stderr


@pytest.mark.lab
def test_a_stand_in_notes_that_it_blinks(lab: Lab) -> None:
    told = json.loads(lab.ask(ONE, "fleet-unit blink --for 60"))
    assert told["by"] == "/usr/lib/fleet/identify"
    wait_until(lambda: lab.run(ONE, "cat /run/lab/blink.json").returncode == 0, "it blinks")
    shown = json.loads(lab.ask(ONE, "cat /run/lab/blink.json"))
    assert shown["until_s"] - shown["since_s"] == 60
