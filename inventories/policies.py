"""The policies of the example fleets: a canary, then shares, in hours that suit the people who live there."""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]

DEADLINES: Data = {"unit_timeout_s": 3600, "reboot_timeout_s": 600, "heat_timeout_s": 900}
"""Twice and more of what the models declare."""
FREEZE = [{"first": "2026-12-19", "last": "2027-01-03", "reason": "end of the year"}]
EVENINGS = [{"days": ["sun-thu"], "opens": "19:00", "closes": "23:00"}]
MIDDAYS = [{"days": ["mon-fri"], "opens": "10:00", "closes": "16:00"}]
"""The warmest hours of the day, between the two peaks of hot water."""

PLAIN: Data = {"max_in_progress": 8, "max_failed": 1, "retries": 1, "unreachable": "fail"}
"""Site by site at any time: what a fleet starts with."""
CAREFUL: Data = {
    "max_in_progress": 2,
    "max_failed": 0,
    "waves": [{"name": "canary", "units": 1, "soak_s": 3600}, {"name": "rest", "approve": True}],
    "cap_down_w": 3000,
    "retries": 2,
    "unreachable": "defer",
    **DEADLINES,
}
BRISK: Data = {"max_in_progress": 16, "max_failed": 1, "retries": 0, "step_timeout_s": 45}
"""For the demonstration: stand-ins boot within seconds, and a person is watching."""


def evenings(canary: str, *, cap_down_w: int, site: int) -> Data:
    """Return the policy of dwellings outside the cold season.

    Args:
        canary: selector of the first dwelling.
        cap_down_w: power of one dwelling that may be down, in W.
        site: units of a site that may be down.
    """
    return {
        "max_in_progress": 12,
        "max_failed": 2,
        "max_failed_percent": 5,
        "min_executed": 20,
        "min_success_percent": 90,
        "waves": [
            {"name": "canary", "select": canary, "soak_s": 1800},
            {"name": "tenth", "percent": 10, "soak_s": 900},
            {"name": "half", "percent": 50, "soak_s": 900},
            {"name": "rest"},
        ],
        "windows": EVENINGS,
        "freeze": FREEZE,
        "max_unavailable": {"site": site, "gateway": site},
        "cap_down_w": cap_down_w,
        "soak_samples": 3,
        "unreachable": "defer",
        **DEADLINES,
        "drain": {"deadline_s": 7200, "jobs": "defer"},
    }


def winter(canary: str) -> Data:
    """Return the policy of dwellings in the cold season: by day, few at once, and a person looks at the canary."""
    return {
        "max_in_progress": 4,
        "max_failed": 0,
        "on_failure": "revert",
        "order": "slack",
        "waves": [
            {"name": "canary", "select": canary, "soak_s": 3600},
            {"name": "tenth", "percent": 10, "soak_s": 1800, "approve": True},
            {"name": "third", "percent": 33, "soak_s": 1800},
            {"name": "rest"},
        ],
        "windows": MIDDAYS,
        "freeze": FREEZE,
        "max_unavailable": {"site": 6, "gateway": 4, "dwelling": 1},
        "cap_down_w": 650,
        "soak_samples": 5,
        "unreachable": "defer",
        **DEADLINES,
        "drain": {"deadline_s": 21600, "jobs": "defer"},
        "guard": {"forecast_margin_k": 3},
    }


def plants(*, loop: int, cap_loop_down_w: int) -> Data:
    """Return the policy of boilers: the first of each plant, a quarter, the rest; few of a loop at once."""
    return {
        "max_in_progress": 4,
        "max_failed": 0,
        "waves": [
            {"name": "canary", "select": "kind=boiler,unit=boiler-01", "soak_s": 3600},
            {"name": "quarter", "percent": 25, "soak_s": 1800},
            {"name": "rest"},
        ],
        "windows": MIDDAYS,
        "freeze": FREEZE,
        "max_unavailable": {"loop": loop},
        "cap_loop_down_w": cap_loop_down_w,
        "soak_samples": 3,
        "unreachable": "defer",
        **DEADLINES,
        "drain": {"deadline_s": 21600, "jobs": "defer"},
    }
