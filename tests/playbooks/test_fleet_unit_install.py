"""`fleet-unit install` and `activate-reboot --slot`: the other slot is written, tried, and left if it is no good."""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from fleetctl.core.config import ConfigFile
from fleetctl.lab.unit import slots
from tests.builders.cuts import every_cut, every_cut_of_work
from tests.builders.unit_rauc import a_bundle, boot, digest, install, installed, put, stage, until, update, with_rauc
from tests.builders.unit_root import Document, UnitRoot, config, payload_bytes

OLD = ConfigFile("/etc/a.conf", "old\n")
NEW = ConfigFile("/etc/a.conf", "new\n")


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    made = with_rauc(UnitRoot.make(tmp_path / "unit"))
    made.configure(OLD)
    return made


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return a_bundle(tmp_path, size=1000)


def ended(told: Document) -> bool:
    return bool(told["done"] or told["failure"])


def with_config(unit: UnitRoot, bundle: Path, *files: ConfigFile) -> Document:
    """Stage a bundle that is there with the config of its system."""
    put(unit, bundle)
    wanted = config(*files)
    return stage(unit, bundle, "--digest", wanted.digest, stdin=payload_bytes(wanted))


def activate(unit: UnitRoot, slot: str) -> Document:
    return unit.effect("activate-reboot", "--slot", slot)


def active(unit: UnitRoot) -> str:
    digest: str = unit.status()["config"]["digest"]
    return digest


def test_a_staged_bundle_is_installed_and_nothing_is_activated(unit: UnitRoot, bundle: Path) -> None:
    sha256 = put(unit, bundle)
    stage(unit, bundle)
    outcome = install(unit, sha256)
    assert (outcome["ending"], outcome["message"]) == ("ok", "started, slot B is written")
    assert until(unit, "installed", ended) == {
        "sha256": sha256,
        "version": "1.3.0",
        "slot": "B",
        "percent": 100,
        "done": True,
        "failure": "",
    }
    assert boot(unit) == "A"
    assert active(unit) == config(OLD).digest


def test_what_is_installed_is_not_installed_again(unit: UnitRoot, bundle: Path) -> None:
    installed(unit, bundle)
    assert install(unit, digest(bundle))["message"] == "is in slot B already"


def test_the_new_system_boots_with_its_config_and_the_old_one_comes_back_with_its_own(
    unit: UnitRoot, bundle: Path
) -> None:
    with_config(unit, bundle, NEW)
    installed(unit, bundle)
    assert active(unit) == config(OLD).digest
    assert activate(unit, "B")["ending"] == "ok"
    assert boot(unit) == "B"
    assert (active(unit), unit.read("/etc/a.conf")) == (config(NEW).digest, "new\n")
    assert activate(unit, "A")["ending"] == "ok"
    assert boot(unit) == "A"
    assert (active(unit), unit.read("/etc/a.conf")) == (config(OLD).digest, "old\n")


def test_a_system_without_a_config_of_its_own_takes_over_the_present_one(unit: UnitRoot, bundle: Path) -> None:
    installed(unit, bundle)
    activate(unit, "B")
    assert boot(unit) == "B"
    assert active(unit) == config(OLD).digest


def test_until_a_slot_is_written_its_old_system_keeps_its_config(unit: UnitRoot, bundle: Path, tmp_path: Path) -> None:
    """Else a unit that falls back between staging and installing would find the config of another system."""
    with_config(unit, bundle, NEW)
    installed(unit, bundle)
    activate(unit, "B")
    boot(unit)
    third = ConfigFile("/etc/a.conf", "third\n")
    with_config(unit, a_bundle(tmp_path, "1.4.0"), third)
    slots.store(unit.path("/data/boot"), slots.mark_bad(slots.load(unit.path("/data/boot")), "B"))
    assert boot(unit) == "A"
    assert active(unit) == config(OLD).digest


LINE = ConfigFile("/etc/systemd/network/10-lan.network", "new line\n", service="network", confirm=True)


def in_the_new_system(unit: UnitRoot, bundle: Path, *files: ConfigFile) -> None:
    with_config(unit, bundle, *files)
    installed(unit, bundle)
    activate(unit, "B")
    assert boot(unit) == "B"


def test_a_new_system_whose_lines_are_new_waits_for_a_confirmation(unit: UnitRoot, bundle: Path) -> None:
    in_the_new_system(unit, bundle, OLD, LINE)
    wanted = config(OLD, LINE).digest
    assert unit.status()["config"]["unconfirmed"] == wanted
    unit.heat()
    assert unit.verify(wanted)["ending"] == "ok"
    assert unit.status()["config"]["unconfirmed"] == ""
    assert boot(unit) == "B"
    assert active(unit) == wanted


def test_lines_that_nobody_confirms_are_left_for_those_of_the_slot_before(unit: UnitRoot, bundle: Path) -> None:
    in_the_new_system(unit, bundle, OLD, LINE)
    change = unit.path("/data/fleet/change")
    name = unit.status()["config"]["unconfirmed"]
    change.write_text(re.sub(r'"deadline_s":[0-9.]+', '"deadline_s":0.0', change.read_text()))
    unit.run("guard", name, "0")
    assert active(unit) == config(OLD).digest
    entry = unit.status()["journal"]
    assert (entry["step"], entry["outcome"]) == (str(unit.step), "rolled_back")
    assert boot(unit) == "B"
    assert active(unit) == config(OLD).digest


def test_the_way_back_does_not_wait_for_a_confirmation(unit: UnitRoot, bundle: Path) -> None:
    in_the_new_system(unit, bundle, OLD, LINE)
    assert unit.effect("activate-reboot")["ending"] == "refused"
    assert activate(unit, "A")["ending"] == "ok"
    assert boot(unit) == "A"
    assert (active(unit), unit.status()["config"]["unconfirmed"]) == (config(OLD).digest, "")


def test_a_new_system_with_the_lines_of_the_old_one_waits_for_nothing(unit: UnitRoot, bundle: Path) -> None:
    unit.configure(OLD, LINE)
    unit.heat()
    unit.verify(config(OLD, LINE).digest)
    in_the_new_system(unit, bundle, NEW, LINE)
    assert unit.status()["config"]["unconfirmed"] == ""


def test_a_newer_config_for_what_is_installed_already_is_for_its_slot(unit: UnitRoot, bundle: Path) -> None:
    installed(unit, bundle)
    with_config(unit, bundle, NEW)
    activate(unit, "B")
    assert boot(unit) == "B"
    assert active(unit) == config(NEW).digest


def test_staged_configs_are_not_tidied_up(unit: UnitRoot, bundle: Path) -> None:
    with_config(unit, bundle, NEW)
    for number in range(6):
        unit.configure(ConfigFile("/etc/a.conf", f"{number}\n"))
    installed_from = config(NEW).digest
    assert unit.path(f"/data/fleet/config/{installed_from}").is_dir()


@pytest.mark.parametrize(
    ("compatible", "version", "why"),
    [
        ("heat-qh", "1.4.0", "of version 1.3.0, not 1.4.0"),
        ("heat-qb", "1.3.0", "is for heat-qb, this unit is heat-qh"),
    ],
)
def test_a_bundle_that_is_not_what_it_should_be_is_refused(
    unit: UnitRoot, tmp_path: Path, compatible: str, version: str, why: str
) -> None:
    bundle = a_bundle(tmp_path, compatible=compatible)
    sha256 = put(unit, bundle)
    stage(unit, bundle)
    outcome = install(unit, sha256, version)
    assert outcome["ending"] == "refused"
    assert why in outcome["message"]
    assert update(unit, "installed") == {}


def test_what_rauc_does_not_take_is_refused(unit: UnitRoot, tmp_path: Path) -> None:
    path = tmp_path / "x.raucb"
    path.write_bytes(b"not a bundle" * 100)
    sha256 = put(unit, path)
    stage(unit, path)
    outcome = install(unit, sha256)
    assert outcome["ending"] == "refused"
    assert "RAUC does not take the bundle" in outcome["message"]


def test_what_is_not_staged_is_refused(unit: UnitRoot, bundle: Path) -> None:
    sha256 = put(unit, bundle)
    outcome = install(unit, sha256)
    assert (outcome["ending"], "is not staged" in outcome["message"]) == ("refused", True)


def test_an_install_that_fails_says_why_and_the_slot_is_not_activated(unit: UnitRoot, bundle: Path) -> None:
    sha256 = put(unit, bundle)
    stage(unit, bundle)
    unit.write("/usr/bin/rauc", unit.read("/usr/bin/rauc").replace("sys.exit(main())", FAILS), 0o755)
    install(unit, sha256)
    told = until(unit, "installed", ended)
    assert (told["done"], told["failure"]) == (False, "RAUC could not install it: LastError: no luck")
    outcome = activate(unit, "B")
    assert outcome["ending"] == "refused"
    assert "not completely installed: RAUC could not" in outcome["message"]


FAILS = """
if sys.argv[1] == "install":
    print(" 40% Copying image", flush=True)
    sys.exit("LastError: no luck")
sys.exit(main())
"""


def test_an_install_that_is_cut_is_shown_and_not_activated_and_can_be_done_again(unit: UnitRoot, bundle: Path) -> None:
    sha256 = put(unit, bundle)
    stage(unit, bundle)
    unit.write("/data/lab/slow-flash", "30")
    install(unit, sha256)
    until(unit, "installed", lambda told: told["percent"] >= 40)
    assert activate(unit, "A")["ending"] == "refused"
    assert "is being installed" in install(unit, sha256)["message"]
    kill_install(unit)
    assert boot(unit) == "A"
    assert "cut short" in update(unit, "installed")["failure"]
    assert "not completely installed" in activate(unit, "B")["message"]
    unit.path("/data/lab/slow-flash").unlink()
    install(unit, sha256)
    assert until(unit, "installed", ended)["done"]


def kill_install(unit: UnitRoot) -> None:
    """Kill what writes the slot, as a power cut does."""
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            ours = f"FLEET_ROOT={unit.root}".encode() in (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if ours and (b"write-slot" in words or b"install" in words):
            with suppress(ProcessLookupError):
                os.kill(int(entry.name), signal.SIGKILL)


def test_a_slot_on_trial_is_not_installed_from(unit: UnitRoot, bundle: Path, tmp_path: Path) -> None:
    """The other slot is what it would fall back to."""
    installed(unit, bundle)
    activate(unit, "B")
    assert boot(unit) == "B"
    other = a_bundle(tmp_path, "1.4.0")
    sha256 = put(unit, other)
    stage(unit, other)
    outcome = install(unit, sha256, "1.4.0")
    assert (outcome["ending"], "not marked good yet" in outcome["message"]) == ("refused", True)


def test_a_slot_that_was_tried_and_did_not_boot_is_not_tried_again(unit: UnitRoot, bundle: Path) -> None:
    installed(unit, bundle)
    activate(unit, "B")
    slots.store(unit.path("/data/boot"), slots.mark_bad(slots.load(unit.path("/data/boot")), "B"))
    assert boot(unit) == "A"
    assert update(unit, "installed")["failure"] == "it was tried, and the unit fell back to A"
    outcome = activate(unit, "B")
    assert (outcome["ending"], "fell back" in outcome["message"]) == ("refused", True)
    sha256 = digest(bundle)
    assert "is in slot B already" not in install(unit, sha256)["message"]


def test_a_slot_that_is_bad_or_is_not_there_is_refused(unit: UnitRoot) -> None:
    slots.store(unit.path("/data/boot"), slots.mark_bad(slots.load(unit.path("/data/boot")), "B"))
    assert activate(unit, "B")["message"] == "slot B is bad"
    assert activate(unit, "C")["message"] == "RAUC knows no slot C"
    time.sleep(2.2)
    assert not unit.path("/reboots").exists()


def test_the_slot_before_can_be_gone_back_to_even_if_it_is_bad(unit: UnitRoot, bundle: Path) -> None:
    installed(unit, bundle)
    activate(unit, "B")
    boot(unit)
    slots.store(unit.path("/data/boot"), slots.mark_bad(slots.load(unit.path("/data/boot")), "A"))
    assert activate(unit, "A")["ending"] == "ok"
    assert boot(unit) == "A"


def test_an_install_step_that_is_cut_anywhere_can_be_asked_for_again(unit: UnitRoot, bundle: Path) -> None:
    sha256 = put(unit, bundle)
    stage(unit, bundle)

    def check(cut: UnitRoot) -> None:
        assert install(cut, sha256)["ending"] == "ok" or update(cut, "installed")["failure"] == ""

    assert every_cut(unit, check, "install", "--bundle", sha256, "--release", "1.3.0") > 5


def test_writing_a_slot_that_is_cut_anywhere_is_done_or_not(unit: UnitRoot, bundle: Path) -> None:
    installed(unit, bundle)
    told = unit.path("/data/fleet/installed")
    told.write_text(told.read_text().replace('"done":true', '"done":false'))

    def check(cut: UnitRoot) -> None:
        boot(cut)
        now = update(cut, "installed")
        assert now["done"] is not bool(now["failure"])
        assert activate(cut, "B")["ending"] == ("ok" if now["done"] else "refused")

    assert every_cut_of_work(unit, check, "write-slot", digest(bundle)) > 3


def test_activation_that_is_cut_anywhere_boots_one_slot_or_the_other(unit: UnitRoot, bundle: Path) -> None:
    with_config(unit, bundle, NEW)
    installed(unit, bundle)

    def check(cut: UnitRoot) -> None:
        slot = boot(cut)
        assert active(cut) == config(OLD if slot == "A" else NEW).digest
        assert activate(cut, "B")["ending"] == "ok"

    assert every_cut(unit, check, "activate-reboot", "--slot", "B") > 3
