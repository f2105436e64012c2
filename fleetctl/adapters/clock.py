"""The clocks of this machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from fleetctl.core.clock import Now

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SystemClock:
    """Fills the port `Clock`; see there."""

    def now(self) -> Now:
        """Return wall clock and monotonic clock together."""
        return Now(datetime.now(UTC), time.monotonic(), self._boot_id)

    @cached_property
    def _boot_id(self) -> str:
        return BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""
