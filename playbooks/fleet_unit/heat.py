"""The unit's heat agent, as far as it can be seen from here: what it wrote, and when."""

from __future__ import annotations

import time

from fleet_unit.files import mtime, read_document
from fleet_unit.paths import HEAT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document

HEAT_AGE_S = 30.0


def state() -> Document | None:
    """Return what the heat agent last wrote, with its age; None if it wrote nothing that can be read."""
    written = mtime(HEAT)
    told = read_document(HEAT)
    if not all(isinstance(told.get(key), (int, float)) for key in ("power_w", "commanded_w")):
        return None
    return {**told, "age_s": round(max(0.0, time.time() - written), 3)}


def agent_writes(since: float) -> bool:
    """Say whether the agent wrote lately; after a change it has to write anew, for which it gets its full period."""
    deadline = time.monotonic() + HEAT_AGE_S
    while True:
        written = mtime(HEAT)
        if written and written >= since and time.time() - written <= HEAT_AGE_S:
            return True
        if time.monotonic() > deadline or not since:
            return False
        time.sleep(0.2)
