"""Cut at every call that changes the disk: the unit is as it was or as it is to be, and a repeated step completes.

The program runs under a shim that kills the process right before the n-th such call, for every n there is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from fleetctl.core.config import Config, ConfigFile
from tests.builders.unit_root import PROGRAM, PYTHON, UnitRoot, config, payload_bytes

OLD = config(
    ConfigFile("/etc/heat/agent.conf", "limit 500\n", service="agent"),
    ConfigFile("/etc/gone.conf", "old only\n"),
)
NEW = config(
    ConfigFile("/etc/heat/agent.conf", "limit 600\n", service="agent"),
    ConfigFile("/etc/factory.conf", "ours\n", service="agent", reboot=True),
)
FIRST = config(ConfigFile("/etc/factory.conf", "ours\n", confirm=True))

SHIM = """
import os, runpy, sys
deadly, calls = int(sys.argv[1]), 0
def dying(real):
    def call(*arguments, **options):
        global calls
        calls += 1
        if calls == deadly:
            os.kill(os.getpid(), 9)
        return real(*arguments, **options)
    return call
for name in ("fsync", "rename", "symlink", "unlink", "link"):
    setattr(os, name, dying(getattr(os, name)))
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def before(tmp_path: Path) -> UnitRoot:
    unit = UnitRoot.make(tmp_path / "before")
    unit.hook("agent", "exit 0")
    unit.write("/etc/factory.conf", "from the factory\n")
    unit.configure(*OLD.files)
    return unit


def every_cut(start: UnitRoot, check: Callable[[UnitRoot], None], *command: str, stdin: bytes = b"") -> int:
    """Cut a step at each call in turn, check what is left, and return how many cuts there were."""

    def cut_at(number: int) -> bool:
        unit = start.copy(f"cut{number}")
        unit.step += 1
        shimmed = (*PYTHON, "-c", SHIM, str(number), str(PROGRAM))
        done = unit.run(command[0], *unit.step_options(), *command[1:], stdin=stdin, program=shimmed)
        was_cut = done.returncode != 0
        assert was_cut or json.loads(done.stdout)["ending"] == "ok"
        assert not was_cut or done.stdout == b"", "what was cut says nothing"
        check(unit)
        return was_cut

    def cuts(pool: ThreadPoolExecutor) -> Iterator[int]:
        for first in count(1, 8):
            results = list(pool.map(cut_at, range(first, first + 8)))
            yield sum(results)
            if not all(results):
                return

    with ThreadPoolExecutor(max_workers=4) as pool:
        return sum(cuts(pool))


def every_cut_of_configure(start: UnitRoot, to: Config, check: Callable[[UnitRoot], None]) -> int:
    return every_cut(start, check, "configure", stdin=payload_bytes(to))


def is_whole(unit: UnitRoot, of: Config) -> bool:
    """Say whether the unit has exactly this config, and nothing of another, and knows what was before it."""
    status = unit.status()["config"]
    before = {NEW.digest: OLD.digest}.get(of.digest, "")
    contents = all(unit.read(file.path) == file.content for file in of.files)
    known = (status["digest"], status["previous"]) == (of.digest, before)
    return known and not status["changed"] and not status["unconfirmed"] and contents


def test_after_a_power_cut_the_unit_boots_with_the_old_config_or_the_new_one(before: UnitRoot) -> None:
    ends = set()

    def check(unit: UnitRoot) -> None:
        unit.reboot()
        whole = [of for of in (OLD, NEW) if is_whole(unit, of)]
        assert len(whole) == 1
        ends.add(whole[0].digest)
        if whole[0] is OLD:
            assert unit.read("/etc/factory.conf") == "from the factory\n"
        assert not list(unit.path("/data/fleet/config").glob("*.new"))

    assert every_cut_of_configure(before, NEW, check) > 20
    assert ends == {OLD.digest, NEW.digest}


def test_a_killed_step_that_is_sent_again_completes(before: UnitRoot) -> None:
    def check(unit: UnitRoot) -> None:
        again = unit.effect("configure", stdin=payload_bytes(NEW), again=True)
        assert again["ending"] == "ok"
        assert is_whole(unit, NEW)
        assert not unit.path("/etc/gone.conf").exists()

    assert every_cut_of_configure(before, NEW, check) > 20


def test_a_first_commit_confirmed_config_that_is_cut_never_stays_half_done(tmp_path: Path) -> None:
    blank = UnitRoot.make(tmp_path / "before")
    blank.write("/etc/factory.conf", "from the factory\n")

    def check(unit: UnitRoot) -> None:
        unit.reboot()
        assert unit.status()["config"]["digest"] == ""
        assert unit.read("/etc/factory.conf") == "from the factory\n"
        assert not unit.path("/etc/factory.conf").is_symlink()

    assert every_cut_of_configure(blank, FIRST, check) > 20


def test_a_cut_step_is_not_shown_as_under_way(before: UnitRoot) -> None:
    before.step += 1
    shimmed = (*PYTHON, "-c", SHIM, "6", str(PROGRAM))
    assert before.run("configure", *before.step_options(), stdin=payload_bytes(NEW), program=shimmed).returncode == 1
    entry = before.status()["journal"]
    assert (entry["step"], entry["outcome"]) == (str(before.step), "failed")


def test_a_roll_back_that_is_cut_has_the_newer_config_or_the_one_before_and_completes(before: UnitRoot) -> None:
    before.configure(*NEW.files)
    ends = set()

    def check(unit: UnitRoot) -> None:
        unit.reboot()
        whole = [of for of in (OLD, NEW) if is_whole(unit, of)]
        assert len(whole) == 1
        ends.add(whole[0].digest)
        assert unit.roll_back(NEW.digest, again=True)["ending"] == "ok"
        assert is_whole(unit, OLD)
        assert unit.read("/etc/factory.conf") == "from the factory\n"

    assert every_cut(before, check, "roll-back", "--digest", NEW.digest) > 10
    assert ends == {OLD.digest, NEW.digest}


def test_a_drain_that_is_cut_stands_or_not_and_completes(before: UnitRoot) -> None:
    def check(unit: UnitRoot) -> None:
        compute = unit.status()["compute"]
        assert compute is None or compute["reason"] == "fleetctl r1"
        assert unit.drain(again=True)["ending"] == "ok"
        assert unit.status()["compute"]["reason"] == "fleetctl r1"

    assert every_cut(before, check, "drain", "--reason", "fleetctl r1") > 4


def test_an_undrain_that_is_cut_can_always_be_completed(before: UnitRoot) -> None:
    before.drain()

    def check(unit: UnitRoot) -> None:
        assert unit.undrain()["ending"] == "ok"
        assert unit.status()["compute"] is None

    assert every_cut(before, check, "undrain", "--reason", "fleetctl r1") > 3
