from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from fleetctl.core.policy import AtMost, Freeze, Policy, Staging, Wave, Window
from fleetctl.core.policy_arithmetic import arithmetic
from fleetctl.core.rollout.waves import placed
from tests.builders.fleets import a_building, a_fleet, a_plant

FLEET = a_fleet(a_building("a", 1, 18), a_plant("c", 3, 3))
UNITS = placed(FLEET, [unit.name for unit in FLEET.units() if unit.kind != "gateway"])
"""18 radiators and 3 boilers."""
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def lines(policy: Policy) -> dict[str, str]:
    found = arithmetic(policy, FLEET, UNITS, NOW, {"a": ZoneInfo("Europe/Paris")})
    return {line.about: line.text for line in found}


@pytest.mark.parametrize(
    ("policy", "about", "text"),
    [
        (Policy("p"), "wave all", "21 units: all 21 that are left of 21"),
        (
            Policy("p", waves=(Wave("w", units=1, approval=True, soak_s=60),)),
            "wave w",
            "1 unit: 1 of 21; a person approves it; soaks 60 s",
        ),
        (
            Policy("p", max_failed_percent=10, min_executed=5),
            "wave all",
            "21 units: all 21 that are left of 21; 2 may fail once 5 were executed (10 % of 21 is 2.1)",
        ),
        (
            Policy("p", max_failed_percent=10, min_executed=30),
            "wave all",
            "21 units: all 21 that are left of 21; 10 % never counts in it: 30 would have to be executed",
        ),
        (
            Policy("p", min_success_percent=90),
            "wave all",
            "21 units: all 21 that are left of 21; 19 must succeed (90 % of 21 is 18.9)",
        ),
        (
            Policy("p", staging=Staging(max_in_progress=4, rate_bytes_per_s=2_000_000)),
            "staging",
            "4 at once, at 2,000,000 bytes/s at most; 600 s without a byte end a try",
        ),
        (Policy("p", max_failed=2), "failures", "halts when more than 2 failed; nothing is rolled back"),
        (
            Policy("p", max_failed=0, max_failed_percent=5, min_executed=1, on_failure="revert"),
            "failures",
            "halts when more than 0 failed, or more than 5 % of a wave; its wave is rolled back",
        ),
        (Policy("p", cap_down_w=1300), "cap of a dwelling", "1300 W may be down: 2 'qh-1' of 650 W"),
        (Policy("p", cap_loop_down_w=1999), "cap of a loop", "1999 W may be down: 0 'qb-1' of 2000 W"),
        (
            Policy("p", max_in_progress=9, max_unavailable=AtMost(fleet=20, loop=1)),
            "at once",
            "9 under way, 20 per fleet down, 1 per loop down",
        ),
        (Policy("p", windows=(Window(("mon", "sun"), 1320, 300),)), "window", "mon sun 22:00-05:00"),
        (
            Policy("p", windows=(Window(("mon",), 1320, 1330),)),
            "longest window",
            "600 s; 'qh-1' needs 300 + 300 + 60 + 300 = 960 s (reboot, proof of heat, rollback, reboot): does not fit",
        ),
        (
            Policy("p", windows=(Window(("mon",), 1320, 300),)),
            "now at a",
            "outside the windows; opens Mon 2026-11-23 22:00 CET",
        ),
        (Policy("p", freeze=(Freeze("2026-12-20", "2027-01-03", "x"),)), "freeze", "2026-12-20 to 2027-01-03: x"),
        (
            Policy("p", reboot_timeout_s=600, step_timeout_s=90),
            "deadlines",
            "reboot 600 s + heat 90 s = 690 s of a unit's 1800 s; drain 7200 s, then defer",
        ),
    ],
)
def test_what_a_policy_comes_to(policy: Policy, about: str, text: str) -> None:
    assert lines(policy)[about] == text


def test_a_policy_without_caps_and_windows_says_nothing_of_them() -> None:
    assert list(lines(Policy("p"))) == ["wave all", "failures", "at once", "now at a", "deadlines"]
