from __future__ import annotations

from dataclasses import replace

import pytest

from fleetctl.core.facts import Cause, Observation, Unobserved
from fleetctl.core.report.last_seen import Config, mixed, standings
from fleetctl.core.rollout.readings import Reading
from fleetctl.core.rollout.state import Action, Phase, Progress
from tests.builders.histories import reading
from tests.builders.play import progress
from tests.builders.rollout_logs import T0, ended
from tests.builders.world import FakeUnit


def config_of(unit: Progress, *readings: Reading, facts: Observation | None = None) -> Config:
    return standings([unit], readings, {unit.unit: facts} if facts else {})[unit.unit].config


def test_the_last_reading_counts() -> None:
    unit = replace(ended("s/a"), previous_digest="old")
    seen = [reading("s/a", 60, config="new"), reading("s/a", 0, config="old")]
    assert config_of(unit, *seen) is Config.NEW


@pytest.mark.parametrize(("seen", "config"), [("new", Config.NEW), ("old", Config.BEFORE), ("else", Config.OTHER)])
def test_a_config_is_the_new_one_the_one_before_or_somebody_elses(seen: str, config: Config) -> None:
    unit = replace(ended("s/a"), previous_digest="old")
    assert config_of(unit, reading("s/a", 0, config=seen)) is config


def test_a_unit_that_the_rollout_never_looked_at_is_as_it_was_seen_before() -> None:
    facts = FakeUnit("s/a", config="old").facts(T0)
    assert standings([progress("s/a")], [], {"s/a": facts})["s/a"].version == "1"
    assert config_of(progress("s/a"), facts=facts) is Config.BEFORE


def test_of_a_unit_that_was_tried_and_never_answered_nothing_is_claimed() -> None:
    lost = Unobserved("s/a", T0, Cause.UNREACHABLE, "no answer")
    assert config_of(ended("s/a", Phase.FAILED), facts=lost) is Config.UNKNOWN
    assert config_of(progress("s/a"), facts=lost) is Config.BEFORE


def test_a_reboot_alone_changes_no_config() -> None:
    unit = replace(progress("s/a", actions=[Action.REBOOT]), phase=Phase.SUCCEEDED, attempt=1)
    assert config_of(unit, reading("s/a", 0)) is Config.BEFORE


def test_units_that_stand_alike_are_one_group() -> None:
    units = [ended("s/a"), ended("s/b"), ended("s/c", Phase.ROLLED_BACK)]
    seen = [reading("s/a", 0), reading("s/b", 0), reading("s/c", 0, config="old")]
    groups = mixed(standings(units, seen, {}))
    assert [(g.config, g.version, g.units) for g in groups] == [
        (Config.NEW, "1.0", ("s/a", "s/b")),
        (Config.BEFORE, "1.0", ("s/c",)),
    ]
