"""The clocks of this machine. Fills the port `Clock`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from fleetctl.core.clock import Now

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SystemClock:
    """Reads the clocks; the monotonic one is common to all processes of a boot."""

    def now(self) -> Now:
        """Return wall clock and monotonic clock together."""
        return Now(datetime.now(UTC), time.monotonic(), boot_id())

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(max(seconds, 0.0))


@cache
def boot_id() -> str:
    """Return what identifies this boot of the machine; empty if the kernel does not say."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
