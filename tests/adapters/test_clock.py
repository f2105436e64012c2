"""The clocks of this machine."""

from __future__ import annotations

from datetime import UTC, datetime

from fleetctl.adapters.clock import SystemClock


def test_both_clocks_are_read_together() -> None:
    clock = SystemClock()
    before, now, after = datetime.now(UTC), clock.now(), datetime.now(UTC)
    assert before <= now.utc <= after
    assert now.boot_id == clock.now().boot_id != ""


def test_waiting_lets_time_pass_and_never_a_negative_time() -> None:
    clock = SystemClock()
    start = clock.now()
    clock.wait(0.01)
    clock.wait(-1.0)
    assert clock.now().monotonic_s - start.monotonic_s >= 0.01
