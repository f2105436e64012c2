"""A site's wire, looked at with the real command line: what hangs wrong is found, and put right as the hint says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetctl.lab.folder import LabFolder
from tests.builders.acceptance import on_unit, wait_for
from tests.builders.cli import FLEETCTL, TIMEOUT_S, Cli
from tests.builders.labs import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance, pytest.mark.evening, pytest.mark.xdist_group("discovery")]

SITE = "bordeaux-aiguillon"
GATEWAY, ONE, TWO, THREE = (f"{SITE}/{id}" for id in ("gw-plant", "boiler-01", "boiler-02", "boiler-03"))
FILE = f"sites/{SITE}.yaml"


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A hot-water plant: a gateway and three boilers."""
    cli = Cli.of_example("demo", tmp_path_factory.mktemp("discovery") / "demo")
    cli("lab", "up", "--select", f"site={SITE}")
    try:
        if json.loads(cli("-o", "json", "lab", "status").out)["level"] != "namespaces":
            pytest.skip("units have no networks of their own here")
        yield cli
    finally:
        cli("lab", "down", code=None)


def discover(cli: Cli, *options: str, code: int = 3) -> dict[str, Any]:
    document: dict[str, Any] = cli("-o", "json", "discover", SITE, "--detailed-exitcode", *options, code=code).json
    assert document["schema"] == "fleetctl/discovery/v1"
    assert document["gaps"] == []
    return document


def standing(document: dict[str, Any]) -> dict[str, str]:
    return {row["unit"]: row["standing"] for row in document["units"] if row["standing"] != "present"}


def finding(document: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = [finding for finding in document["findings"] if finding["code"] == code]
    return dict(found)


def test_a_plant_as_declared_is_seen_by_every_source(plant: Cli) -> None:
    document = discover(plant, code=0)
    assert document["as_declared"]
    boilers = [row for row in document["units"] if row["unit"] != GATEWAY]
    assert {tuple(row["sources"]) for row in boilers} == {("dhcp", "neighbour", "lldp", "ssh")}
    table = plant("discover", SITE)
    assert table.out.splitlines()[0].split()[:2] == ["UNIT", "STANDING"]
    assert f"{SITE}: 4 present" in table.err


def test_swapped_machines_are_found_and_declared_where_they_stand(plant: Cli) -> None:
    before = (plant.folder / FILE).read_text()
    plant("lab", "fault", ONE, "swap", "--with", TWO)
    document = discover(plant)
    assert standing(document) == {ONE: "swapped", TWO: "swapped"}
    swap = re.search(r"'fleetctl (unit swap [^']*)'", finding(document, "swapped")["hint"])
    assert swap is not None
    plant(*swap[1].split())
    assert (plant.folder / FILE).read_text() != before
    # Each machine keeps the address of its old place until it is configured for its new one.
    assert standing(discover(plant)) == {ONE: "wrong-address", TWO: "wrong-address"}
    plant("unit", "swap", ONE, "--with", TWO)
    assert (plant.folder / FILE).read_text() == before
    plant("lab", "fault", ONE, "swap", "--with", TWO)
    discover(plant, code=0)


def test_a_foreign_machine_is_unknown_and_the_units_own_missing(plant: Cli) -> None:
    plant("lab", "fault", THREE, "foreign")
    document = discover(plant)
    assert standing(document) == {THREE: "missing"}
    assert "MAC 02:f0:" in finding(document, "unknown")["message"]
    assert "plugged in" in finding(document, "missing")["hint"]
    plant("lab", "fault", THREE, "expel")
    discover(plant, code=0)


def test_who_was_pulled_out_is_missing_at_once(plant: Cli) -> None:
    plant("lab", "fault", TWO, "unplug")
    document = discover(plant)
    assert standing(document) == {TWO: "missing"}
    assert "has a lease" in finding(document, "missing")["message"]
    plant("lab", "fault", TWO, "plug")
    discover(plant, code=0)


def test_a_gateway_that_is_away_hides_its_units_and_misses_none(plant: Cli) -> None:
    plant("lab", "fault", GATEWAY, "unplug")
    failed = plant("discover", SITE, code=1)
    assert "could not look" in failed.err
    assert "--from here" in failed.err
    plant("lab", "fault", GATEWAY, "plug")
    wait_for(plant, GATEWAY)


def test_from_here_says_that_this_machine_is_not_plugged_in_there(plant: Cli) -> None:
    failed = plant("discover", SITE, "--from", "here", code=1)
    assert "this machine is not in 10.77.8.0/24" in failed.err


def test_from_here_a_laptop_in_a_socket_sees_the_site_as_its_gateway_does(plant: Cli) -> None:
    """The laptop hangs where a boiler's machine was pulled out: a network port of its own, and nothing else."""
    plant("lab", "fault", THREE, "foreign")
    try:
        document = json.loads(on_the_laptop(plant, "-o", "json", "discover", SITE, "--from", "here"))
    finally:
        plant("lab", "fault", THREE, "expel")
    assert document["from"] == "here"
    seen = {row["unit"]: row for row in document["units"]}
    assert {unit: row["standing"] for unit, row in seen.items()} == {
        GATEWAY: "present",
        ONE: "present",
        TWO: "present",
        THREE: "missing",
    }
    for name in (ONE, TWO):
        assert {"neighbour", "lldp", "ssh"} <= set(seen[name]["sources"])
        assert seen[name]["serials"], "it said who it is, over a connection with its pinned host key"
    assert document["unknown"] == [], "the laptop is none of the machines that it sees"
    discover(plant, code=0)


def on_the_laptop(cli: Cli, *words: str) -> str:
    """Run fleetctl behind the network port of the foreign machine of a lab; returns what it printed."""
    record = LabFolder(cli.folder / ".fleetctl/lab").known_record()
    (port,) = Path(f"/proc/{record.pid}/root/run/netns").glob("f*")
    own_devices = ["unshare", "--mount", "sh", "-c", 'mount -t sysfs sysfs /sys && exec "$@"', "sh"]
    command = ["nsenter", f"--net={port}", *own_devices, str(FLEETCTL), *words]
    done = subprocess.run(
        command, cwd=cli.folder, env=cli.environment, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, done
    return done.stdout


def test_a_unit_blinks_for_whoever_stands_before_it(plant: Cli) -> None:
    told = plant.json("unit", "identify", ONE, "--for", "2min")
    assert (told["unit"], told["for_s"], told["serial"]) == (ONE, 120, "QB-0003-00002")
    wait_until(
        lambda: "until_s" in plant("unit", "ssh", ONE, "--", "cat", "/run/lab/blink.json", code=None).out, "it blinks"
    )
    shown = json.loads(on_unit(plant, ONE, "cat", "/run/lab/blink.json"))
    assert shown["until_s"] - shown["since_s"] == 120


def test_a_quarantined_unit_is_left_alone_by_a_plan_that_was_saved_before(plant: Cli) -> None:
    plant("plan", TWO, "--out", "evening.plan")
    plant("unit", "quarantine", TWO, "--reason", "it hums")
    assert f"{TWO}: its machine is quarantined" in plant("apply", "evening.plan", code=2).err
    left_out = {row["unit"]: row["reason"] for row in plant.json("plan", TWO, code=None)["left_out"]}
    assert "it hums" in left_out[TWO]
    plant("unit", "quarantine", TWO, "--lift", "--reason", "a loose screw")
    assert plant.json("plan", TWO)["left_out"] == []


def commissioned_wrongly(plant: Cli) -> None:
    """Commission a unit that answers with another's identity: it is quarantined, and a person lets it go again."""
    run = ("commission", "run", SITE, f"unit={ONE.rpartition('/')[2]}", "--unattended", "--patience", "5")
    events = plant("-o", "json", *run, code=1).json_lines
    (failed,) = [event for event in events if event["code"] == "stage-failed"]
    assert (failed["subject"], failed["values"]["stage"]) == (ONE, "discovered")
    assert "in the place of the pinned one" in failed["values"]["reason"]
    assert plant.json("unit", "show", ONE)["machine"]["lifecycle"] == "quarantined"
    plant("unit", "quarantine", ONE, "--lift", "--reason", "to be looked at once more")


def test_a_machine_that_is_not_who_it_says_is_quarantined_with_what_was_found(plant: Cli) -> None:
    on_unit(plant, ONE, "rm", "/data/ssh/ssh_host_ed25519_key", "/data/ssh/ssh_host_ed25519_key.pub")
    plant("lab", "fault", ONE, "cut")
    wait_until(lambda: "off" in plant("lab", "status").out, "it is off")
    plant("lab", "fault", ONE, "on")
    wait_until(lambda: "wrong-identity" in plant("discover", SITE, code=None).out, "its new sshd answers", 60)
    commissioned_wrongly(plant)
    told = plant("discover", SITE, "--quarantine")
    assert f"{ONE} is quarantined" in told.err
    assert "is quarantined" not in plant("discover", SITE, "--quarantine").err, "once is enough"
    (left_out,) = plant.json("plan", ONE, "--no-refresh", code=None)["left_out"]
    assert "in the place of the pinned one" in left_out["reason"]
    (fingerprint,) = re.findall(
        r"proves the host key (SHA256:\S+)", finding(discover(plant), "wrong-identity")["message"]
    )
    plant("unit", "adopt", ONE, "--fingerprint", fingerprint)
    plant("unit", "quarantine", ONE, "--lift", "--reason", "it was set up anew by hand")
    discover(plant, code=0)


def test_a_new_machine_in_an_old_place_is_found_declared_and_adopted(plant: Cli) -> None:
    plant("lab", "fault", THREE, "cut")
    wait_until(lambda: "off" in plant("lab", "status").out, "it is off", 60)
    plant("lab", "fault", THREE, "replace")
    plant("lab", "fault", THREE, "on")
    wait_until(
        lambda: standing(json.loads(plant("-o", "json", "discover", SITE, code=None).out)) == {THREE: "missing"}, ""
    )
    wait_until(lambda: "host key" in unknown(plant), "the new machine's sshd answers", 60)
    new = unknown(plant)
    assert f"where {THREE} belongs" in new
    (mac,) = re.findall(r"MAC (02:ee:[0-9a-f:]+)", new)
    (fingerprint,) = re.findall(r"host key (SHA256:\S+?),", new)
    plant("unit", "swap", THREE, "--serial", "QB-0003-00004-N1", "--mac", mac, "--reason", "pump broken")
    plant("unit", "adopt", THREE, "--fingerprint", fingerprint)
    assert discover(plant, code=0)["as_declared"]
    assert plant("probe", THREE).code == 0
    assert "serial: QB-0003-00004-N1" in (plant.folder / FILE).read_text()


def unknown(cli: Cli) -> str:
    document = cli("-o", "json", "discover", SITE, code=None).json
    return next((each["message"] for each in document["findings"] if each["code"] == "unknown"), "")
