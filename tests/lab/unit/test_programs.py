"""The units' small programs: power, bundles, the filter of ids, finding processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from fleetctl.lab.unit import bundle, fakeid, processes
from fleetctl.lab.unit.power import wants_power_off
from tests.builders.labs import wait_until


@pytest.mark.parametrize(
    ("command", "power_off"),
    [
        ("reboot", False),
        ("reboot -f", False),
        ("reboot -p", True),
        ("poweroff", True),
        ("halt", True),
        ("shutdown now", True),
        ("shutdown -h now", True),
        ("shutdown -r now", False),
        ("shutdown --reboot +1", False),
        ("shutdown -c", None),
        ("systemctl reboot", False),
        ("systemctl -q poweroff", True),
        ("systemctl is-active ssh", None),
    ],
)
def test_what_a_power_command_asks_for(command: str, power_off: bool | None) -> None:
    assert wants_power_off(command.split()) is power_off


def test_a_bundle_is_read_and_unpacked_as_it_was_written(tmp_path: Path) -> None:
    written = bundle.write(tmp_path / "b.raucb", "radiator-lab", "2.0", {"etc/fleet/x": "y\n"}, description="two")
    assert bundle.read(tmp_path / "b.raucb") == written
    bundle.unpack(tmp_path / "b.raucb", tmp_path)
    assert (tmp_path / "etc/fleet/x").read_text() == "y\n"


def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.raucb").write_bytes(b"squashfs?")
    with pytest.raises(bundle.BadBundle, match="not a bundle"):
        bundle.read(tmp_path / "b.raucb")


def test_a_damaged_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.raucb"
    bundle.write(path, "radiator-lab", "2.0", {"etc/fleet/x": "marker-in-the-image"})
    path.write_bytes(path.read_bytes().replace(b"marker-in-the-image", b"marker-in-the-imagf"))
    with pytest.raises(bundle.BadBundle, match="checksum"):
        bundle.unpack(path, tmp_path)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd"])
def test_an_image_that_reaches_out_of_its_slot_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "slot").mkdir()
    bundle.write(tmp_path / "b.raucb", "radiator-lab", "2.0", {name: "x"})
    with pytest.raises(bundle.BadBundle, match="not a plain file of the slot"):
        bundle.unpack(tmp_path / "b.raucb", tmp_path / "slot")
    assert not (tmp_path / "outside").exists()


def test_a_bundle_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "b.raucb", "w"):
        pass
    with pytest.raises(bundle.BadBundle, match=r"no manifest\.raucm"):
        bundle.read(tmp_path / "b.raucb")


@pytest.mark.parametrize(("machine", "calls"), [("x86_64", 5), ("aarch64", 3)])
def test_the_filter_of_ids_jumps_to_its_end_for_each_call(machine: str, calls: int) -> None:
    program = fakeid.filter_program(machine)
    instructions = [program[n : n + 8] for n in range(0, len(program), 8)]
    for position in range(calls):
        at = 3 + position
        assert at + 1 + instructions[at][2] == len(instructions) - 1, (
            "a call that is faked goes to the last instruction"
        )
    assert 1 + 1 + instructions[1][3] == len(instructions) - 2, "another architecture goes to the one that allows"


def test_under_the_filter_chown_to_anybody_answers_zero() -> None:
    code = (
        "from fleetctl.lab.unit import fakeid; fakeid.install(); import os; os.setgroups([1, 2]); os.chown('/', 1, 1)"
    )
    before = Path("/").stat().st_uid
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert Path("/").stat().st_uid == before


def test_a_family_is_found_and_ended_with_its_grandchildren() -> None:
    parent = subprocess.Popen(["sh", "-c", "sh -c 'sleep 1000 & wait' & wait"], start_new_session=True)
    try:
        wait_until(lambda: len(processes.family(parent.pid)) == 2, "the family is complete")
        members = processes.family(parent.pid)
        processes.end_family(parent.pid)
        wait_until(lambda: not any(processes.started(pid) for pid in members), "the family has ended")
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()


def test_processes_that_hold_a_folder_are_found_by_environment_and_by_open_files(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    (folder / "root").mkdir(parents=True)
    with (folder / "log").open("w") as log:
        by_file = subprocess.Popen(["sleep", "1000"], stdout=log)
        by_environment = subprocess.Popen(
            ["sleep", "1000"], env={"FLEET_ROOT": f"{folder}/root", "PATH": os.environ["PATH"]}
        )
        stranger = subprocess.Popen(["sleep", "1000"])
    children = (by_file, by_environment, stranger)
    try:
        wait_until(lambda: by_environment.pid in processes.holding(folder), "the program has started")
        assert set(processes.holding(folder)) >= {by_file.pid, by_environment.pid}
        assert stranger.pid not in processes.holding(folder)
    finally:
        for child in children:
            child.kill()
            child.wait()


def test_a_process_that_has_ended_has_no_mark() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    assert processes.started(child.pid) is None
    assert processes.started(os.getpid())
