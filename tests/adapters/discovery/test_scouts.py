"""Scouts against real SSH servers that run the real `fleet-unit`: who may be asked is asked, and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fleetctl.adapters.discovery import scouts
from fleetctl.adapters.discovery.scouts import GatewayScout, LocalScout
from fleetctl.core.discovery.ground import Door, Ground
from fleetctl.core.discovery.sighting import Sighting, Source, Survey
from fleetctl.core.problems import CouldNot
from fleetctl.core.route import Pin
from tests.builders.sshd import Server, Servers, servers
from tests.builders.unit_root import PROGRAM, UnitRoot

NETWORK = "10.99.0.0/24"
"""Of none of this machine's wires, so that nobody is called and every declared unit is asked."""
LEASE = "0 02:00:00:00:00:11 10.99.0.11 a101-1 *\n0 02:00:00:00:00:99 10.76.0.9 uplink *\n"
MAC = "02:00:00:00:00:11"


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[Servers]:
    with servers(tmp_path / "servers") as made:
        yield made


StartUnit = Callable[..., Server]


@pytest.fixture
def start(maker: Servers, tmp_path: Path) -> StartUnit:
    def start(name: str, *, program: Path = PROGRAM.parent) -> Server:
        unit = UnitRoot.make(tmp_path / name, kind="gateway" if name == "gw" else "radiator")
        unit.write("/etc/fleet/release", f"VERSION=1\nMODEL=qh-1\nKIND=radiator\nSERIAL=Q-{name}\n")
        unit.write("/var/lib/misc/dnsmasq.leases", LEASE)
        unit.write("/sys/class/net/eth0/address", MAC)
        return maker.start(
            f"site/{name}", environment={"FLEET_ROOT": str(unit.root), "PATH": f"{program}:/usr/sbin:/usr/bin:/bin"}
        )

    return start


def ground(gateway: Server, *units: Server, known: tuple[Server, ...] | None = None) -> Ground:
    """A site whose units are these, of which some are known by their host keys; all if it is not said."""
    pins: tuple[Pin, ...] = tuple(pin for each in (gateway, *(units if known is None else known)) for pin in each.pins)
    doors = {
        f"10.99.0.{number}": Door(f"10.99.0.{number}", gateway.unit, replace(unit.hop, pins=pins))
        for number, unit in enumerate(units, 11)
    }
    own = Door("10.99.0.1", gateway.unit, gateway.hop)
    usual = Door("", "", gateway.hop)
    return Ground("site", NETWORK, {gateway.unit: own}, {gateway.unit: gateway.route()}, doors, usual)


def of(survey: Survey, source: Source, address: str) -> list[Sighting]:
    return [each for each in survey.sightings if (each.source, each.address) == (source, address)]


def test_a_gateway_tells_itself_its_leases_and_whoever_answers_behind_it(start: StartUnit) -> None:
    gateway, one = start("gw"), start("one")
    survey = GatewayScout().survey(ground(gateway, one))
    (itself,) = of(survey, Source.SSH, "10.99.0.1")
    assert (itself.by, itself.serial, itself.host_key) == ("site/gw", "Q-gw", gateway.pins[0].fingerprint)
    (answer,) = of(survey, Source.SSH, "10.99.0.11")
    assert (answer.by, answer.serial, answer.macs) == ("site/gw", "Q-one", (MAC,))
    assert answer.said.startswith("SSH-2.0-OpenSSH")
    assert [each.said for each in of(survey, Source.LEASE, "10.99.0.11")] == ["a101-1"]
    assert of(survey, Source.LEASE, "10.76.0.9") == [], "an uplink is not of the site"
    assert any("is not in 10.99.0.0/24" in gap for gap in survey.gaps)
    assert any(gap.startswith("1 machines do not tell the port") for gap in survey.gaps)


def test_a_machine_with_anothers_host_key_is_asked_who_it_is(start: StartUnit) -> None:
    gateway, one, two = start("gw"), start("one"), start("two")
    survey = GatewayScout().survey(ground(gateway, two, one))
    assert [of(survey, Source.SSH, address)[0].serial for address in ("10.99.0.11", "10.99.0.12")] == ["Q-two", "Q-one"]


def test_nobody_logs_in_to_a_machine_whose_host_key_is_not_pinned(start: StartUnit) -> None:
    gateway, stranger = start("gw"), start("stranger")
    survey = GatewayScout().survey(ground(gateway, stranger, known=()))
    (seen,) = of(survey, Source.SSH, "10.99.0.11")
    assert seen.host_key == stranger.pins[0].fingerprint
    assert (seen.serial, seen.macs) == ("", ())
    assert "Accepted publickey" in (gateway.folder / "log").read_text()
    assert "Accepted" not in (stranger.folder / "log").read_text()


def test_whoever_does_not_answer_is_not_seen(start: StartUnit) -> None:
    gateway, one = start("gw"), start("one")
    site = ground(gateway, one)
    one.stop()
    assert of(GatewayScout().survey(site), Source.SSH, "10.99.0.11") == []


def test_a_gateway_that_cannot_be_reached_is_blind(start: StartUnit) -> None:
    gateway = start("gw")
    site = ground(gateway)
    gateway.stop()
    survey = GatewayScout().survey(site)
    assert survey.blind == {"site/gw"}
    assert survey.sightings == ()
    assert survey.gaps[0].startswith("site/gw: could not look: site/gw: no answer")


def test_an_older_fleet_unit_is_said(start: StartUnit, tmp_path: Path) -> None:
    old = tmp_path / "old/fleet-unit"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'usage: fleet-unit status' >&2\nexit 2\n")
    old.chmod(0o755)
    survey = GatewayScout().survey(ground(start("gw", program=old.parent)))
    assert survey.blind == {"site/gw"}
    assert "(code 2) said: usage: fleet-unit status" in survey.gaps[0]


def test_a_unit_that_lies_in_its_answer_is_a_gap_and_no_more(start: StartUnit, tmp_path: Path) -> None:
    liar = tmp_path / "liar/fleet-unit"
    liar.parent.mkdir()
    liar.write_text("#!/bin/sh\nprintf '[[[[\\033[2J'\n")
    liar.chmod(0o755)
    survey = GatewayScout().survey(ground(start("gw"), start("one", program=liar.parent)))
    (seen,) = of(survey, Source.SSH, "10.99.0.11")
    assert seen.serial == ""
    (gap,) = [gap for gap in survey.gaps if gap.startswith("10.99.0.11")]
    assert gap.isprintable()


def test_from_here_units_are_asked_without_a_gateway(start: StartUnit) -> None:
    gateway, one = start("gw"), start("one")
    survey = LocalScout(PROGRAM).survey(ground(gateway, one))
    (answer,) = of(survey, Source.SSH, "10.99.0.11")
    assert (answer.by, answer.serial) == ("here", "Q-one")
    assert all(gap.startswith(("here:", "1 machines")) for gap in survey.gaps)


def test_this_machine_is_not_waited_for_for_ever(
    start: StartUnit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fleet-unit").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(scouts, "GATEWAY_TIMEOUT_S", 0.2)
    with pytest.raises(CouldNot, match="has not looked around"):
        LocalScout(tmp_path / "fleet-unit").survey(ground(start("gw")))
