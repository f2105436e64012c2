"""Releases through the real RAUC to stand-ins that run systemd: a sound one, one that panics, a cut in mid-install."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from fleetctl.core.problems import CouldNot
from fleetctl.lab import levels
from fleetctl.lab.layout import Level
from tests.builders.acceptance import SITE, on_unit, phases, status_of, unit
from tests.builders.released import Released, a_released_lab

pytestmark = [pytest.mark.system, pytest.mark.acceptance]

HOME = "dwelling=A102"
RADIATOR = unit("a102-1")
ONLY = f"site={SITE},unit=a102-1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    """A dwelling behind its gateway."""
    try:
        levels.choose(Level.SYSTEM, as_root=os.geteuid() == 0)
    except CouldNot as reason:
        pytest.skip(str(reason))
    with a_released_lab(tmp_path_factory.mktemp("system"), HOME, tier="system") as made:
        yield made


def test_a_release_and_its_config_reach_a_unit(site: Released) -> None:
    site.release("qh-1-2026.12.0", size_mb=4)
    site.cli("apply", ONLY, "--yes", "--policy", "update")
    assert phases(site.cli) == {RADIATOR: "succeeded"}
    after = status_of(site.cli, RADIATOR)
    assert (after["release"]["version"], after["slots"]["booted"]) == ("qh-1-2026.12.0", "B")
    assert after["slots"]["states"]["B"] == "good"
    assert site.cli("plan", ONLY, "--detailed-exitcode").out.startswith("nothing to do")


def test_a_release_like_the_one_before_comes_as_what_is_new_in_it(site: Released) -> None:
    site.release("qh-1-2026.12.0.1", size_mb=4, like="qh-1-2026.12.0")
    before = uplink_bytes(site)
    site.cli("apply", ONLY, "--yes", "--policy", "update")
    assert phases(site.cli) == {RADIATOR: "succeeded"}
    assert uplink_bytes(site) - before < 2_000_000, "steps and probes are in it"
    assert site.version("a102-1") == "qh-1-2026.12.0.1"


def test_a_release_that_panics_is_left_for_the_one_before(site: Released) -> None:
    before = status_of(site.cli, RADIATOR)
    site.release("qh-1-2026.12.1", fails="panic")
    site.cli("apply", ONLY, "--yes", "--policy", "update", code=1)
    assert phases(site.cli) == {RADIATOR: "rolled_back"}
    after = status_of(site.cli, RADIATOR)
    assert (after["release"], after["slots"]["booted"]) == (before["release"], before["slots"]["booted"])
    assert after["config"]["digest"] == before["config"]["digest"]


def uplink_bytes(site: Released) -> int:
    """Return how many bytes the gateway has received over its uplink since it booted."""
    return int(on_unit(site.cli, unit("gw-a"), "cat", "/sys/class/net/wan0/statistics/rx_bytes"))
