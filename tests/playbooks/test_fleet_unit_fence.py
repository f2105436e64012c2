"""Fencing and the journal: a controller that was taken over touches nothing, a step is done once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fleetctl.core.config import ConfigFile
from tests.builders.unit_root import UnitRoot, config

ONE = ConfigFile("/etc/a.conf", "1\n", service="a")
TWO = ConfigFile("/etc/a.conf", "2\n", service="a")


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    made = UnitRoot.make(tmp_path)
    made.hook("a", "exit 0")
    return made


def test_a_lower_epoch_is_refused_and_told_both(unit: UnitRoot) -> None:
    unit.epoch = 7
    unit.configure(ONE)
    unit.epoch = 6
    outcome = unit.configure(TWO)
    assert outcome["ending"] == "refused"
    assert "epoch 6" in outcome["message"]
    assert "seen 7" in outcome["message"]
    assert unit.read("/etc/a.conf") == "1\n"


def test_a_refused_epoch_leaves_the_journal_alone(unit: UnitRoot) -> None:
    unit.epoch = 7
    unit.configure(ONE)
    before = unit.status()["journal"]
    unit.epoch = 6
    unit.configure(TWO)
    assert unit.status()["journal"] == before


def test_a_repeated_step_answers_with_its_result_and_does_nothing(unit: UnitRoot) -> None:
    first = unit.configure(ONE)
    calls = unit.hook_calls
    again = unit.configure(TWO, again=True)
    assert again == {**first, "repeated": True}
    assert unit.hook_calls == calls


def test_a_repeat_by_a_new_controller_raises_the_fence(unit: UnitRoot) -> None:
    unit.configure(ONE)
    unit.epoch = 5
    assert unit.configure(ONE, again=True)["repeated"]
    unit.epoch = 4
    assert unit.configure(TWO)["ending"] == "refused"


def test_a_new_controllers_look_raises_the_fence(unit: UnitRoot) -> None:
    unit.configure(ONE)
    entry = unit.status()["journal"]
    assert unit.call("status", "--epoch", "3")["journal"] == entry
    assert unit.configure(TWO)["ending"] == "refused"


def test_the_fence_and_recent_results_outlive_rotation(unit: UnitRoot) -> None:
    unit.epoch = 9
    first = unit.configure(ONE)
    journal = unit.path("/data/fleet/journal")
    for _ in range(2):
        padding = json.dumps({"epoch": 1, "attempt": "x", "step": 1, "note": "y" * 1000}) + "\n"
        journal.write_text(journal.read_text() + padding * 300)
        unit.configure(ONE)
    assert journal.stat().st_size < 300_000
    unit.epoch = 8
    assert unit.configure(TWO)["ending"] == "refused"
    assert first["ending"] == "ok"


def test_a_line_that_was_cut_is_passed_over(unit: UnitRoot) -> None:
    unit.epoch = 2
    unit.configure(ONE)
    journal = unit.path("/data/fleet/journal")
    journal.write_text(journal.read_text() + '{"epoch": 99, "att')
    assert unit.configure(TWO)["ending"] == "ok"
    assert unit.status()["journal"]["outcome"] == "ok"


def test_the_journal_is_private(unit: UnitRoot) -> None:
    unit.configure(ONE)
    assert unit.path("/data/fleet/journal").stat().st_mode & 0o777 == 0o600


def test_simultaneous_steps_are_done_one_after_the_other(unit: UnitRoot) -> None:
    unit.hook("a", f"mkdir {unit.path('/busy')} && sleep 0.05 && rmdir {unit.path('/busy')}")
    files = [ConfigFile("/etc/a.conf", f"{n}\n", service="a") for n in range(4)]
    with ThreadPoolExecutor() as pool:
        callers = [UnitRoot(unit.root, attempt=f"r{n}:site/unit:1") for n in range(4)]
        outcomes = list(pool.map(lambda pair: pair[0].configure(pair[1]), zip(callers, files, strict=True)))
    assert [o["ending"] for o in outcomes] == ["ok"] * 4
    assert unit.status()["config"]["digest"] in {config(file).digest for file in files}


def test_the_same_step_sent_twice_at_once_is_done_once(unit: UnitRoot) -> None:
    with ThreadPoolExecutor() as pool:
        callers = [UnitRoot(unit.root) for _ in range(3)]
        outcomes = list(pool.map(lambda caller: caller.configure(ONE), callers))
    assert sorted(o["repeated"] for o in outcomes) == [False, True, True]
    assert unit.hook_calls.count("a reload") == 1
