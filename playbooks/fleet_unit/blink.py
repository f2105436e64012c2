"""Makes this machine show itself to whoever stands before it: its light blinks for a while.

The image may bring a program, `/usr/lib/fleet/identify SECONDS`, for a board that has a display or a buzzer. Without it
the lights that are meant for it blink, and are given back as they were.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from fleet_unit.files import dump, read_document, read_text, remove, replace_file
from fleet_unit.paths import ROOT
from fleet_unit.programs import detach, myself
from fleet_unit.system import release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document

BLINK_SCHEMA = "fleetctl/unit-blink/v1"
PROGRAM = ROOT + "/usr/lib/fleet/identify"
LIGHTS = ROOT + "/sys/class/leds"
FUNCTIONS = ("identify", "locate", "indicator", "status")
"""What a light is for, the last part of its name (DEVICE:COLOUR:FUNCTION); the first of these that a machine has."""
BLINKING = ROOT + "/run/fleet/blink.json"
"""Who blinks, until when, and what the lights showed before."""
MOST_S = 3600


def blink(seconds: int) -> Document:
    """Start blinking and answer at once; a second call takes the place of the first. What stands against it is told."""
    means = PROGRAM[len(ROOT) :] if os.access(PROGRAM, os.X_OK) else ", ".join(_lights())
    if not 0 < seconds <= MOST_S:
        return _answer(refusal=f"it may blink for up to {MOST_S} s")
    if not means:
        return _answer(refusal="it has neither a light to blink with nor a program /usr/lib/fleet/identify")
    try:
        _begin(seconds)
    except OSError as error:
        return _answer(refusal=f"it cannot begin to blink: {error}")
    return _answer(seconds, means)


def _begin(seconds: int) -> None:
    os.makedirs(os.path.dirname(BLINKING), exist_ok=True)
    mark, told = f"{time.time():.3f}", read_document(BLINKING)
    before = told["before"] if told.get("before") else {light: _trigger(light) for light in _lights()}
    replace_file(BLINKING, dump({"mark": mark, "until_s": time.time() + seconds, "before": before}), 0o644)
    detach(myself("blinking", str(seconds), mark))


def blinking(seconds: float, mark: str) -> None:
    """Blink, in a process of its own, until the time is up or another call came."""
    if os.access(PROGRAM, os.X_OK):
        with suppress(OSError):  # made for another machine, or its interpreter is missing: the lights are left
            os.execv(PROGRAM, [PROGRAM, f"{seconds:g}"])
    for light in _lights():
        _show(light, "timer")
    end = time.monotonic() + seconds
    while time.monotonic() < end and read_document(BLINKING).get("mark") == mark:
        time.sleep(0.2)
    told = read_document(BLINKING)
    if told.get("mark") == mark:
        for light, trigger in told["before"].items():
            _show(light, trigger)
        remove(BLINKING)


def _answer(seconds: int = 0, by: str = "", refusal: str = "") -> Document:
    return {"schema": BLINK_SCHEMA, "for_s": seconds, "by": by, "refusal": refusal, "release": release()}


def _lights() -> list[str]:
    names = sorted(os.listdir(LIGHTS)) if os.path.isdir(LIGHTS) else []
    for function in FUNCTIONS:
        found = [name for name in names if name.rpartition(":")[2] == function]
        if found:
            return found
    return []


def _trigger(light: str) -> str:
    """Return what a light shows now: the word in brackets."""
    return read_text(f"{LIGHTS}/{light}/trigger").partition("[")[2].partition("]")[0] or "none"


def _show(light: str, trigger: str) -> None:
    """Have a light show something, if it lets us: one that is broken or was pulled keeps no other from it."""
    with suppress(OSError), open(f"{LIGHTS}/{light}/trigger", "w", encoding="ascii") as file:
        file.write(trigger)
