"""Relays in real cables: what is late, what is lost, and that nothing of them stays."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.lab import dial, lab, relay
from fleetctl.lab.faults import Detail
from fleetctl.lab.folder import LabFolder
from fleetctl.lab.layout import Level
from fleetctl.lab.line import Line
from fleetctl.lab.unit.processes import family, started
from tests.builders.lab_fleets import lab_fleet
from tests.builders.labs import Lab, a_lab, traces, wait_until
from tests.builders.somebody import UID, somebody

pytestmark = pytest.mark.lab

RADIATOR, GATEWAY, ELSEWHERE = "site-1/rad-1", "site-1/gw", "site-2/gw"
TUN = Path("/dev/net/tun")
CLEAN = Line(delay_ms=40.0, loss_percent=0.0)
ROUND_TRIP_S = 0.078
"""Of a line with 40 ms each way; a little less, for clocks are read at both ends of it."""

CONNECT = """
import socket, sys, time
enough_s, tries = map(float, sys.argv[1:])
taken = []
while len(taken) < tries and not any(each_s < enough_s for each_s in taken):
    began = time.monotonic()
    socket.create_connection(("10.77.1.11", 22)).close()
    taken.append(time.monotonic() - began)
print(min(taken))
"""
"""Connects to the radiator until once it is quick, and prints how long the quickest took."""
SEND = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    for _ in range(300):
        sender.sendto(b"x", ("10.77.1.11", 9))
"""
UNHEARD = "awk '/^Udp: [0-9]/ {print $3}' /proc/net/snmp"
"""Prints how many datagrams arrived that nobody waits for."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if not os.access(TUN, os.R_OK | os.W_OK):
        pytest.skip(f"this user cannot open {TUN}")
    path = tmp_path_factory.mktemp("lossy") / "lab"
    with a_lab(lab_fleet(), path, Level.NAMESPACES) as made:
        yield made
        made.fault(RADIATOR, "lossy")
        left = relays(made)
        assert len(left) == 1
    wait_until(lambda: [pid for pid in left if started(pid)] == [], "the relay ended with the lab")
    assert traces(path) == []


def relays(here: Lab) -> list[int]:
    record = LabFolder(here.path).record()
    assert record is not None
    return [pid for pid in family(record.pid) if relay.__name__.encode() in of_process(pid)]


def of_process(pid: int) -> bytes:
    """Return a process's command line; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def python_on(here: Lab, unit: str, script: str, *arguments: str) -> str:
    result = here.run(unit, " ".join(["python3 -", *arguments]), given=script.encode())
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def is_late_in_its_site(here: Lab) -> bool:
    """Say whether no connection from the gateway to the radiator is quick; one may be slow for this machine is busy."""
    return float(python_on(here, GATEWAY, CONNECT, str(ROUND_TRIP_S), "6")) >= ROUND_TRIP_S


def is_late(here: Lab, gateway: str) -> bool:
    """Say whether no connection from the controller to a gateway is quick."""
    return all(_connect_s(Path(here.up.ways[gateway].dial[-1])) >= ROUND_TRIP_S for _ in range(6))


def _connect_s(socket: Path) -> float:
    began = time.monotonic()
    dial.connect(str(socket)).close()
    return time.monotonic() - began


def test_all_that_passes_a_lossy_uplink_is_late_and_ssh_works_over_it(here: Lab) -> None:
    assert not is_late(here, GATEWAY)
    assert here.fault(GATEWAY, "lossy") == "the uplink has 40 ms and 2 % loss each way"
    assert is_late(here, GATEWAY)
    assert not is_late(here, ELSEWHERE)
    assert here.ask(RADIATOR, "hostname") == "rad-1"
    assert not is_late_in_its_site(here)
    here.fault(GATEWAY, "clear")
    assert not is_late(here, GATEWAY)
    wait_until(lambda: relays(here) == [], "the relay ended with the fault")


def test_a_lossy_link_is_one_units_own_and_outlives_its_boots(here: Lab) -> None:
    here.fault(RADIATOR, "lossy", Detail(Line(5.0, 1.0, 0.0)))
    here.fault(RADIATOR, "lossy", Detail(CLEAN))  # the last word counts
    assert len(relays(here)) == 1
    assert is_late_in_its_site(here)
    here.reboot(RADIATOR)
    here.fault(RADIATOR, "unplug")
    assert not here.answers(RADIATOR, within_s=1.0)
    here.fault(RADIATOR, "plug")
    assert is_late_in_its_site(here)
    here.fault(RADIATOR, "fast")
    assert not is_late_in_its_site(here)


def test_some_packets_are_lost_and_none_with_the_plain_link(here: Lab) -> None:
    before = int(here.ask(RADIATOR, UNHEARD))
    python_on(here, GATEWAY, SEND)
    plain = int(here.ask(RADIATOR, UNHEARD))
    here.fault(RADIATOR, "lossy", Detail(Line(delay_ms=0.0, loss_percent=10.0)))
    python_on(here, GATEWAY, SEND)
    here.fault(RADIATOR, "clear")
    assert plain - before == 300
    assert 100 <= int(here.ask(RADIATOR, UNHEARD)) - plain < 300


def test_status_shows_it(here: Lab) -> None:
    def faults() -> list[str]:
        return next(unit["faults"] for unit in lab.status(here.path)["units"] if unit["unit"] == RADIATOR)

    here.fault(RADIATOR, "slow")
    here.fault(RADIATOR, "lossy", Detail(CLEAN))
    assert faults() == ["lossy", "slow"]
    here.fault(RADIATOR, "clear")
    assert faults() == []


AS_SOMEBODY = """
from pathlib import Path
import sys
from fleetctl.core.problems import CouldNot
from fleetctl.lab import lab
from fleetctl.lab.layout import Level
from tests.builders.lab_fleets import lab_fleet

path = Path(sys.argv[1]) / "lab"
lab.up(lab_fleet(sites=1), path, level=Level.NAMESPACES)
try:
    print(lab.fault(path, "site-1/rad-1", "lossy"))
except CouldNot as refusal:
    print(refusal, lab.status(path)["units"][1]["faults"])
finally:
    lab.down(path)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")
@pytest.mark.parametrize(
    ("mode", "said"),
    [("666", "the link has 40 ms"), ("600", "needs a TAP device: /dev/net/tun: Permission denied []")],
)
def test_an_ordinary_user_needs_the_device(tmp_path: Path, here: Lab, mode: str, said: str) -> None:
    """The device has the mode in the user's view of this machine only."""
    first = f"mount -t tmpfs dev /dev/net && mknod /dev/net/tun c 10 200 && chmod {mode} /dev/net/tun"
    with somebody(tmp_path) as user:
        (line,) = user.run_python(AS_SOMEBODY, str(user.home), first=first)
        assert said in line
        wait_until(lambda: _processes_of(UID) == [], "nothing is left")


def _processes_of(uid: int) -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _owner(entry) == uid]


def _owner(process: Path) -> int | None:
    """Return whose process it is; None if it has ended since it was listed."""
    try:
        return process.stat().st_uid
    except FileNotFoundError:
        return None
