"""`fleetctl inventory list|show|export`."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.command import call


def test_list_is_an_aligned_table_in_a_pipe(fleet_folder: Path) -> None:
    called = call("inventory", "list", inventory=fleet_folder)

    assert called.code == 0
    assert called.lines == [
        "UNIT               KIND      MODEL  SERIAL  ADDRESS     PLACE         RELEASE",
        "les-sables/gw-a    gateway   gw-1   QG-1    10.77.1.1   a             gw-2026.11",
        "les-sables/a101-1  radiator  qh-1   QR-1    10.77.1.11  A101 living   qh-2026.11",
        "les-sables/a101-2  radiator  qh-1   QR-2    10.77.1.12  A101 bedroom  qh-2026.11",
    ]


def test_list_as_json_has_every_unit_in_full(fleet_folder: Path) -> None:
    document = call("-o", "json", "inventory", "list", "kind=radiator", inventory=fleet_folder).document

    assert document["schema"] == "fleetctl/inventory/v1"
    assert [unit["unit"] for unit in document["units"]] == ["les-sables/a101-1", "les-sables/a101-2"]
    assert document["units"][0]["heat"]["max_setpoint_c"] == 26.0


def test_an_empty_selection_is_refused(fleet_folder: Path) -> None:
    called = call("inventory", "list", "kind=boiler", inventory=fleet_folder)

    assert (called.code, called.out) == (2, "")
    assert "no unit matches 'kind=boiler'" in called.err
    assert "[empty-selection]" in called.err


def test_show_prints_what_is_declared_with_its_defaults(fleet_folder: Path) -> None:
    called = call("inventory", "show", "les-sables/a101-1", inventory=fleet_folder)

    shown = dict(line.split(None, 1) for line in called.lines)
    assert shown["serial"] == "QR-1"
    assert shown["heat.default_setpoint_c"] == "20.0"
    assert shown["compute.secret"] == "token"
    assert shown["ssh.become"] == "false"
    assert "loop" not in shown


def test_show_of_several_units_is_one_sheet_each(fleet_folder: Path) -> None:
    called = call("inventory", "show", "kind=radiator", inventory=fleet_folder)

    assert called.out.count("\n\n") == 1
    document = call("-o", "json", "inventory", "show", "kind=radiator", inventory=fleet_folder).document
    assert (document["schema"], len(document["units"])) == ("fleetctl/units/v1", 2)


def test_ansible_accepts_its_export(fleet_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "hosts.json"
    file.write_text(call("inventory", "export", "--format", "ansible", inventory=fleet_folder).out)
    environ = {**os.environ, "ANSIBLE_INVENTORY_UNPARSED_FAILED": "1", "ANSIBLE_LOCALHOST_WARNING": "0"}

    program = Path(sys.executable).parent / "ansible-inventory"
    done = subprocess.run([program, "-i", file, "--list"], capture_output=True, text=True, env=environ, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    listed = json.loads(done.stdout)
    assert listed["kind_radiator"]["hosts"] == ["a101-1.les-sables", "a101-2.les-sables"]
    assert listed["_meta"]["hostvars"]["a101-1.les-sables"]["fleet_serial"] == "QR-1"
    arguments = listed["_meta"]["hostvars"]["a101-1.les-sables"]["ansible_ssh_common_args"]
    assert arguments == "-o ProxyJump=root@10.76.1.1:22"


def test_the_prometheus_export_is_a_list_of_targets(fleet_folder: Path) -> None:
    targets = call("inventory", "export", "kind=radiator", "--format", "prometheus", inventory=fleet_folder).document

    assert [target["targets"] for target in targets] == [["10.77.1.11:9100"], ["10.77.1.12:9100"]]


def test_the_csv_export_is_rfc_4180(fleet_folder: Path) -> None:
    text = call("inventory", "export", "--format", "csv", inventory=fleet_folder).out

    assert text.count("\r\n") == 4
    assert [row["serial"] for row in csv.DictReader(io.StringIO(text))] == ["QG-1", "QR-1", "QR-2"]


@pytest.mark.parametrize("command", [("list",), ("show",), ("export",)])
def test_every_command_has_an_example(command: tuple[str, ...]) -> None:
    assert "Example: fleetctl inventory" in call("inventory", *command, "--help").out


def test_policies_show_what_they_come_to(fleet_folder: Path) -> None:
    policy = "policies:\n  shares: {waves: [{name: third, percent: 33}], cap_down_w: 1300}\nsecrets:"
    fleet = fleet_folder / "fleet.yaml"
    fleet.write_text(fleet.read_text().replace("secrets:", policy))

    called = call("inventory", "policies", "shares", inventory=fleet_folder)
    assert (
        " ".join(called.lines[1].split())
        == "shares wave third 0 units: 33 % of 3 is 0.99, rounded down 0: empty, passed over"
    )
    assert "1300 W may be down: 2 'qh-1' of 650 W" in called.out

    document = call("-o", "json", "inventory", "policies", inventory=fleet_folder).document
    assert (document["schema"], document["units"]) == ("fleetctl/policies/v1", 3)
    assert [policy["name"] for policy in document["policies"]] == ["default", "shares"]


def test_a_policy_that_does_not_exist_is_refused(fleet_folder: Path) -> None:
    called = call("inventory", "policies", "defualt", inventory=fleet_folder)
    assert called.code == 2
    assert "did you mean 'default'?" in called.err
