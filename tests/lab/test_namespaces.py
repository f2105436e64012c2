"""The lab with networks: what a unit is, how it is reached, and what breaks it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.core.config import Config, ConfigFile, payload
from fleetctl.core.problems import CouldNot
from fleetctl.lab import lab
from fleetctl.lab.layout import Level
from tests.builders.lab_fleets import lab_fleet
from tests.builders.labs import Lab, a_lab, traces, wait_until

pytestmark = pytest.mark.lab

RADIATOR, BOILER, ELSEWHERE, GATEWAY = "site-1/rad-1", "site-1/boiler-1", "site-2/rad-1", "site-1/gw"
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    path = tmp_path_factory.mktemp("namespaces") / "lab"
    with a_lab(lab_fleet(), path, Level.NAMESPACES) as made:
        yield made
    assert traces(path) == []


@pytest.mark.parametrize("unit", [GATEWAY, RADIATOR, BOILER, ELSEWHERE])
def test_a_unit_is_what_the_inventory_says_behind_its_pinned_key(here: Lab, unit: str) -> None:
    declared = here.fleet.by_name[unit]
    said = here.ask(unit, "hostname; cat /etc/fleet/release; ip -br -4 addr; cat /sys/class/net/*/address")
    assert declared.host_name in said.splitlines()
    assert {f"SERIAL={declared.serial}", f"MODEL={declared.model}", f"KIND={declared.kind}"} <= set(said.splitlines())
    assert f"{declared.address}/24" in said
    assert declared.mac in said


def test_another_host_key_is_refused(here: Lab, tmp_path: Path) -> None:
    known = (here.ssh_config.parent / "known_hosts").read_text().splitlines()
    radiator, boiler = (next(line for line in known if line.startswith(n)) for n in ("rad-1.site-1", "boiler-1.site-1"))
    swapped = tmp_path / "known_hosts"
    swapped.write_text("\n".join([*known, ""]).replace(radiator.split()[2], boiler.split()[2]))
    config = tmp_path / "config"
    config.write_text(here.ssh_config.read_text().replace(str(here.ssh_config.parent / "known_hosts"), str(swapped)))
    refused = subprocess.run(["ssh", "-F", config, "rad-1.site-1", "true"], capture_output=True, text=True)
    assert refused.returncode == 255
    assert "verification failed" in refused.stderr


def test_units_of_a_site_see_each_other_and_nobody_else(here: Lab) -> None:
    here.ask(RADIATOR, "bash -c 'read -t 5 -r line < /dev/tcp/10.77.1.2/22; echo $line | grep SSH'")
    assert here.run(RADIATOR, "timeout 1 bash -c 'exec 3<>/dev/tcp/10.77.2.11/22'").returncode != 0
    assert here.run(GATEWAY, "timeout 1 bash -c 'exec 3<>/dev/tcp/10.77.2.1/22'").returncode != 0


def test_the_unit_contract(here: Lab) -> None:
    heat = json.loads(here.ask(RADIATOR, "cat /run/heat/state.json"))
    water = json.loads(here.ask(BOILER, "cat /run/heat/state.json"))
    assert {"at", "zone_temperature_c", "setpoint_c", "power_w", "commanded_w", "aux_heater_w", "faults"} <= heat.keys()
    assert {"water_out_c", "water_return_c"} <= water.keys()
    assert here.run(GATEWAY, "test -e /run/heat/state.json").returncode == 1
    here.ask(
        RADIATOR, "python3 -c 'import json, shutil, ssl'; test -x /usr/lib/fleet/hooks/network; sudo -n -u root true"
    )
    assert here.run(RADIATOR, "touch /usr/bin/x").returncode != 0


def test_fleet_unit_says_what_the_unit_is(here: Lab) -> None:
    status = json.loads(here.ask(RADIATOR, "fleet-unit status"))
    assert status["release"] == {"serial": "LAB-1-11", "model": "qh-1", "kind": "radiator", "version": "1.0.0"}
    assert (status["slots"]["booted"], status["slots"]["primary"]) == ("A", "A")
    assert status["boot_id"] == here.ask(RADIATOR, BOOT_ID)


def test_a_reboot_is_a_new_boot_with_the_same_key_and_data(here: Lab) -> None:
    before = here.ask(RADIATOR, f"{BOOT_ID}; echo kept > /data/note; echo gone > /run/note; cat /etc/machine-id")
    here.reboot(RADIATOR)
    after = here.ask(RADIATOR, f"{BOOT_ID}; cat /etc/machine-id; cat /data/note; ls /run/note 2>&1 || true")
    assert before.splitlines()[0] not in after
    assert before.splitlines()[1] in after
    assert "kept" in after
    assert "No such file" in after


def test_power_off_stays_off_until_somebody_switches_it_on(here: Lab) -> None:
    here.run(BOILER, "poweroff")
    wait_until(lambda: here.phase(BOILER) == "off", "the boiler is off")
    with pytest.raises(CouldNot, match="is off"):
        here.fault(BOILER, "hang")
    with pytest.raises(subprocess.TimeoutExpired):  # nobody refuses the connection: the whole machine is dark
        here.run(BOILER, "true", timeout_s=1.0)
    here.fault(BOILER, "on")
    wait_until(lambda: here.phase(BOILER) == "good", "the boiler is back")
    assert here.answers(BOILER)


def test_a_unit_without_power_is_silent(here: Lab) -> None:
    """No goodbye: a connection that was open learns nothing, as with real power cuts."""
    argv = ["ssh", "-F", str(here.ssh_config), "rad-1.site-1", "echo up; sleep 60"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as open_connection:
        assert open_connection.stdout is not None
        assert open_connection.stdout.readline() == b"up\n"
        here.fault(RADIATOR, "cut")
        wait_until(lambda: here.phase(RADIATOR) == "off", "the unit is off")
        with pytest.raises(subprocess.TimeoutExpired):
            open_connection.wait(0.5)
        open_connection.kill()
    assert here.phase(BOILER) == "good"
    here.fault(RADIATOR, "on")
    wait_until(lambda: here.phase(RADIATOR) == "good", "the unit is back")
    assert here.answers(RADIATOR)


def test_a_cable_that_is_out_cuts_off_one_unit(here: Lab) -> None:
    here.fault(RADIATOR, "unplug")
    assert not here.answers(RADIATOR, within_s=1.0)
    assert here.answers(BOILER)
    here.fault(RADIATOR, "plug")
    assert here.answers(RADIATOR)


def test_a_gateway_that_is_cut_takes_its_site_with_it(here: Lab) -> None:
    here.fault(GATEWAY, "cut")
    assert not here.answers(RADIATOR, within_s=1.0)
    assert here.answers(ELSEWHERE)
    here.fault(GATEWAY, "on")
    wait_until(lambda: here.phase(GATEWAY) == "good", "the gateway is back")
    assert here.answers(RADIATOR)


def test_a_unit_that_hangs_takes_the_connection_and_says_nothing(here: Lab) -> None:
    here.fault(RADIATOR, "hang")
    assert not here.answers(RADIATOR, within_s=1.0)
    here.fault(RADIATOR, "unhang")
    assert here.answers(RADIATOR)


def test_a_slow_link_is_slow(here: Lab) -> None:
    """32 kB/s: 40,000 bytes beyond the burst take a second."""
    argv = ["ssh", "-F", str(here.ssh_config), "rad-1.site-1", "head -c 2000000 /dev/zero"]
    here.fault(RADIATOR, "slow")
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(argv, stdout=subprocess.DEVNULL, timeout=1.5)
    here.fault(RADIATOR, "fast")
    subprocess.run(argv, stdout=subprocess.DEVNULL, timeout=60, check=True)


def test_a_damaged_port_counts_errors_where_any_port_does_and_from_zero_after_a_boot(here: Lab) -> None:
    counter = "cat /sys/class/net/eth0/statistics/rx_errors"
    assert here.ask(RADIATOR, counter) == "0"
    here.fault(RADIATOR, "nic-errors")
    first = int(here.ask(RADIATOR, counter))
    assert first > 0
    wait_until(lambda: int(here.ask(RADIATOR, counter)) > first, "more errors")
    here.fault(RADIATOR, "mend")
    here.reboot(RADIATOR)
    assert here.ask(RADIATOR, counter) == "0"
    with pytest.raises(CouldNot, match="a gateway's ports"):
        here.fault(GATEWAY, "nic-errors")


def test_a_full_disk_is_full_for_the_unit_alone_and_stops_no_boot(here: Lab) -> None:
    here.fault(RADIATOR, "fill-disk")
    assert "No space left" in here.run(RADIATOR, "cp /etc/passwd /data/y").stderr
    here.ask(BOILER, "echo x > /data/y")
    here.reboot(RADIATOR)
    assert "No space left" in here.run(RADIATOR, "cp /etc/passwd /data/y").stderr
    here.fault(RADIATOR, "free-disk")
    here.ask(RADIATOR, "echo x > /data/y")


def test_an_unknown_unit_is_refused_with_the_nearest(here: Lab) -> None:
    with pytest.raises(CouldNot, match="no unit") as refusal:
        here.fault("site-1/rad-l", "cut")
    assert "rad-1" in refusal.value.hint


def test_a_second_lab_in_the_same_place_is_refused(here: Lab) -> None:
    with pytest.raises(CouldNot, match="up already"):
        lab.up(here.fleet, here.path)


def test_the_sockets_are_the_owners_alone(here: Lab) -> None:
    socket = Path(here.up.ways[GATEWAY].dial[-1])
    assert (socket.stat().st_mode & 0o777, socket.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_dialling_a_lab_that_is_down_says_so(tmp_path: Path) -> None:
    dial = Path(lab.__file__).with_name("dial.py")
    result = subprocess.run([sys.executable, "-IS", dial, tmp_path / "gone"], capture_output=True, text=True)
    assert result.returncode == 1
    assert "No such file" in result.stderr


def network_config(address: str) -> Config:
    text = f"[Match]\nMACAddress=02:00:00:00:01:0b\n[Network]\nAddress={address}/24\nGateway=10.77.1.1\n"
    file = ConfigFile("/etc/systemd/network/10-fleet.network", text, service="network", confirm=True)
    return Config(RADIATOR, (file,))


def test_a_wrong_network_file_cuts_the_unit_off_and_it_comes_back_by_itself(here: Lab) -> None:
    command = "fleet-unit configure --epoch 1 --attempt a1 --step 1 --confirm-timeout 4"
    given = json.dumps(payload(network_config("10.77.1.99"), str)).encode()
    with pytest.raises(subprocess.TimeoutExpired):  # the answer is lost with the network that the change takes away
        here.run(RADIATOR, command, given=given, timeout_s=1.5)
    assert not here.answers(RADIATOR, within_s=1.0)
    wait_until(lambda: here.answers(RADIATOR, within_s=5.0), "the old address is back")
    assert json.loads(here.ask(RADIATOR, "fleet-unit status"))["config"]["digest"] == ""


def test_an_applied_configuration_survives_a_reboot_untouched(here: Lab) -> None:
    config = Config(ELSEWHERE, (ConfigFile("/etc/hosts", "127.0.0.1 localhost by-fleetctl\n"),))
    given = json.dumps(payload(config, str)).encode()
    applied = here.run(ELSEWHERE, "fleet-unit configure --epoch 1 --attempt c1 --step 1", given=given)
    assert json.loads(applied.stdout)["ending"] == "ok", applied
    here.reboot(ELSEWHERE)
    status = json.loads(here.ask(ELSEWHERE, "fleet-unit status"))
    assert (status["config"]["digest"], status["config"]["changed"]) == (config.digest, [])
    assert here.ask(ELSEWHERE, "cat /etc/hosts") == "127.0.0.1 localhost by-fleetctl"


def test_a_bit_that_flips_in_an_applied_file_is_seen(here: Lab) -> None:
    config = Config(BOILER, (ConfigFile("/etc/fleet/labels.prom", "fleet_unit_info 1\n", service="labels"),))
    with pytest.raises(CouldNot, match="no configuration was applied"):
        here.fault(BOILER, "corrupt")
    given = json.dumps(payload(config, str)).encode()
    applied = here.run(BOILER, "fleet-unit configure --epoch 1 --attempt b1 --step 1", given=given)
    assert json.loads(applied.stdout)["ending"] == "ok", applied
    assert "flipped" in here.fault(BOILER, "corrupt")
    status = json.loads(here.ask(BOILER, "fleet-unit status"))
    assert status["config"]["changed"] == ["/etc/fleet/labels.prom"]
