"""What is on the wire against what is declared: each way in which a building is not as the inventory says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from fleetctl.core.discovery.finding import Code, Discovery, Presence
from fleetctl.core.discovery.roster import Roster
from fleetctl.core.discovery.sighting import Sighting, Source, SwitchPort
from fleetctl.core.inventory.fleet import Fleet, Unit
from tests.builders.fleets import a_building, a_fleet, a_gateway, a_radiator, a_site
from tests.builders.sightings import Hung, at_place_of, discovered, hung, of, roster_of

FLEET = a_fleet(a_building())
GATEWAY, *RADIATORS = FLEET.units()
ONE, TWO, THREE = RADIATORS[:3]
FOREIGN = Hung("QX-9", "02:99:00:00:00:09", "10.77.1.200", "sw1/40", "SHA256:foreign")


def everybody_but(*gone: Unit) -> list[Sighting]:
    return [s for unit in FLEET.units() if unit not in gone for s in hung(unit).seen()]


def standings(found: Discovery) -> dict[str, Presence]:
    return {met.unit: met.standing for met in found.units if met.standing is not Presence.PRESENT}


def test_a_building_as_declared_has_no_finding() -> None:
    found = discovered(FLEET, *everybody_but())
    assert found.is_as_declared
    assert found.findings == ()
    assert [met.unit for met in found.units] == list(FLEET.by_name)


def test_a_machine_that_nobody_met_is_missing() -> None:
    found = discovered(FLEET, *everybody_but(ONE))
    assert standings(found) == {ONE.name: Presence.MISSING}
    (missing,) = found.findings
    assert missing.code is Code.MISSING
    assert ONE.port in missing.hint
    assert not found.is_as_declared


def test_a_lease_alone_does_not_prove_that_a_machine_is_there() -> None:
    found = discovered(FLEET, *everybody_but(ONE), hung(ONE).lease())
    (missing,) = found.findings
    assert missing.code is Code.MISSING
    assert f"it has a lease of {ONE.address}, and it does not answer" in missing.message
    assert missing.evidence


@pytest.mark.parametrize("source", [Hung.neighbour, Hung.lldp, Hung.answer])
def test_any_source_that_met_a_machine_proves_that_it_is_there(source: Callable[[Hung], Sighting]) -> None:
    found = discovered(FLEET, *everybody_but(ONE), source(hung(ONE)))
    assert found.is_as_declared


BRIDGED = SwitchPort("gw-1", "lan3")


def bridged(machine: Hung) -> Sighting:
    return Sighting(Source.BRIDGE, GATEWAY.name, (machine.mac,), port=BRIDGED)


def test_a_bridge_does_not_prove_that_a_machine_is_there_and_says_where_it_was() -> None:
    found = discovered(FLEET, *everybody_but(ONE), bridged(hung(ONE)))
    (missing,) = found.findings
    assert missing.code is Code.MISSING
    assert f"it was heard on {BRIDGED} of late, and it does not answer" in missing.message


def test_a_bridge_tells_the_port_only_where_nobody_else_does() -> None:
    found = discovered(FLEET, *everybody_but(ONE), *hung(ONE).seen(), bridged(hung(ONE)))
    assert found.is_as_declared
    without = (hung(ONE).neighbour(), hung(ONE).answer(), bridged(hung(ONE)))
    assert discovered(FLEET, *everybody_but(ONE), *without).is_as_declared, "the gateway's port is in no 'port'"


def test_a_blank_machine_has_the_place_that_a_bridge_tells_or_the_next_step_where_to_look() -> None:
    blank = Hung("", "02:ee:00:00:00:01", "10.77.1.99", "")
    (unknown,) = of(discovered(FLEET, *everybody_but(), blank.neighbour(), bridged(blank)), Code.UNKNOWN)
    assert f"on {BRIDGED}" in unknown.message
    assert "tells no port" not in unknown.hint
    (unknown,) = of(discovered(FLEET, *everybody_but(), blank.neighbour()), Code.UNKNOWN)
    assert "tells no port: the switch's own table of MACs does" in unknown.hint


def test_who_is_behind_a_gateway_that_could_not_look_is_not_called_missing() -> None:
    found = discovered(FLEET, blind=frozenset({GATEWAY.name}))
    assert set(standings(found).values()) == {Presence.NOT_LOOKED_FOR}
    assert found.findings == ()
    assert not found.is_as_declared


def test_two_machines_that_hang_in_each_others_places_are_swapped() -> None:
    rest = everybody_but(ONE, TWO)
    found = discovered(FLEET, *rest, *at_place_of(ONE, TWO).seen(), *at_place_of(TWO, ONE).seen())
    assert standings(found) == {ONE.name: Presence.SWAPPED, TWO.name: Presence.SWAPPED}
    (swapped,) = found.findings
    assert swapped.code is Code.SWAPPED
    assert swapped.units == (ONE.name, TWO.name)
    assert f"serial {ONE.serial}, MAC {ONE.mac} is on {TWO.port} where {TWO.name} belongs" in swapped.message


def test_two_that_answer_at_each_others_addresses_are_swapped_too() -> None:
    moved = [hung(ONE, address=TWO.address, port=""), hung(TWO, address=ONE.address, port="")]
    found = discovered(
        FLEET, *everybody_but(ONE, TWO), *(s for each in moved for s in (each.neighbour(), each.answer()))
    )
    assert [finding.code for finding in found.findings] == [Code.SWAPPED]


def test_a_machine_on_anothers_port_whose_own_is_missing_is_on_the_wrong_port() -> None:
    found = discovered(FLEET, *everybody_but(ONE, TWO), *at_place_of(ONE, TWO).seen())
    assert standings(found) == {ONE.name: Presence.WRONG_PORT, TWO.name: Presence.MISSING}
    (wrong,) = of(found, Code.WRONG_PORT)
    assert wrong.message.endswith(f"on {TWO.port}, where {TWO.name} belongs; declared is {ONE.port}")
    assert f"the machine of {TWO.name} was not met" in wrong.hint


def test_a_machine_on_a_port_that_is_nobodys_is_on_the_wrong_port() -> None:
    found = discovered(FLEET, *everybody_but(ONE), *hung(ONE, port="sw1/47").seen())
    (wrong,) = found.findings
    assert (wrong.code, wrong.units) == (Code.WRONG_PORT, (ONE.name,))


@pytest.mark.parametrize(
    ("declared", "heard", "fits"),
    [
        ("sw1/11", SwitchPort("sw1", "11"), True),
        ("sw1/11", SwitchPort("SW1", "GigabitEthernet1/0/11"), True),
        ("sw1/11", SwitchPort("sw1.example.net", "gi11"), True),
        ("sw1/1/11", SwitchPort("sw1", "ge-1/1/11"), True),
        ("sw1/gi11", SwitchPort("sw1", "Gi11"), True),
        ("sw1/11", SwitchPort("sw1", "GigabitEthernet1/0/1"), False),
        ("sw1/11", SwitchPort("sw1", "111"), False),
        ("sw1/gi11", SwitchPort("sw1", "Te11"), False),
    ],
)
def test_switches_name_their_ports_in_many_ways(declared: str, heard: SwitchPort, fits: bool) -> None:
    unit = replace(ONE, port=declared)
    fleet = a_fleet(a_site("les-sables", 1, (GATEWAY, unit)))
    found = roster_of(fleet).by_port(heard)
    assert (found is not None and found.name == unit.name) is fits


def test_a_port_that_fits_two_declared_ones_decides_nothing() -> None:
    units = (GATEWAY, replace(ONE, port="sw1/1/11"), replace(TWO, port="sw1/2/11"), replace(THREE, port="sw1/11"))
    roster = roster_of(a_fleet(a_site("les-sables", 1, units)))
    assert roster.by_port(SwitchPort("sw1", "gi1/11")) is None


def test_a_switch_of_another_name_makes_one_note_and_no_wrong_port() -> None:
    fleet = a_fleet(
        a_site("les-sables", 1, (GATEWAY, *(replace(each, port=f"attic/{n}") for n, each in enumerate(RADIATORS))))
    )
    found = discovered(fleet, *(s for unit in (GATEWAY, *RADIATORS) for s in hung(unit).seen()))
    (note,) = found.findings
    assert note.code is Code.UNKNOWN_SWITCH
    assert "of 6 machines" in note.message
    assert found.is_as_declared


def test_a_machine_that_is_nobodys_is_unknown() -> None:
    found = discovered(FLEET, *everybody_but(), *FOREIGN.seen())
    (unknown,) = found.findings
    assert unknown.code is Code.UNKNOWN
    assert "serial QX-9, MAC 02:99:00:00:00:09, on sw1/40, at 10.77.1.200" in unknown.message
    assert len(found.unknown) == 1
    assert not found.is_as_declared


def test_an_unknown_machine_in_a_missing_ones_place_may_be_the_new_one() -> None:
    found = discovered(FLEET, *everybody_but(ONE), *replace(FOREIGN, port=ONE.port).seen())
    (unknown,) = of(found, Code.UNKNOWN)
    assert f"where {ONE.name} belongs" in unknown.message
    assert f"fleetctl unit swap {ONE.name} --serial QX-9 --mac {FOREIGN.mac}" in unknown.hint


def test_a_switch_is_no_unknown_machine() -> None:
    switch = Sighting(Source.LLDP, GATEWAY.name, ("b6:51:e1:1b:76:0a",), is_switch=True, said="sw1")
    answers = Sighting(Source.NEIGHBOUR, GATEWAY.name, ("b6:51:e1:1b:76:0a",), "10.77.1.250")
    assert discovered(FLEET, *everybody_but(), switch, answers).is_as_declared


def test_a_machine_of_another_site_is_not_taken_for_a_new_one() -> None:
    elsewhere = a_radiator("florestine", 2, 0)
    fleet = a_fleet(a_building(), a_site("florestine", 2, (a_gateway("florestine", 2), elsewhere)))
    pins = {unit.name: frozenset({f"SHA256:{unit.name}"}) for unit in fleet.units()}
    found = discovered(FLEET, *everybody_but(), *hung(elsewhere).seen(), roster=Roster(fleet, "les-sables", pins))
    (finding,) = found.findings
    assert finding.code is Code.WRONG_IDENTITY
    assert elsewhere.name in finding.message


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        (hung(ONE, serial="QX-9"), f"it has the MAC of {ONE.name}, whose serial is {ONE.serial}"),
        (hung(ONE, mac="02:99:00:00:00:09"), f"it has the serial of {ONE.name}, whose MAC is {ONE.mac}"),
        (hung(ONE, host_key="SHA256:foreign"), "in the place of the pinned one"),
        (hung(ONE, host_key=f"SHA256:{TWO.name}"), f"and proves the host key of {TWO.name}"),
        (hung(ONE, serial=TWO.serial), f"it has the serial of {TWO.name} and the MAC of {ONE.name}"),
    ],
)
def test_a_machine_that_is_half_a_units_is_to_be_quarantined(machine: Hung, reason: str) -> None:
    found = discovered(FLEET, *everybody_but(ONE), *machine.seen())
    (wrong,) = of(found, Code.WRONG_IDENTITY)
    assert reason in wrong.message
    assert wrong.code.quarantines
    assert ONE.name in wrong.units
    assert "fleetctl unit quarantine" in wrong.hint
    assert standings(found)[ONE.name] is Presence.WRONG_IDENTITY


def test_serials_and_macs_that_are_mixed_up_in_the_inventory_are_one_finding() -> None:
    mixed = [hung(ONE, serial=TWO.serial, host_key=""), hung(TWO, serial=ONE.serial, host_key="")]
    found = discovered(FLEET, *everybody_but(ONE, TWO), *(s for each in mixed for s in each.seen()))
    (swapped,) = found.findings
    assert swapped.code is Code.SWAPPED
    assert "mixed up" in swapped.message


def test_two_machines_with_one_serial_claim_one_unit() -> None:
    copy = hung(ONE, mac="", address="10.77.1.99", port="", host_key=f"SHA256:{ONE.name}")
    second = Sighting(Source.SSH, GATEWAY.name, (), copy.address, ONE.serial, host_key=copy.host_key)
    found = discovered(FLEET, *everybody_but(), second)
    (twice,) = of(found, Code.CLAIMED_TWICE)
    assert twice.units == (ONE.name,)
    assert standings(found) == {ONE.name: Presence.CLAIMED_TWICE}


def test_one_mac_with_two_serials_is_two_machines() -> None:
    clone = hung(ONE, serial="QX-9", address="10.77.1.99", host_key="SHA256:foreign")
    found = discovered(FLEET, *everybody_but(), clone.answer())
    (duplicate,) = of(found, Code.DUPLICATE_MAC)
    assert f"2 machines have MAC {ONE.mac}" in duplicate.message
    assert "QX-9 at 10.77.1.99" in duplicate.message
    assert standings(found)[ONE.name] is Presence.CLAIMED_TWICE


def test_two_machines_at_one_address_are_a_conflict() -> None:
    found = discovered(FLEET, *everybody_but(), replace(FOREIGN, address=ONE.address).neighbour())
    (conflict,) = of(found, Code.ADDRESS_CONFLICT)
    assert ONE.address in conflict.message
    assert len(conflict.evidence) > 2


def test_a_lease_and_a_neighbour_that_differ_are_both_shown() -> None:
    old = Sighting(Source.LEASE, GATEWAY.name, (FOREIGN.mac,), ONE.address)
    found = discovered(FLEET, *everybody_but(), old)
    (differing,) = of(found, Code.SOURCES_DIFFER)
    assert f"leased to MAC {FOREIGN.mac}, and serial {ONE.serial}" in differing.message
    assert any(line.startswith("dhcp") for line in differing.evidence)
    assert any(line.startswith("neighbour") for line in differing.evidence)


def test_whoever_answers_without_telling_a_mac_is_whom_the_neighbour_table_has_there() -> None:
    found = discovered(FLEET, *everybody_but(ONE), hung(ONE).neighbour(), hung(ONE).stranger())
    assert found.is_as_declared
    blind = replace(hung(ONE), host_key="SHA256:foreign")
    found = discovered(FLEET, *everybody_but(ONE), blind.neighbour(), blind.stranger())
    assert [finding.code for finding in found.findings] == [Code.WRONG_IDENTITY]


def test_a_blank_machine_is_known_by_its_mac_while_no_key_is_pinned() -> None:
    pins = {unit.name: frozenset({f"SHA256:{unit.name}"}) for unit in FLEET.units() if unit is not ONE}
    blank = hung(ONE, host_key="SHA256:of-an-installer")
    sightings = [*everybody_but(ONE), blank.neighbour(), blank.stranger()]
    assert discovered(FLEET, *sightings, roster=roster_of(FLEET, pins)).is_as_declared


def of_undeclared(unit: Unit) -> Fleet:
    return a_fleet(a_site("les-sables", 1, (GATEWAY, unit)))


@pytest.mark.parametrize(
    ("unit", "key", "value"),
    [
        (replace(ONE, mac=""), "mac", ONE.mac),
        (replace(ONE, serial=""), "serial", ONE.serial),
        (replace(ONE, port=""), "port", ONE.port),
    ],
)
def test_what_was_seen_and_is_not_declared_is_worth_a_note(unit: Unit, key: str, value: str) -> None:
    found = discovered(of_undeclared(unit), *hung(GATEWAY).seen(), *hung(ONE).seen())
    (note,) = of(found, Code.NOT_DECLARED)
    assert f"'{key}: {value}'" in note.hint
    assert found.is_as_declared


def test_a_place_without_a_machine_yet_says_so() -> None:
    new = hung(ONE, host_key="SHA256:foreign")
    found = discovered(of_undeclared(replace(ONE, serial="", mac="")), *hung(GATEWAY).seen(), *new.seen())
    (missing,) = of(found, Code.MISSING)
    assert "no machine is declared for it yet" in missing.message
    (unknown,) = of(found, Code.UNKNOWN)
    assert f"where {ONE.name} belongs" in unknown.message


def test_a_serial_is_the_same_however_it_was_copied() -> None:
    copied = ONE.serial.lower().replace("-", " ")
    assert discovered(FLEET, *everybody_but(ONE), *hung(ONE, serial=copied).seen()).is_as_declared


def worst_first(found: Iterable[Code]) -> list[Code]:
    return sorted(found, key=list(Code).index)


def test_the_worst_comes_first() -> None:
    clone = hung(ONE, serial="QX-9", address="10.77.1.99", host_key="SHA256:foreign")
    found = discovered(FLEET, *everybody_but(TWO), clone.answer(), *FOREIGN.seen())
    codes = [finding.code for finding in found.findings]
    assert codes == worst_first(codes)
    assert {Code.DUPLICATE_MAC, Code.MISSING, Code.UNKNOWN} <= set(codes)


def test_nobody_hides_a_units_machine_by_calling_it_a_switch() -> None:
    lie = Sighting(Source.LLDP, GATEWAY.name, (ONE.mac,), is_switch=True, said="sw1")
    assert discovered(FLEET, *everybody_but(), lie).is_as_declared


def test_machines_on_their_own_ports_with_each_others_addresses_are_configured_wrongly_and_not_swapped() -> None:
    moved = [hung(ONE, address=TWO.address), hung(TWO, address=ONE.address)]
    sightings = (s for each in moved for s in (each.neighbour(), each.answer(), each.lldp()))
    found = discovered(FLEET, *everybody_but(ONE, TWO), *sightings)
    assert [finding.code for finding in found.findings] == [Code.WRONG_ADDRESS, Code.WRONG_ADDRESS]
