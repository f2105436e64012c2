"""A boiler whose power is cut in mid-install, and a release whose kernel panics: GRUB and the slots see to both.

What stands on it afterwards is looked at by testinfra, which knows nothing of fleetctl.
"""

from __future__ import annotations

import time

import pytest

from tests.builders.vagrant import Machines
from tests.builders.vm_fleet import ENDED_S, Driven, adopted

pytestmark = pytest.mark.vm


@pytest.fixture(scope="module")
def boiler(machines: Machines) -> Driven:
    return adopted("boiler", machines)


def test_power_that_is_cut_in_mid_install_costs_only_time(boiler: Driven) -> None:
    version = boiler.status()["release"]["version"]
    boiler.release("boiler-2")
    rollout = boiler.cli.start("-o", "json", "apply", boiler.unit, "--yes")
    until_installing(boiler)
    boiler.machines.cut("boiler")
    boiler.machines.power_on("boiler")
    boiler.machines.wait_settled("boiler")
    assert boiler.status()["release"]["version"] == version, "it came back in the slot that it was in"
    boiler.ended(rollout)
    after = boiler.status()
    assert after["release"]["version"] == "boiler-2"
    assert after["slots"]["states"] == {"A": "good", "B": "good"}
    host = boiler.machines.host("boiler")
    assert host.file("/etc/fleet/release").contains("VERSION=boiler-2")
    assert host.service("fleet-heat").is_running


def test_a_release_whose_kernel_panics_is_left_for_the_one_before(boiler: Driven) -> None:
    before = boiler.status()
    boiler.release("boiler-3", breaks="panic")
    phase, reason = boiler.apply(code=1)
    assert (phase, "fell back by itself" in reason) == ("rolled_back", True), reason
    assert "Kernel panic" in boiler.machines.console("boiler")
    after = boiler.status()
    assert [after[key] for key in ("release", "config")] == [before[key] for key in ("release", "config")]
    assert after["slots"]["booted"] == before["slots"]["booted"]
    assert boiler.machines.host("boiler").file("/etc/fleet/release").contains("VERSION=boiler-2")


def until_installing(boiler: Driven) -> None:
    """Wait until a machine is in the midst of writing its other slot."""
    deadline = time.monotonic() + ENDED_S
    while not 0 < ((boiler.status()["update"]["installed"] or {}).get("percent") or 0) < 100:
        assert time.monotonic() < deadline, "it does not install"
        time.sleep(0.5)
