"""`fleet-unit flash`: components have versions of their own, and take only what RAUC believes and is meant for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.lab import flasher
from tests.builders.unit_rauc import COMPATIBLE, a_bundle, boot, digest, put, stage, with_rauc
from tests.builders.unit_root import Document, UnitRoot


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    made = with_rauc(UnitRoot.make(tmp_path / "unit"))
    for name in flasher.COMPONENTS:
        made.write(f"/usr/lib/fleet/components/{name}", flasher.PROGRAM, 0o755)
    made.env["PATH"] = f"{made.path('/usr/bin')}:/usr/bin:/bin"
    boot(made)
    return made


def firmware(folder: Path, version: str = "2.0", component: str = "controller") -> Path:
    return a_bundle(folder, version, compatible=f"{COMPATIBLE}-{component}", size=100)


def flash(unit: UnitRoot, bundle: Path, version: str = "2.0", component: str = "controller") -> Document:
    put(unit, bundle)
    stage(unit, bundle)
    return unit.effect("flash", "--component", component, "--bundle", digest(bundle), "--version", version)


def test_the_status_tells_what_runs(unit: UnitRoot) -> None:
    assert unit.status()["components"] == {"bootloader": "1.0.0", "controller": "1.0.0"}


def test_a_unit_without_components_has_none(tmp_path: Path) -> None:
    assert UnitRoot.make(tmp_path).status()["components"] == {}


def test_a_component_is_flashed_and_told(unit: UnitRoot, tmp_path: Path) -> None:
    outcome = flash(unit, firmware(tmp_path))
    assert (outcome["ending"], outcome["message"]) == ("ok", "controller 2.0 is flashed")
    assert unit.status()["components"] == {"bootloader": "1.0.0", "controller": "2.0"}
    boot(unit)
    assert unit.status()["components"]["controller"] == "2.0"


def test_what_runs_already_is_left_alone(unit: UnitRoot, tmp_path: Path) -> None:
    bundle = firmware(tmp_path)
    flash(unit, bundle)
    assert flash(unit, bundle)["message"] == "controller 2.0 runs already"


@pytest.mark.parametrize(
    ("meant_for", "version", "component", "why"),
    [
        ("bootloader", "2.0", "controller", f"is for {COMPATIBLE}-bootloader, this controller is"),
        ("controller", "3.0", "controller", "of version 2.0, not 3.0"),
        ("controller", "2.0", "fan", "no component fan: bootloader, controller"),
    ],
)
def test_what_is_not_meant_for_it_is_refused(
    unit: UnitRoot, tmp_path: Path, meant_for: str, version: str, component: str, why: str
) -> None:
    outcome = flash(unit, firmware(tmp_path, component=meant_for), version, component)
    assert outcome["ending"] == "refused"
    assert why in outcome["message"]
    assert unit.status()["components"]["controller"] == "1.0.0"


def test_what_is_not_staged_is_refused(unit: UnitRoot, tmp_path: Path) -> None:
    words = ("--component", "controller", "--bundle", digest(firmware(tmp_path)), "--version", "2.0")
    assert "is not staged" in unit.effect("flash", *words)["message"]


def test_a_flash_that_fails_says_what_runs_then(unit: UnitRoot, tmp_path: Path) -> None:
    program = unit.path("/usr/lib/fleet/components/controller")
    program.write_text(flasher.PROGRAM.replace("sleep ", "echo no contact; exit 1; sleep "))
    outcome = flash(unit, firmware(tmp_path))
    assert (outcome["ending"], outcome["message"]) == ("failed", "controller is of no known version: no contact")
    program.write_text(flasher.PROGRAM)
    assert flash(unit, firmware(tmp_path))["ending"] == "ok"
