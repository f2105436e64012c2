"""`fleet-unit mark-good`: a slot is good when the unit is well; one on trial that is not is left, any other never."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from fleetctl.lab.unit import slots
from tests.builders.unit_rauc import a_bundle, boot, installed, with_rauc
from tests.builders.unit_root import UnitRoot

NOBODY = "127.0.0.1:1"


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    return with_rauc(UnitRoot.make(tmp_path / "unit"))


@pytest.fixture
def on_trial(unit: UnitRoot, tmp_path: Path) -> UnitRoot:
    """Return the unit in a slot that it has never marked good."""
    installed(unit, a_bundle(tmp_path, size=100))
    unit.effect("activate-reboot", "--slot", "B")
    wait_for(unit.path("/reboots")).unlink()
    assert boot(unit) == "B"
    return unit


def wait_for(path: Path) -> Path:
    """Wait for what a process writes that nobody waits for."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"there is no {path}"
        time.sleep(0.02)
    return path


@pytest.fixture
def sshd() -> Iterator[str]:
    """Greet as an sshd does, and return where."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"SSH-2.0-fake\r\n")

        Thread(target=greet, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def mark_good(unit: UnitRoot, ssh: str, *options: str) -> tuple[int, str]:
    done = unit.run("mark-good", "--within", "0", "--ssh", ssh, *options)
    return done.returncode, done.stderr.decode()


def left(unit: UnitRoot) -> dict[str, int]:
    return dict(slots.load(unit.path("/data/boot")).left)


def test_a_unit_that_is_well_is_marked_good(on_trial: UnitRoot, sshd: str) -> None:
    assert left(on_trial)["B"] == slots.ATTEMPTS - 1
    assert mark_good(on_trial, sshd) == (0, "")
    assert left(on_trial)["B"] == slots.ATTEMPTS


def test_a_rauc_that_does_not_answer_at_once_is_asked_again(on_trial: UnitRoot, sshd: str) -> None:
    """Its service takes its time on a busy machine, and a slot that nobody marks is gone at the next boot."""
    rauc, real = on_trial.path("/usr/bin/rauc"), on_trial.path("/usr/bin/rauc.real")
    rauc.rename(real)
    asked = f'case "$2" in mark-*) [ -e {real}.asked ] || {{ touch {real}.asked; exit 1; }}; esac'
    rauc.write_text(f'#!/bin/sh\n{asked}\nexec {real} "$@"\n')
    rauc.chmod(0o755)
    assert mark_good(on_trial, sshd)[0] == 1, "once is too few"
    Path(f"{real}.asked").unlink()
    assert mark_good(on_trial, sshd, "--within", "60")[0] == 0
    assert left(on_trial)["B"] == slots.ATTEMPTS


def test_it_may_be_done_at_every_boot(unit: UnitRoot, sshd: str) -> None:
    assert mark_good(unit, sshd) == (0, "")
    assert mark_good(unit, sshd) == (0, "")


def test_a_unit_with_one_slot_has_nothing_to_mark(tmp_path: Path, sshd: str) -> None:
    bare = UnitRoot.make(tmp_path / "bare")
    bare.reboot()
    assert mark_good(bare, sshd) == (0, "")
    bare.path("/run/heat/state.json").unlink()
    assert mark_good(bare, sshd)[0] == 1


def test_what_is_lacking_is_told_and_nothing_is_marked(on_trial: UnitRoot, sshd: str) -> None:
    on_trial.path("/run/heat/state.json").unlink()
    code, said = mark_good(on_trial, sshd)
    assert (code, "the heat agent did not write" in said) == (1, True)
    assert left(on_trial)["B"] == slots.ATTEMPTS - 1


def test_a_gateway_needs_no_heat_agent(tmp_path: Path, sshd: str) -> None:
    gateway = with_rauc(UnitRoot.make(tmp_path / "unit", kind="gateway"), "gateway")
    gateway.path("/run/heat/state.json").unlink()
    assert mark_good(gateway, sshd) == (0, "")


def test_an_sshd_that_is_silent_or_away_is_lacking(unit: UnitRoot) -> None:
    code, said = mark_good(unit, NOBODY)
    assert (code, "no sshd answers" in said) == (1, True)


def test_a_boot_that_left_fleet_unit_out_is_lacking(unit: UnitRoot, sshd: str) -> None:
    unit.path("/run/fleet/config").unlink()
    assert "'fleet-unit boot' did not run" in mark_good(unit, sshd)[1]


def test_a_slot_on_trial_that_is_not_well_is_left_for_the_one_before(on_trial: UnitRoot) -> None:
    code, said = mark_good(on_trial, NOBODY, "--fall-back")
    assert (code, "back to slot A" in said) == (1, True)
    assert on_trial.read("/reboots") == "reboot\n"
    assert boot(on_trial) == "A"
    assert "fell back to A" in on_trial.status()["update"]["installed"]["failure"]


def test_a_slot_that_was_good_once_is_never_left(on_trial: UnitRoot, sshd: str) -> None:
    """A heater or a line that breaks later is no fault of the system: going back to an older one would mend nothing."""
    mark_good(on_trial, sshd)
    boot(on_trial)
    assert mark_good(on_trial, NOBODY, "--fall-back")[0] == 1
    assert not on_trial.path("/reboots").exists()


def test_a_slot_on_trial_stays_if_the_one_before_is_bad(on_trial: UnitRoot) -> None:
    """Two sick slots would alternate for ever."""
    folder = on_trial.path("/data/boot")
    slots.store(folder, slots.mark_bad(slots.load(folder), "A"))
    assert mark_good(on_trial, NOBODY, "--fall-back")[0] == 1
    assert not on_trial.path("/reboots").exists()
