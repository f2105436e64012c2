"""What a simulation tells: kinds of constraints, the document, the Markdown, the picture."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from fleetctl.core.policy import Policy
from fleetctl.core.simulate.conditions import Faults
from fleetctl.core.simulate.markdown import to_markdown
from fleetctl.core.simulate.plot import to_svg
from fleetctl.core.simulate.record import constraint_of
from fleetctl.core.simulate.report import Simulation, to_document
from fleetctl.services.simulate import simulate
from tests.builders.simulated import CALM, an_order

POLICY = Policy("default", max_in_progress=4, max_failed=100, retries=0, reboot_timeout_s=600, heat_timeout_s=600)


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    faults = Faults(fail_rate=0.3, busy=0.0)
    return simulate(an_order(policy=POLICY, conditions=replace(CALM, faults=faults, seed=4)))


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("G1 A101: 95 min to 18 °C at -7 °C, 2 x 14 min needed", "G1"),
        ("G12 A101: fell to 17 °C", "G12"),
        ("8 of at most 8 units are under way", "… of at most … units are under way"),
        ("les-sables/a101-1 is in doubt and is being observed", "… is in doubt and is being observed"),
        ("retry in 12 s: the connection was lost", "retry in … s"),
    ],
)
def test_reasons_of_one_kind_are_one_constraint(reason: str, kind: str) -> None:
    assert constraint_of(reason) == kind


def test_the_document_is_plain_data_and_complete(simulation: Simulation) -> None:
    document = json.loads(json.dumps(to_document(simulation)))
    assert document["schema"] == "fleetctl/simulation/v1"
    assert sum(document["counts"].values()) == 13
    assert len(document["starts"]) == 13
    assert {zone["zone"] for zone in document["zones"]} <= {f"les-sables/A{n}" for n in range(101, 105)}
    assert len(document["attention"]) == document["counts"]["rolled_back"]
    times = [sample["at_s"] for sample in document["samples"]]
    assert times == sorted(times)
    assert document["samples"][-1]["ended"] == 13


def test_critical_time_is_not_longer_than_the_rollout(simulation: Simulation) -> None:
    assert sum(each.critical_s for each in simulation.constraints) <= simulation.duration_s
    assert simulation.constraints[0].critical_s == max(each.critical_s for each in simulation.constraints)


def test_the_markdown_lists_who_needs_somebody(simulation: Simulation) -> None:
    text = to_markdown(simulation)
    assert "Not every unit was updated" in text
    for each in simulation.attention:
        assert f"- `{each.unit}` rolled back" in text


def test_the_markdown_says_where_the_weather_stops_it(simulation: Simulation) -> None:
    text = to_markdown(replace(simulation, limit_c=-7.25, limit_reason="G1 A101: 20 min"))
    assert "Down to -7.25 °C outdoors every unit can be updated; below that not all: G1 A101: 20 min." in text


def test_the_picture_is_well_formed_and_has_nothing_from_elsewhere(simulation: Simulation) -> None:
    text = to_svg(replace(simulation, policy="<careful & slow>"))
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("svg")
    assert "&lt;careful &amp; slow&gt;" in text
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    width = float(root.attrib["width"])
    for rect in root.iter("{http://www.w3.org/2000/svg}rect"):
        if not rect.attrib["width"].endswith("%"):
            assert 0 <= float(rect.attrib["x"]) <= float(rect.attrib["x"]) + float(rect.attrib["width"]) <= width + 0.2
