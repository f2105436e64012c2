"""The unit's heat agent, as far as it can be reached from here: what it wrote, and the pulse that it is asked for."""

from __future__ import annotations

import time

from fleet_unit.files import dump, mtime, read_document, replace_file
from fleet_unit.paths import HEAT, HEAT_REQUEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.journal import Step
    from fleet_unit.kinds import Document

HEAT_AGE_S = 30.0
MAX_PULSE_S = 3600.0
MAX_PULSE_K = 3.0


def state() -> Document | None:
    """Return what the heat agent last wrote, with its age; None if it wrote nothing that can be read."""
    written = mtime(HEAT)
    told = read_document(HEAT)
    if not all(isinstance(told.get(key), (int, float)) for key in ("power_w", "commanded_w")):
        return None
    known = {**told, "age_s": round(max(0.0, time.time() - written), 3)}
    until = told.get("pulse_until_s")
    if isinstance(until, (int, float)):
        known["pulse_left_s"] = round(max(0.0, until - time.time()), 3)
    return known


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


def request_pulse(step: Step, seconds: float, max_rise_k: float) -> str:
    """Ask the agent to heat for a while, so that heat can be proven; never waits. Returns what was done, in words."""
    wanted = {"id": f"{step.attempt}:{step.number}", "pulse": {"seconds": seconds, "max_rise_k": max_rise_k}}
    try:
        replace_file(HEAT_REQUEST, dump(wanted), 0o644)
    except OSError as error:  # the unit is well all the same; that no pulse runs is seen in its status
        return f"no heat pulse could be asked for: {error.strerror}"
    return f"a heat pulse of {seconds:g} s and {max_rise_k:g} K at most is asked for"
