"""The launcher, on small kits: it starts what was signed, and says why it starts nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fleetctl.adapters.kit.folder import seal_folder
from fleetctl.adapters.kit.launcher import launch
from fleetctl.adapters.log_key import LogKey
from tests.builders.kits import manifest

LAUNCH = Path(launch.__file__)
NOW = datetime.now(UTC)


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """A kit without wheels: enough to be checked."""
    return a_kit(tmp_path / "kit", LogKey(tmp_path / "key"))


def a_kit(folder: Path, signer: LogKey, life: timedelta = timedelta(days=3)) -> Path:
    for name in ("fleet/fleet.yaml", "fleet/releases/a.raucb", "seed/state.db", "wheels/x.whl"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"this is {name}")
    (folder / "launch.py").write_bytes(LAUNCH.read_bytes())
    made = NOW - timedelta(days=1)
    seal_folder(folder, replace(manifest(), made=made, expires=made + life), signer)
    return folder


def started(kit: Path, *words: str, **environment: str) -> tuple[int, str]:
    command = [sys.executable, "-I", "-B", str(kit / "launch.py"), *words]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(kit.parent), **environment}
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    return ran.returncode, ran.stderr


def test_a_whole_kit_is_begun_and_lacks_only_wheels(kit: Path) -> None:
    code, said = started(kit, "validate")
    assert (code, "has no wheels for Python" in said) == (2, True)


def elsewhere(file: Path) -> None:
    """Put a link in the place of a file: what it leads to can change after it was looked at."""
    moved = file.rename(file.parents[2] / "moved")
    file.symlink_to(moved)


def spoil(path: str) -> Callable[[Path], object]:
    def change(kit: Path) -> None:
        content = bytearray((kit / path).read_bytes())
        content[len(content) // 2] ^= 1
        (kit / path).write_bytes(bytes(content))

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (spoil("fleet/fleet.yaml"), "fleet/fleet.yaml is not what was signed"),
        (spoil("fleet/releases/a.raucb"), "fleet/releases/a.raucb is not what was signed"),
        (spoil("kit.json"), "not signed by whom it says|cannot be read|was changed"),
        (spoil("kit.json.sig"), "not signed by whom it says"),
        (lambda kit: (kit / "kit.json.sig").unlink(), "not signed by whom it says"),
        (lambda kit: (kit / "kit.json").unlink(), "cannot be read"),
        (lambda kit: (kit / "wheels/x.whl").unlink(), "wheels/x.whl is missing"),
        (lambda kit: (kit / "wheels/evil.whl").write_text("x"), "wheels/evil.whl was added"),
        (lambda kit: (kit / "more").symlink_to("/etc"), "more was added"),
        (lambda kit: elsewhere(kit / "seed/state.db"), "state.db is not what was signed"),
    ],
)
def test_one_byte_is_enough_to_be_refused(kit: Path, change: Callable[[Path], object], reason: str) -> None:
    change(kit)
    code, said = started(kit, "validate")
    assert code == launch.TAMPERED
    assert re.search(reason, said), said
    assert not (kit / "work").exists()


def test_what_is_done_with_a_kit_is_no_tampering(kit: Path) -> None:
    (kit / "work").mkdir()
    (kit / "work/state.db").write_text("changed every day")
    (kit / ".work-77").mkdir()
    (kit / ".work-77/state.db").write_text("cut short")
    assert "changed after it was signed" not in started(kit, "validate")[1]


def test_an_expired_kit_changes_nothing_but_can_be_read_and_sealed(tmp_path: Path) -> None:
    kit = a_kit(tmp_path / "kit", LogKey(tmp_path / "key"), timedelta(hours=1))
    code, said = started(kit, "commission", "run", "home")
    assert (code, "expired on" in said) == (launch.EXPIRED, True)
    assert started(kit, "-o", "report", "apply")[0] == launch.EXPIRED
    for words in (["commission", "show", "home"], ["-o", "json", "commission", "kit", "seal"], ["--version"]):
        assert "expired" not in started(kit, *words)[1]


@pytest.mark.parametrize(("word", "code"), [("import", launch.EXPIRED), ("list", 2), ("show", 2), ("export", 2)])
def test_an_expired_kits_inventory_can_be_read_and_not_written(tmp_path: Path, word: str, code: int) -> None:
    kit = a_kit(tmp_path / "kit", LogKey(tmp_path / "key"), timedelta(hours=1))
    assert started(kit, "inventory", word)[0] == code


def test_a_kit_of_another_signer_than_this_laptop_was_told_of_is_refused(kit: Path, tmp_path: Path) -> None:
    told = launch.fingerprint(LogKey(tmp_path / "other").public)
    assert "is signed by" in started(kit, "validate", FLEETCTL_KIT_SIGNER=told)[1]
    told = launch.fingerprint(LogKey(tmp_path / "key").public)
    assert "has no wheels" in started(kit, "validate", FLEETCTL_KIT_SIGNER=told)[1]


def test_two_terminals_that_begin_at_once_share_one_work(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def another_is_quicker(_path: Path, _mode: int) -> None:
        (kit / "work").mkdir()
        (kit / "work/mark").touch()

    monkeypatch.setattr(Path, "chmod", another_is_quicker)
    launch.begin_work(kit)
    assert (kit / "work/mark").exists()
    assert not list(kit.glob(".work-*"))


def test_of_a_laptops_pythons_one_that_the_kit_has_wheels_for_is_taken(tmp_path: Path) -> None:
    """The first is too old, the second newer than the kit's wheels, the third has them."""
    for folder in ("kit/wheels", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "kit/fleetctl").write_bytes(LAUNCH.with_name("fleetctl.sh").read_bytes())
    for name, version in (("python3", ""), ("python3.11", "3.99"), ("python3.12", "3.12")):
        says = f"echo {version}" if version else "exit 1"
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\nif [ "$2" = -c ]; then {says}; else echo "$0 $*"; fi\n')
        program.chmod(0o755)

    def taken() -> str:
        command = ["/bin/sh", str(tmp_path / "kit/fleetctl"), "validate"]
        return subprocess.run(
            command, env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"}, capture_output=True, text=True
        ).stdout

    launcher = f"-I -B {tmp_path}/kit/launch.py validate\n"
    assert taken() == f"{tmp_path}/bin/python3.11 {launcher}", "it says for which ones there are wheels"
    (tmp_path / "kit/wheels/requirements-3.12.txt").touch()
    assert taken() == f"{tmp_path}/bin/python3.12 {launcher}"


def test_what_is_packed_of_an_image_lies_in_the_work(kit: Path) -> None:
    """A kit whose image was served once was called changed, and started no more."""
    (kit / "images/i/chunks").mkdir(parents=True)
    for name in ("image.json", "chunks/old"):
        (kit / "images/i" / name).write_text(f"this is {name}")
    launch.begin_work(kit)
    worked = kit / "work/fleet/.fleetctl/images/i"
    assert [(worked / name).read_text() for name in ("image.json", "chunks/old")] == [
        "this is image.json",
        "this is chunks/old",
    ]
    (worked / "chunks/new").write_text("packed")
    assert [file.name for file in (kit / "images/i/chunks").iterdir()] == ["old"]
