"""A full disk, wherever it strikes: the old config stays whole and the caller gets an answer."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.core.config import ConfigFile
from tests.builders.unit_root import PROGRAM, PYTHON, UnitRoot, config, payload_bytes

OLD = ConfigFile("/etc/a.conf", "1\n", service="a")
NEW = ConfigFile("/etc/a.conf", "2\n", service="a")
LARGE = ConfigFile("/etc/large.conf", "x" * 600_000, service="a")

SHIM = """
import errno, os, runpy, stat, sys
left, spare = int(sys.argv[1]), []
def full(name, real):
    def call(*arguments, **options):
        global left
        if name == "write" and stat.S_ISFIFO(os.fstat(arguments[0]).st_mode):
            return real(*arguments, **options)
        left -= 1
        if left < 0 and not spare:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **options)
    return call
def unlink(path, real=os.unlink, **options):
    if str(path).endswith("/spare"):
        spare.append(path)
    return real(path, **options)
for name in ("fsync", "symlink", "link", "mkdir", "write"):
    setattr(os, name, full(name, getattr(os, name)))
os.unlink = unlink
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    made = UnitRoot.make(tmp_path / "unit")
    made.hook("a", "exit 0")
    made.configure(OLD)
    return made


def test_a_disk_that_fills_at_any_call_leaves_the_old_config_or_the_new_one(unit: UnitRoot) -> None:
    endings: list[str] = []
    while "ok" not in endings:
        calls = len(endings)
        copy = unit.copy(f"full{calls}")
        shimmed = (*PYTHON, "-c", SHIM, str(calls), str(PROGRAM))
        copy.step += 1
        done = copy.run("configure", *copy.step_options(), stdin=payload_bytes(config(NEW)), program=shimmed)
        endings.append(json.loads(done.stdout)["ending"])
        status = copy.status()["config"]
        assert (status["changed"], status["unconfirmed"]) == ([], "")
        assert status["digest"] == config(NEW if endings[-1] == "ok" else OLD).digest
        kept = {config(OLD).digest, config(NEW).digest} if endings[-1] != "refused" else {config(OLD).digest}
        assert {p.name for p in copy.path("/data/fleet/config").iterdir()} == kept
    assert {"refused", "rolled_back", "ok"} >= set(endings)
    assert endings.count("refused") > 5
    assert "rolled_back" in endings


def test_a_file_that_does_not_fit_is_refused(unit: UnitRoot) -> None:
    """Needs no privilege: a limit on the size of files fails as a full disk does, in the middle of a write."""
    unit.step += 1
    done = subprocess.run(
        [*PYTHON, str(PROGRAM), "configure", *unit.step_options()],
        input=payload_bytes(config(OLD, LARGE)),
        capture_output=True,
        env=unit.environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)),
    )
    assert_untouched(unit, json.loads(done.stdout))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[UnitRoot]:
    unit = UnitRoot.make(tmp_path)
    data = unit.path("/data")
    data.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(data)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs root")
    try:
        unit.hook("a", "exit 0")
        unit.configure(OLD)
        yield unit
    finally:
        subprocess.run(["umount", str(data)], check=True)


def test_a_really_full_disk_is_refused_and_later_works_again(small_disk: UnitRoot) -> None:
    unit = small_disk
    assert_untouched(unit, unit.configure(OLD, LARGE))
    ballast = unit.path("/data/ballast")
    with pytest.raises(OSError, match="No space"):
        ballast.write_bytes(b"x" * 1_000_000)
    outcome = unit.configure(NEW)
    assert outcome["ending"] == "refused"
    assert unit.status()["config"]["digest"] == config(OLD).digest
    ballast.unlink()
    assert unit.configure(NEW)["ending"] == "ok"


def assert_untouched(unit: UnitRoot, outcome: dict[str, object]) -> None:
    assert outcome["ending"] == "refused"
    assert "nothing was changed" in str(outcome["message"])
    status = unit.status()
    assert status["config"]["digest"] == config(OLD).digest
    assert status["config"]["changed"] == []
    assert [p.name for p in unit.path("/data/fleet/config").iterdir()] == [config(OLD).digest]
