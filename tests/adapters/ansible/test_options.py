"""What a unit is told of a step on the command line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetctl.adapters.ansible.executor import PLAYBOOKS
from fleetctl.adapters.ansible.options import options_of
from fleetctl.adapters.share import shared_folder
from fleetctl.core.rollout.state import Step, StepKind

WHICH = ["--epoch", "4", "--attempt", "r7:s/u:2", "--step", "3"]


def of_kind(kind: StepKind, **more: Any) -> list[str]:
    options = options_of(Step("r7", "s/u", 2, 3, kind, 4, "abc", **more))
    assert options[: len(WHICH)] == WHICH
    return options[len(WHICH) :]


@pytest.mark.parametrize("kind", [StepKind.CONFIGURE, StepKind.REBOOT])
def test_some_steps_need_no_more_than_who_asks(kind: StepKind) -> None:
    assert of_kind(kind) == []


def test_a_drain_names_its_rollout_and_ends_jobs_if_it_may() -> None:
    assert of_kind(StepKind.DRAIN) == ["--reason", "fleetctl r7"]
    assert of_kind(StepKind.DRAIN, cancel_jobs=True) == ["--reason", "fleetctl r7", "--cancel-jobs"]
    assert of_kind(StepKind.UNDRAIN, cancel_jobs=True) == ["--reason", "fleetctl r7"]


def test_a_verification_asks_for_a_pulse_only_if_one_is_wanted() -> None:
    assert of_kind(StepKind.VERIFY) == ["--digest", "abc"]
    pulse = ["--pulse-seconds", "600", "--pulse-rise-k", "0.5"]
    assert of_kind(StepKind.VERIFY, pulse_s=600.0, pulse_k=0.5) == ["--digest", "abc", *pulse]


def test_a_roll_back_names_the_config_to_leave() -> None:
    assert of_kind(StepKind.ROLL_BACK, pulse_s=600.0) == ["--digest", "abc"]


def test_a_reboot_names_the_slot_that_is_to_be_activated() -> None:
    assert of_kind(StepKind.REBOOT, slot="B") == ["--slot", "B"]


def test_a_stage_step_names_the_bundle_where_it_is_and_the_config_that_goes_with_it() -> None:
    step = Step("r7", "s/u", 2, 3, StepKind.STAGE, 4, "abc", release="2.0", bundle="f00d", bundle_bytes=9)
    bundle = ["--bundle", "f00d", "--size", "9"]
    assert options_of(step) == [*WHICH, *bundle, "--digest", "abc"]
    limited = replace(step, rate_bytes_per_s=1000, config_digest="")
    assert options_of(limited, "http://g/x") == [*WHICH, *bundle, "--rate", "1000", "--url", "http://g/x"]


def test_an_install_step_names_the_bundle_and_what_it_has_to_be() -> None:
    assert of_kind(StepKind.INSTALL, bundle="f00d", release="2.0") == ["--bundle", "f00d", "--release", "2.0"]


def test_every_kind_of_step_has_its_playbook() -> None:
    assert set(PLAYBOOKS) == set(StepKind)
    assert all((shared_folder("playbooks") / name).is_file() for name in PLAYBOOKS.values())
