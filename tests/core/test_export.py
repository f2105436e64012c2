"""Exports: the shapes that other tools read."""

from __future__ import annotations

import csv
import io
import json
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core import export
from fleetctl.core.inventory.fleet import Fleet, Unit
from tests.builders.fleets import a_building, a_fleet, a_gateway, a_radiator, a_site

FLEET = a_fleet()
UNITS = tuple(FLEET.units())


def dialled(*dial: str) -> Fleet:
    """Return a fleet whose one gateway is reached by a command."""
    gateway = a_gateway("s", 1, dial=dial, uplink_address="")
    return a_fleet(a_site("s", 1, (gateway, a_radiator("s", 1, 0))))


def arguments_of(fleet: Fleet, unit: str) -> list[str]:
    hosts = export.ansible(fleet, list(fleet.units()))["all"]["hosts"]
    return shlex.split(hosts[fleet.by_name[unit].alias]["ansible_ssh_common_args"])


def test_csv_has_a_header_and_a_line_for_each_unit() -> None:
    text = export.csv_text(UNITS)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    assert text.count("\r\n") == len(UNITS) + 1
    assert [row["unit"] for row in rows] == [unit.name for unit in UNITS]
    assert rows[1] == export.row(UNITS[1])


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_csv_is_a_formula(start: str) -> None:
    unit = a_radiator("s", 1, 0, room=f'{start}HYPERLINK("http://x","y")')

    (row,) = csv.DictReader(io.StringIO(export.csv_text([unit]), newline=""))

    assert row["room"].startswith(f"'{start}")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_comes_back_from_the_csv(text: str) -> None:
    (row,) = csv.DictReader(io.StringIO(export.csv_text([a_radiator("s", 1, 0, room=text)]), newline=""))

    assert row["room"].removeprefix("'") == text.removeprefix("'")


def test_prometheus_gets_one_target_a_unit_with_text_labels() -> None:
    targets = export.prometheus(UNITS)

    assert [target["targets"] for target in targets] == [[f"{unit.address}:9100"] for unit in UNITS]
    assert targets[1]["labels"] == {
        "unit": "les-sables/a101-1", "site": "les-sables", "kind": "radiator", "model": "qh-1", "building": "a",
        "dwelling": "A101", "room": "living", "gateway": "gw-1", "channel": "stable", "label_floor": "0",
    }  # fmt: skip
    assert export.prometheus([replace(UNITS[0], address="fd00::1")])[0]["targets"] == ["[fd00::1]:9100"]


def test_labels_that_people_give_hide_none_of_ours() -> None:
    unit = a_radiator("s", 1, 0, labels={"kind": "spare", "röhre-1": "x"})
    labels = export.prometheus([unit])[0]["labels"]

    assert (labels["kind"], labels["label_kind"], labels["label_r_hre_1"]) == ("radiator", "spare", "x")


def test_ansible_groups_units_by_what_they_are() -> None:
    inventory = export.ansible(FLEET, UNITS)["all"]

    assert len(inventory["hosts"]) == len(UNITS)
    assert list(inventory["children"]) == [
        "building_hot_water_a", "building_les_sables_a", "channel_stable", "kind_boiler", "kind_gateway",
        "kind_radiator", "model_gw_1", "model_qb_1", "model_qh_1", "site_hot_water", "site_les_sables",
    ]  # fmt: skip
    assert list(inventory["children"]["kind_gateway"]["hosts"]) == ["gw-1.les-sables", "gw-1.hot-water"]


def test_ansible_gets_no_variable_that_is_reserved() -> None:
    for variables in export.ansible(FLEET, UNITS)["all"]["hosts"].values():
        assert all(name.startswith(("ansible_", "fleet_")) for name in variables)


def test_a_unit_is_reached_through_its_gateway() -> None:
    assert arguments_of(FLEET, "les-sables/a101-1") == ["-o", "ProxyJump=root@192.0.2.1:22"]
    assert export.ansible(FLEET, UNITS)["all"]["hosts"]["gw-1.les-sables"]["ansible_host"] == "192.0.2.1"


def test_a_dialled_gateway_is_reached_by_its_command() -> None:
    assert arguments_of(dialled("nc", "-U", "/run/a b%c"), "s/gw-1") == ["-o", "ProxyCommand=nc -U '/run/a b%%c'"]


def test_a_unit_behind_a_dialled_gateway_is_reached_through_that_command() -> None:
    option, value = arguments_of(dialled("nc", "-U", "/run/a b%c"), "s/a101-1")
    outer = shlex.split(value.removeprefix("ProxyCommand=").replace("%%", "\0").replace("\0", "%"))

    assert option == "-o"
    assert outer == ["ssh", "-o", "ProxyCommand=nc -U '/run/a b%%c'", "-p", "22", "-W", "%h:%p", "root@10.77.1.1"]


def test_a_description_is_plain_data_and_names_secrets_only() -> None:
    described = export.describe(FLEET, FLEET.by_name["les-sables/a101-1"])

    assert json.loads(json.dumps(described)) == described
    assert described["heat"]["max_power_w"] == 650.0
    assert described["compute"]["secret"] == "compute-token"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_kind_of_unit_can_be_described(unit: Unit) -> None:
    assert export.describe(FLEET, unit)["unit"] == unit.name


def test_an_export_of_a_selection_holds_nothing_else() -> None:
    fleet = a_fleet(a_building("s", 1, 3))

    assert list(export.ansible(fleet, [fleet.by_name["s/a101-1"]])["all"]["hosts"]) == ["a101-1.s"]
