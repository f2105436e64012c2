"""`fleet-unit look` tells what a machine is and what it sees; `fleet-unit blink` makes it show itself."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from fleetctl.adapters.discovery.lldp import read_lldp
from tests.builders.unit_root import UnitRoot

LEASE = "1800003600 02:00:00:00:00:11 10.77.1.11 a101-1 *\n"


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    return UnitRoot.make(tmp_path, kind="gateway")


def link(unit: UnitRoot, name: str, address: str, *, is_hardware: bool = True) -> None:
    unit.write(f"/sys/class/net/{name}/address", f"{address}\n")
    if is_hardware:
        unit.path(f"/sys/class/net/{name}/device").mkdir()


def test_it_hands_on_what_programs_say(unit: UnitRoot) -> None:
    unit.write("/var/lib/misc/dnsmasq.leases", LEASE)
    unit.write("/usr/sbin/lldpctl", '#!/bin/sh\necho "{\\"lldp\\": {}}" "$@"\n', 0o755)
    told = unit.call("look")
    assert told["release"]["serial"] == "QR-1"
    assert told["leases"] == {"text": LEASE, "gap": ""}
    assert told["lldp"]["text"] == '{"lldp": {}} -f json'
    assert isinstance(json.loads(told["neighbours"]["text"]), list)
    assert abs(told["now_s"] - time.time()) < 60


def test_what_it_cannot_tell_is_a_gap_with_the_reason(unit: UnitRoot) -> None:
    told = unit.call("look")
    assert "no lease file" in told["leases"]["gap"]
    assert "nothing listens to LLDP" in told["lldp"]["gap"]
    unit.write("/usr/sbin/lldpctl", "#!/bin/sh\nexit 3\n", 0o755)
    assert unit.call("look")["lldp"] == {"text": "", "gap": "lldpctl ended with code 3"}


def test_a_flood_is_a_gap_and_no_broken_document(unit: UnitRoot) -> None:
    unit.write("/var/lib/misc/dnsmasq.leases", "\x1b" * 200_000)
    assert "more than 160000 characters" in unit.call("look")["leases"]["gap"]


def test_links_are_those_that_are_hardware(unit: UnitRoot) -> None:
    link(unit, "lo", "00:00:00:00:00:00")
    link(unit, "lan0", "02:00:00:00:00:01")
    link(unit, "docker0", "02:42:00:00:00:01", is_hardware=False)
    assert unit.call("look")["links"] == {"lan0": "02:00:00:00:00:01"}


@pytest.mark.parametrize(
    ("network", "reason"),
    [("10.99.99.0/24", "this machine is not in"), ("10.0.0.0/8", "too large"), ("here", "is no network")],
)
def test_nobody_is_called_on_foreign_wires(unit: UnitRoot, network: str, reason: str) -> None:
    told = unit.call("look", "--sweep", network)
    assert reason in told["neighbours"]["gap"]
    assert told["neighbours"]["text"]


def part(kind: int, value: bytes) -> bytes:
    return ((kind << 9) | len(value)).to_bytes(2, "big") + value


SWITCH = (
    part(1, b"\x04\xb6\x51\xe1\x1b\x76\x0a")
    + part(2, b"\x05GigabitEthernet1/0/11")
    + part(3, b"\x00\x78")
    + part(4, b"to the living room")
    + part(5, b"sw-a1\0")
    + part(7, b"\x00\x14\x00\x04")
    + part(0, b"")
)


def frame(content: bytes, ethertype: bytes = b"\x88\xcc") -> bytes:
    """A frame as networkd keeps it: its length in eight bytes, then destination, source, type, and what it says."""
    whole = b"\x01\x80\xc2\0\0\x0e" + b"\xb6\x51\xe1\x1b\x76\x0a" + ethertype + content
    return len(whole).to_bytes(8, "little") + whole


def kept_by_networkd(unit: UnitRoot, content: bytes) -> Any:
    """What a unit tells whose networkd keeps this for its one interface."""
    link(unit, "eth0", "02:00:00:00:00:11")
    unit.write("/sys/class/net/eth0/ifindex", "2\n")
    unit.write("/run/systemd/netif/lldp/2", "").write_bytes(content)
    return json.loads(unit.call("look")["lldp"]["text"])


def test_networkd_tells_the_port_where_there_is_no_lldpd(unit: UnitRoot) -> None:
    (interface,) = kept_by_networkd(unit, frame(SWITCH))["lldp"]["interface"]
    (port, switch) = read_lldp(
        json.dumps({"lldp": {"interface": [interface]}}), by="site/r1", links={"eth0": "02:00:00:00:00:11"}
    ).found
    assert str(port.port) == "sw-a1/GigabitEthernet1/0/11"
    assert (switch.macs, switch.is_switch) == (("b6:51:e1:1b:76:0a",), True)


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (b"", 0),
        (b"\xff" * 40, 0),
        (frame(SWITCH, b"\x08\x00"), 0),
        (frame(SWITCH)[:-30], 0),
        (frame(SWITCH) + frame(SWITCH), 2),
        (frame(part(5, b"sw-a1")[:-2]), 1),
        (frame(b"\xff\xff\xff"), 1),
    ],
)
def test_frames_that_are_cut_or_foreign_are_passed_over(unit: UnitRoot, content: bytes, count: int) -> None:
    assert len(kept_by_networkd(unit, content)["lldp"]["interface"]) == count


def test_it_blinks_by_the_program_that_the_image_brings(unit: UnitRoot) -> None:
    shown = unit.path("/shown")
    unit.write("/usr/lib/fleet/identify", f"#!/bin/sh\necho $1 > {shown}.new\nmv {shown}.new {shown}\n", 0o755)
    told = unit.call("blink", "--for", "60")
    assert (told["for_s"], told["by"], told["refusal"]) == (60, "/usr/lib/fleet/identify", "")
    assert wait_for(shown) == "60\n"


def light(unit: UnitRoot, name: str, trigger: str) -> Path:
    return unit.write(f"/sys/class/leds/{name}/trigger", trigger)


def test_it_blinks_by_the_light_that_is_meant_for_it_and_gives_it_back(unit: UnitRoot) -> None:
    other = light(unit, "board:green:status", "none [heartbeat]")
    trigger = light(unit, "board:blue:identify", "none timer [heartbeat]")
    assert unit.call("blink", "--for", "1")["by"] == "board:blue:identify"
    until(trigger, "timer")
    until(trigger, "heartbeat")
    assert other.read_text() == "none [heartbeat]"


def test_a_second_call_takes_the_place_of_the_first(unit: UnitRoot) -> None:
    trigger = light(unit, "board:blue:identify", "none timer [heartbeat]")
    unit.call("blink", "--for", "3600")
    until(trigger, "timer")
    unit.call("blink", "--for", "1")
    until(trigger, "heartbeat")


def test_a_light_that_cannot_be_had_keeps_no_other_from_blinking_and_being_given_back(unit: UnitRoot) -> None:
    broken, lost, last = (light(unit, f"{name}:blue:identify", "none timer [heartbeat]") for name in "abc")
    broken.unlink()
    broken.symlink_to("/nowhere/at/all")
    unit.call("blink", "--for", "2")
    until(last, "timer")
    lost.unlink()  # it was on a stick that somebody pulled
    lost.parent.rmdir()
    until(last, "heartbeat")
    gone(unit.path("/run/fleet/blink.json"))


def test_who_cannot_begin_to_blink_says_why(unit: UnitRoot) -> None:
    light(unit, "board:blue:identify", "[none]")
    unit.path("/run/fleet/blink.json").mkdir(parents=True)
    assert "cannot begin to blink" in unit.call("blink", "--for", "60")["refusal"]


def test_it_blinks_by_its_light_if_the_images_program_cannot_be_run(unit: UnitRoot) -> None:
    unit.write("/usr/lib/fleet/identify", "#!/nowhere/at/all\n", 0o755)
    trigger = light(unit, "board:blue:identify", "none timer [heartbeat]")
    unit.call("blink", "--for", "1")
    until(trigger, "timer")
    until(trigger, "heartbeat")


@pytest.mark.parametrize("seconds", ["0", "3601", "99999999"])
def test_it_blinks_for_an_hour_at_most(unit: UnitRoot, seconds: str) -> None:
    light(unit, "board:blue:identify", "[none]")
    assert "up to 3600 s" in unit.call("blink", "--for", seconds)["refusal"]


def test_a_machine_with_nothing_to_show_says_so(unit: UnitRoot) -> None:
    assert "neither a light" in unit.call("blink", "--for", "60")["refusal"]


def until(file: Path, text: str) -> None:
    deadline = time.monotonic() + 60
    while file.read_text() != text:
        assert time.monotonic() < deadline, file.read_text()
        time.sleep(0.02)


def gone(file: Path) -> None:
    deadline = time.monotonic() + 60
    while file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_for(file: Path) -> str:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return file.read_text()
