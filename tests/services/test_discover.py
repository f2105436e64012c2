"""Discovering a site through the port: what the scout is given, and what becomes of what it saw."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath

import pytest

from fleetctl.core.discovery.document import document, lines, row
from fleetctl.core.discovery.finding import Discovery
from fleetctl.core.discovery.ground import Ground
from fleetctl.core.discovery.sighting import Sighting, Source, Survey, SwitchPort
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.core.route import Pin, Way
from fleetctl.core.routes import route_to
from fleetctl.services.discover import discover
from tests.builders.fleets import a_building, a_fleet
from tests.builders.sightings import AT, hung

FLEET = a_fleet(a_building(radiators=30))
GATEWAY, ONE, *REST = FLEET.units()
KEY = Pin("ssh-ed25519", "AAAA")


@dataclass
class FakeScout:
    """Has seen something, and remembers where it was sent."""

    seen: Survey
    sent: list[Ground] = field(default_factory=list)

    def survey(self, ground: Ground) -> Survey:
        self.sent.append(ground)
        return self.seen


def look(scout: FakeScout, site: str = "les-sables") -> Discovery:
    ways = {ONE.name: Way(host="127.10.1.2")}
    routes = {u.name: route_to(FLEET, u, {ONE.name: (KEY,)}, ways, PurePath("/")) for u in FLEET.units()}
    return discover(FLEET, site, scout, routes, ways, at=AT, by="gateway")


def test_the_scout_is_sent_with_the_pins_and_the_ways() -> None:
    scout = FakeScout(Survey((hung(GATEWAY, host_key="").answer(),)))
    look(scout)
    (ground,) = scout.sent
    assert ground.door(ONE.address).displaced
    assert ground.door(REST[0].address).hop.pins == (KEY,)


def test_the_pinned_key_tells_whose_machine_it_is() -> None:
    stranger = Sighting(Source.SSH, GATEWAY.name, (), REST[0].address, host_key=KEY.fingerprint)
    found = look(FakeScout(Survey((stranger,))))
    (met,) = [met for met in found.units if met.machine is not None]
    assert met.unit == ONE.name


@pytest.mark.parametrize("site", ["les-sable", ""])
def test_a_site_that_is_not_declared_is_refused_before_anybody_is_sent(site: str) -> None:
    scout = FakeScout(Survey(()))
    with pytest.raises(InvalidInput):
        look(scout, site)
    assert not scout.sent


def test_where_nothing_could_be_looked_at_nothing_is_called_missing() -> None:
    with pytest.raises(CouldNot, match="gw: could not look"):
        look(FakeScout(Survey((), ("gw: could not look: no answer",))))


def test_a_dead_switch_is_told_in_few_lines_and_stands_in_the_table() -> None:
    found = look(FakeScout(Survey((hung(GATEWAY, host_key="").answer(),), own_ports=(SwitchPort("sw1", "11"),))))
    told = lines(found)
    assert sum("was not met" in line for line in told) == 6
    assert "24 more machines were not met" in told
    assert f"this machine hangs on sw1/11, where {ONE.name} belongs" in told
    assert told[-1] == "les-sables: 1 present, 30 missing"
    assert [row(met)[1] for met in found.units].count("missing") == 30
    assert len(document(found)["findings"]) == 30
    assert document(found)["here"] == [{"port": "sw1/11", "unit": ONE.name}]
