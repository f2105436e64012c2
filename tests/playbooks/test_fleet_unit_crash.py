"""Cut at every call that changes the disk: the unit has the old config or the new one, and a repeated step completes.

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


def every_cut(start: UnitRoot, to: Config, check: Callable[[UnitRoot], None]) -> int:
    """Cut a configure at each call in turn, check what is left, and return how many cuts there were."""

    def cut_at(number: int) -> bool:
        unit = start.copy(f"cut{number}")
        unit.step += 1
        shimmed = (*PYTHON, "-c", SHIM, str(number), str(PROGRAM))
        done = unit.run("configure", *unit.step_options(), stdin=payload_bytes(to), program=shimmed)
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


def is_whole(unit: UnitRoot, of: Config) -> bool:
    """Say whether the unit has exactly this config, and nothing of another."""
    status = unit.status()["config"]
    contents = all(unit.read(file.path) == file.content for file in of.files)
    return bool(status["digest"] == of.digest and not status["changed"] and not status["unconfirmed"] and contents)


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

    assert every_cut(before, NEW, check) > 20
    assert ends == {OLD.digest, NEW.digest}


def test_a_killed_step_that_is_sent_again_completes(before: UnitRoot) -> None:
    def check(unit: UnitRoot) -> None:
        again = unit.effect("configure", stdin=payload_bytes(NEW), again=True)
        assert again["ending"] == "ok"
        assert is_whole(unit, NEW)
        assert not unit.path("/etc/gone.conf").exists()

    assert every_cut(before, NEW, check) > 20


def test_a_first_commit_confirmed_config_that_is_cut_never_stays_half_done(tmp_path: Path) -> None:
    blank = UnitRoot.make(tmp_path / "before")
    blank.write("/etc/factory.conf", "from the factory\n")

    def check(unit: UnitRoot) -> None:
        unit.reboot()
        assert unit.status()["config"]["digest"] == ""
        assert unit.read("/etc/factory.conf") == "from the factory\n"
        assert not unit.path("/etc/factory.conf").is_symlink()

    assert every_cut(blank, FIRST, check) > 20


def test_a_cut_step_is_not_shown_as_under_way(before: UnitRoot) -> None:
    before.step += 1
    shimmed = (*PYTHON, "-c", SHIM, "6", str(PROGRAM))
    assert before.run("configure", *before.step_options(), stdin=payload_bytes(NEW), program=shimmed).returncode == 1
    entry = before.status()["journal"]
    assert (entry["step"], entry["outcome"]) == (str(before.step), "failed")
