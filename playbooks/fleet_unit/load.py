"""The effects `burn-in`, `heat-pattern` and `stop-load`: the unit heats on purpose for a while, and samples itself.

The work goes on in a process of its own (`loading`), which holds a lock while it lives. It asks the heat agent anew
every few seconds, for a few seconds each time, so that the agent is back with the resident's setpoint by itself soon
after anything that ends the process: a stop, a fault, a kill. One load at a time.
"""

from __future__ import annotations

import os
import time

from fleet_unit.endings import Refused
from fleet_unit.files import dump, read_document, read_text, replace_file
from fleet_unit.journal import Journal, Step
from fleet_unit.lock import Lock, is_held
from fleet_unit.paths import LOAD, LOAD_LOCK, LOADING, SAMPLES
from fleet_unit.programs import detach, myself
from fleet_unit.system import boot_id, release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.kinds import Document

    Effect = Callable[[Step, Journal], str]
    Options = dict[str, str]

SAMPLES_SCHEMA = "fleetctl/unit-samples/v1"
MOST_S = 14400.0
MOST_CHIPS = 128
LATEST_BEGIN_S = 600.0
HOTTEST_C = 95.0
START_S = 30.0
"""The process has begun after this long, on a busy machine too, or will not."""
TOLD = ("id", "kind", "state", "because", "began_at", "ends_at")


def burn_in(options: Options) -> Effect:
    """Return the effect that gives the unit its full load for a while.

    Raises:
        Refused: if an option makes no sense.
    """
    return _begin({"kind": "burn-in", "pattern": "1", "chip_s": _number(options, "seconds", MOST_S)}, options)


def heat_pattern(options: Options) -> Effect:
    """Return the effect that gives the unit full load and none, in turn.

    Raises:
        Refused: if an option makes no sense.
    """
    pattern = options["pattern"]
    if pattern.strip("01") or len(pattern) > MOST_CHIPS:
        raise Refused(f"--pattern is not of 0 and 1, {MOST_CHIPS} at most")
    chip_s = _number(options, "chip-seconds", MOST_S / len(pattern))
    return _begin({"kind": "heat-pattern", "pattern": pattern, "chip_s": chip_s}, options)


def stop_load(_: Options) -> Effect:
    """Return the effect that ends the load that runs, if one does; the heat agent is told at once."""
    return _stop


def _stop(_: Step, __: Journal) -> str:
    from fleet_unit.loading import end_request

    with Lock(LOAD_LOCK):
        told = read_document(LOAD)
        if _state(told)[0] != "running":
            return "no load runs"
        replace_file(LOAD, dump({**told, "state": "interrupted", "because": "it was stopped"}))
    end_request()
    return "the load is stopped"


def state() -> Document | None:
    """Return the load that the unit was given last, and how it goes; None if it was given none."""
    told = read_document(LOAD)
    if not told:
        return None
    now, because = _state(told)
    lines = read_text(SAMPLES).count("\n") if told["boot_id"] == boot_id() else 0
    return {**{key: told[key] for key in TOLD}, "state": now, "because": because, "samples": max(0, lines - 1)}


def samples() -> Document:
    """Return the last load with its samples; those of an earlier boot are gone."""
    import json

    load = state()
    first, *rows = read_text(SAMPLES).splitlines() or [""]
    own = load is not None and first == dump({"load": load["id"]}).decode().strip()
    return {"schema": SAMPLES_SCHEMA, "load": load, "samples": [json.loads(row) for row in rows] if own else []}


def _begin(what: Document, options: Options) -> Effect:
    every_s = _number(options, "every", 600.0, least=0.1) if "every" in options else 5.0
    limit_c = _number(options, "limit-c", HOTTEST_C) if "limit-c" in options else None
    begin_at = _number(options, "begin-at", 1e11) if "begin-at" in options else 0.0
    if begin_at - time.time() > LATEST_BEGIN_S:
        raise Refused(f"--begin-at is {begin_at - time.time():.0f} s from now, {LATEST_BEGIN_S:.0f} s at most")

    def effect(step: Step, _: Journal) -> str:
        if release()["kind"] == "gateway":
            raise Refused("a gateway heats nothing")
        if _state(read_document(LOAD))[0] == "running":
            raise Refused("another load runs; stop it first, or wait")
        began = max(time.time(), begin_at)
        seconds = what["chip_s"] * len(what["pattern"])
        times = {"began_at": round(began, 3), "ends_at": round(began + seconds, 3), "every_s": every_s}
        since = {"boot_id": boot_id(), "since_s": time.monotonic(), "state": "running", "because": ""}
        told = {"id": f"{step.attempt}:{step.number}", **what, **times, "limit_c": limit_c, **since}
        os.makedirs(os.path.dirname(SAMPLES), 0o755, exist_ok=True)
        replace_file(LOAD, dump(told))
        detach(myself("load", told["id"]))
        return f"a {what['kind']} of {seconds:g} s begins"

    return effect


def _state(told: Document) -> tuple[str, str]:
    """Return whether a load is running, done or interrupted, and why."""
    if told.get("state") != "running":
        return told.get("state", "done"), told.get("because", "")
    if told["boot_id"] != boot_id():
        return "interrupted", "the unit booted meanwhile"
    if is_held(LOADING) or time.monotonic() - told["since_s"] < START_S:
        return "running", ""
    return "interrupted", "its process ended"


def _number(options: Options, name: str, most: float, least: float = 0.0) -> float:
    try:
        number = float(options[name])
    except ValueError:
        number = -1.0
    if not least <= number <= most or number == 0.0:
        raise Refused(f"--{name} is {options[name]!r}, not a number up to {most:g}")
    return number
