"""The status document of a unit, read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fleetctl.core.commissioning.load import Load, LoadKind, LoadState
from fleetctl.core.facts import Compute, Facts, drain_reason, facts_from_status

STATUS: dict[str, Any] = {
    "schema": "fleetctl/unit-status/v1",
    "boot_id": "b",
    "release": {"serial": "QR-1", "model": "qh-1", "kind": "radiator", "version": "1.2.0"},
    "slots": {"booted": "A", "primary": "A"},
    "config": {"digest": "d"},
}


def facts(**more: Any) -> Facts:
    return facts_from_status("s/u", {**STATUS, **more}, at=datetime(2026, 1, 1, tzinfo=UTC), host_key="k")


def test_a_unit_without_a_compute_daemon_has_no_compute() -> None:
    assert facts().compute is None
    assert facts(compute=None).compute is None


def test_a_drain_says_its_reason_and_how_many_jobs_run() -> None:
    seen = facts(compute={"drained": True, "reason": drain_reason("r7"), "by_us": True, "jobs": 2})
    assert seen.compute == Compute(drained=True, reason="fleetctl r7", jobs=2)


def test_a_compute_without_its_jobs_is_no_status() -> None:
    with pytest.raises(ValueError, match="jobs"):
        facts(compute={"drained": True})


def test_the_config_that_a_roll_back_would_bring_back_is_named() -> None:
    assert facts().previous_digest == ""
    assert facts(config={"digest": "d", "previous": "c"}).previous_digest == "c"


def test_a_heat_pulse_is_seen_while_it_runs() -> None:
    heat = {"age_s": 1.0, "power_w": 500.0, "commanded_w": 500.0}
    idle, pulsing = facts(heat=heat).heat, facts(heat={**heat, "pulse_left_s": 42.0}).heat
    assert idle is not None
    assert pulsing is not None
    assert (idle.pulse_left_s, pulsing.pulse_left_s) == (0.0, 42.0)


def test_the_load_that_a_unit_was_given_is_seen() -> None:
    load = {
        "id": "a:1",
        "kind": "burn-in",
        "state": "running",
        "because": "",
        "began_at": 5,
        "ends_at": 9,
        "samples": 3,
    }
    assert facts().load is None
    assert facts(load=load).load == Load("a:1", LoadKind.BURN_IN, LoadState.RUNNING, "", 5.0, 9.0, 3)
    with pytest.raises(ValueError, match="began_at"):
        facts(load={key: value for key, value in load.items() if key != "began_at"})
