"""How long signed metadata lives, and what is said once it is over.

Metadata that ended is what an attacker shows who keeps newer ones away (a freeze), so new work waits for fresh ones.
A rollback or a repair goes on: it uses what was signed while it was fresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LIFETIMES: Mapping[str, timedelta] = {
    "root": timedelta(days=365),
    "targets": timedelta(days=90),
    "snapshot": timedelta(days=30),
    "timestamp": timedelta(days=7),
}
ONLINE = ("targets", "snapshot", "timestamp")
"""Roles that one machine signs by itself; root needs its holders."""


@dataclass(frozen=True)
class Signed:
    """What signed metadata say to rollouts at a moment.

    Attributes:
        stale: why no new work may begin with any release; empty if it may.
        withdrawn: releases that may not be used any more, with the reason.
    """

    stale: str = ""
    withdrawn: Mapping[str, str] = field(default_factory=dict)


def stale(expiries: Mapping[str, datetime], now: datetime) -> str | None:
    """Return in words what of the metadata has ended; None if all of it is fresh.

    Args:
        expiries: when each role's metadata end, in UTC.
        now: in UTC.
    """
    ended = [f"{role} at {at:%Y-%m-%d %H:%M} UTC" for role, at in expiries.items() if at <= now]
    if not ended:
        return None
    step = "'fleetctl release keys rotate root'" if expiries["root"] <= now else "'fleetctl release renew'"
    return f"the releases' signed metadata expired ({', '.join(ended)}); {step} signs them anew"
