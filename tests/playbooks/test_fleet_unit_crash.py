"""Cut at every call that changes the disk: the unit is as it was or as it is to be, a repeated step completes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fleetctl.core.config import Config, ConfigFile
from tests.builders.cuts import cut_at, every_cut
from tests.builders.unit_root import UnitRoot, config, payload_bytes

OLD = config(
    ConfigFile("/etc/heat/agent.conf", "limit 500\n", service="agent"),
    ConfigFile("/etc/gone.conf", "old only\n"),
)
NEW = config(
    ConfigFile("/etc/heat/agent.conf", "limit 600\n", service="agent"),
    ConfigFile("/etc/factory.conf", "ours\n", service="agent", reboot=True),
)
FIRST = config(ConfigFile("/etc/factory.conf", "ours\n", confirm=True))


@pytest.fixture
def before(tmp_path: Path) -> UnitRoot:
    unit = UnitRoot.make(tmp_path / "before")
    unit.hook("agent", "exit 0")
    unit.write("/etc/factory.conf", "from the factory\n")
    unit.configure(*OLD.files)
    return unit


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
    assert cut_at(before, 6, "configure", *before.step_options(), stdin=payload_bytes(NEW)).returncode == 1
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
