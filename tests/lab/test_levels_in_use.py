"""The lower levels in use, and every level as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.core.problems import CouldNot
from fleetctl.lab import lab, levels, ports
from fleetctl.lab.folder import LabFolder
from fleetctl.lab.layout import LIGHT, Level
from fleetctl.lab.unit.processes import started
from tests.builders.lab_fleets import lab_fleet
from tests.builders.labs import Lab, a_lab, traces, wait_until
from tests.builders.somebody import somebody

pytestmark = pytest.mark.lab

RADIATOR, GATEWAY = "site-1/rad-1", "site-1/gw"


@pytest.fixture(scope="module", params=[Level.LOOPBACK, Level.PROCESSES])
def here(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    path = tmp_path_factory.mktemp(request.param.value) / "lab"
    with a_lab(lab_fleet(), path, request.param) as made:
        yield made
    assert traces(path) == []


@pytest.mark.parametrize("unit", [GATEWAY, RADIATOR, "site-2/rad-1"])
def test_a_unit_is_what_the_inventory_says(here: Lab, unit: str) -> None:
    status = json.loads(here.ask(unit, "fleet-unit status"))
    assert status["release"]["serial"] == here.fleet.by_name[unit].serial
    assert status["slots"] == {"booted": "A", "primary": "A", "states": {"A": "good", "B": "good"}}


def test_programs_of_the_unit_come_first(here: Lab) -> None:
    root = here.ask(RADIATOR, "echo $FLEET_ROOT")
    assert here.ask(RADIATOR, "command -v reboot") == f"{root}/usr/sbin/reboot"
    assert here.run(RADIATOR, "exit 7").returncode == 7


def test_a_reboot_is_a_new_boot_and_ends_what_ran(here: Lab) -> None:
    boot_id = "cat $FLEET_ROOT/proc/sys/kernel/random/boot_id"
    here.ask(RADIATOR, "setsid sleep 1234567 > /dev/null 2>&1 < /dev/null & echo kept > $FLEET_ROOT/data/note")
    before = here.ask(RADIATOR, boot_id)
    here.reboot(RADIATOR)
    assert here.ask(RADIATOR, boot_id) != before
    assert here.ask(RADIATOR, "cat $FLEET_ROOT/data/note; pgrep -fc '[s]leep 1234567' || true").split() == ["kept", "0"]


def test_an_update_is_booted(here: Lab, tmp_path: Path) -> None:
    from fleetctl.lab.unit import bundle

    bundle.write(tmp_path / "b.raucb", "radiator-lab", "2.0.0", {"etc/fleet/marker": "two\n"})
    here.run(RADIATOR, "cat > $FLEET_ROOT/data/b.raucb", given=(tmp_path / "b.raucb").read_bytes())
    here.ask(RADIATOR, "rauc install $FLEET_ROOT/data/b.raucb && rauc status mark-active other")
    here.reboot(RADIATOR)
    status = json.loads(here.ask(RADIATOR, "fleet-unit status"))
    assert (status["release"]["version"], status["slots"]["booted"]) == ("2.0.0", "B")
    assert here.ask(RADIATOR, "cat $FLEET_ROOT/etc/fleet/marker") == "two"


def test_power_and_hangs_work_without_networks(here: Lab) -> None:
    here.fault(GATEWAY, "hang")
    assert not here.answers(RADIATOR, within_s=1.0)
    here.fault(GATEWAY, "unhang")
    assert here.answers(RADIATOR)
    here.fault(RADIATOR, "cut")
    wait_until(lambda: here.phase(RADIATOR) == "off", "the unit is off")
    assert not here.answers(RADIATOR)
    here.fault(RADIATOR, "on")
    wait_until(lambda: here.phase(RADIATOR) == "good", "the unit is back")
    assert here.answers(RADIATOR)


def test_a_lab_keeps_its_port_to_itself_for_as_long_as_it_is_up(here: Lab) -> None:
    its_own = lab.status(here.path)["units"][0]["port"]
    another, claim = ports.claim(["127.10.250.1"])  # nobody listens there
    claim.close()
    assert another != its_own


@pytest.mark.parametrize("name", ["unplug", "plug", "slow", "lossy", "fast", "clear"])
def test_what_needs_a_network_is_refused_with_the_reason(here: Lab, name: str) -> None:
    with pytest.raises(CouldNot, match="share this machine's network"):
        here.fault(RADIATOR, name)


def test_a_full_disk_stays_full_and_reads_until_it_is_freed(here: Lab) -> None:
    write = "cp /etc/passwd ${FLEET_ROOT-}/data/y"
    here.fault(RADIATOR, "fill-disk")
    for _ in range(2):
        assert here.run(RADIATOR, write).returncode != 0
        assert json.loads(here.ask(RADIATOR, "fleet-unit status"))["release"]
        here.reboot(RADIATOR)
    assert here.run("site-2/rad-1", write).returncode == 0
    here.fault(RADIATOR, "free-disk")
    assert here.run(RADIATOR, write).returncode == 0


@pytest.mark.parametrize("level", LIGHT)
def test_down_cleans_up_after_a_supervisor_that_was_killed(tmp_path: Path, level: Level) -> None:
    path = tmp_path / "lab"
    with a_lab(lab_fleet(sites=1), path, level) as made:
        record = LabFolder(path).record()
        assert record is not None
        os.kill(record.pid, signal.SIGKILL)
        wait_until(lambda: started(record.pid) != record.mark, "the supervisor is gone")
        with pytest.raises(CouldNot, match="supervisor ended"):
            lab.status(path)
        assert lab.down(path)
        assert not Path(record.sockets).exists()
        wait_until(lambda: traces(path) == [], "nothing is left")
        assert lab.down(path) is False
        assert made.up.level is level


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can do without a user namespace")
@pytest.mark.parametrize("level", [Level.NAMESPACES, Level.LOOPBACK])
def test_root_does_without_a_user_namespace_where_none_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: Level
) -> None:
    monkeypatch.setattr(levels, "ENTER", ("unshare", "--no-such-option"))
    with a_lab(lab_fleet(sites=1), tmp_path / "lab", level) as made:
        assert made.ask(RADIATOR, "cat /proc/self/uid_map").split() == ["0", "0", "4294967295"]
        made.reboot(RADIATOR)
        assert made.answers(RADIATOR)
    assert traces(tmp_path / "lab") == []


def test_a_lab_that_cannot_come_up_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "make_sockets", lambda: tmp_path / "no/such/folder")
    with pytest.raises(CouldNot, match="supervisor ended"):
        lab.up(lab_fleet(sites=1), tmp_path / "lab", level=Level.PROCESSES)
    assert traces(tmp_path / "lab") == []


AS_SOMEBODY = """
from pathlib import Path
import json, subprocess, sys
from fleetctl.lab import lab, levels
from fleetctl.lab.layout import Level
from tests.builders.lab_fleets import lab_fleet

path = Path(sys.argv[1]) / "lab"
up = lab.up(lab_fleet(sites=1), path, level=Level(sys.argv[2]))
gateway = up.ways["site-1/gw"]
known = path.parent / "known_hosts"
known.write_text(f"gw {up.pins['site-1/gw'].key_type} {up.pins['site-1/gw'].key}\\n")
said = subprocess.run(
    ["ssh", "-F", "none", "-o", f"ProxyCommand={' '.join(gateway.dial)}", "-o", f"UserKnownHostsFile={known}",
     "-i", gateway.identity_file, "-l", gateway.user or "root", "gw", "fleet-unit status"],
    capture_output=True, text=True, stdin=subprocess.DEVNULL)
lab.down(path)
print(said.stdout.strip() or said.stderr.strip())
print([p.name for p in path.parent.iterdir()])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")
@pytest.mark.parametrize("level", LIGHT)
def test_every_level_works_for_an_ordinary_user(tmp_path: Path, level: Level) -> None:
    with somebody(tmp_path) as user:
        status, left = user.run_python(AS_SOMEBODY, str(user.home), level.value)
        assert json.loads(status)["release"]["serial"] == "LAB-1-1"
        assert left == "['known_hosts']"
        wait_until(lambda: traces(user.home / "lab") == [], "nothing is left")
