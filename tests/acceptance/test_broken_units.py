"""The main job while units are broken on purpose: each fails alone, says why, and says what to do."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.builders.acceptance import (
    PART,
    SITE,
    changed,
    ended,
    on_unit,
    phases,
    status_of,
    unit,
    units_of,
    until_event,
    wait_for,
)
from tests.builders.cli import Cli

pytestmark = [pytest.mark.lab, pytest.mark.acceptance, pytest.mark.evening, pytest.mark.xdist_group("broken units")]


def test_a_unit_cut_in_mid_rollout_fails_alone_and_alone_is_retried(part: Cli) -> None:
    changed(part)
    names = units_of(part, PART)
    last = names[-1]
    process = part.start("-o", "json", "apply", PART, "--yes", "--policy", "quick")
    until_event(process, "unit-succeeded")
    part("lab", "fault", last, "cut")
    code, out = ended(process)
    assert code == 1, out
    assert Counter(phases(part).values()) == {"succeeded": len(names) - 1, "failed": 1}
    assert "no answer" in part("rollout", "why", "last", last).out
    part("lab", "fault", last, "on")
    wait_for(part, last)
    retried = part("-o", "json", "rollout", "retry", "last").json_lines
    assert {event["unit"] for event in retried if event.get("what") == "attempt-started"} == {last}
    assert set(phases(part).values()) == {"succeeded"}


def test_a_wrong_host_key_is_refused_with_the_cure_and_the_rest_goes_on(part: Cli) -> None:
    changed(part)
    name = unit("a101-2")
    on_unit(part, name, "rm", "/data/ssh/ssh_host_ed25519_key", "/data/ssh/ssh_host_ed25519_key.pub")
    part("lab", "fault", name, "cut")
    part("lab", "fault", name, "on")
    refused = part("probe", name, code=1)
    for _ in range(30):
        if "host key" in refused.err:
            break
        refused = part("probe", name, code=1)
    assert "changed" in refused.err
    assert f"fleetctl unit adopt {name}" in refused.err
    result = part("apply", f"site={SITE},dwelling=A101", "--yes", "--policy", "quick")
    assert f"{name} left out" in result.err
    refused = part("unit", "adopt", name, "--fingerprint", "SHA256:" + "A" * 43, code=None)
    assert refused.code != 0
    fingerprint = next(found for found in re.findall(r"SHA256:[\w+/]{43}", refused.err) if "AAAA" not in found)
    part("unit", "adopt", name, "--fingerprint", fingerprint)
    part("apply", name, "--yes")


def test_a_full_disk_changes_nothing_and_says_so(part: Cli) -> None:
    changed(part)
    name = unit("a102-1")
    before = status_of(part, name)["config"]["digest"]
    part("lab", "fault", name, "fill-disk")
    try:
        failed = part("apply", name, "--yes", "--policy", "quick", code=1)
        assert "No space left" in failed.err or "full" in failed.err, failed.err
        assert status_of(part, name)["config"]["digest"] == before
    finally:
        part("lab", "fault", name, "free-disk")
    part("rollout", "retry", "last")
    assert status_of(part, name)["config"]["digest"] != before


def test_a_network_file_that_cuts_the_unit_off_is_taken_back_by_the_unit(part: Cli) -> None:
    name = unit("a105-1")
    before = status_of(part, name)["config"]["digest"]
    wrong = "{% if unit.id == 'a105-1' %}10.99.99.99{% else %}{{ unit.address }}{% endif %}"
    part.override("network/unit.network.j2", [("{{ unit.address }}", wrong)])
    try:
        failed = part("apply", name, "--yes", "--policy", "quick", code=1)
        assert "restored its old config" in failed.err
        assert status_of(part, name)["config"]["digest"] == before
    finally:
        (part.folder / "templates/network/unit.network.j2").unlink()
