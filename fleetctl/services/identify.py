"""Let a unit show itself: its light blinks, so that whoever stands before it knows that it is this one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fleetctl.core.discovery.sighting import safe_text
from fleetctl.core.problems import CouldNot
from fleetctl.core.route import Route
from fleetctl.ports import Shell

BLINK = ("fleet-unit", "blink", "--for")
SCHEMA = "fleetctl/unit-blink/v1"
MOST_S = 3600


@dataclass(frozen=True, slots=True)
class Blinking:
    """A unit that shows itself.

    Attributes:
        by: what shows: a light's name, or a program of its image.
        serial: of the machine that answered.
    """

    unit: str
    seconds: int
    by: str
    serial: str


def identify(shell: Shell, route: Route, seconds: int) -> Blinking:
    """Let a unit blink for some seconds; it answers at once.

    Raises:
        CouldNot: if it cannot be reached, or has nothing to blink with.
    """
    unit = route.target.unit
    code, out, err = shell.execute(route, (*BLINK, str(seconds)))
    told = _document(out)
    if told.get("schema") != SCHEMA:
        said = safe_text(err.decode(errors="replace"), 200) or f"it ended with code {code}"
        hint = "its fleet-unit may be older than this command: update it first"
        raise CouldNot(f"{unit}: it cannot be asked to blink: {said}", hint=hint)
    if told.get("refusal"):
        hint = "compare its label, or the switch port that 'fleetctl discover' tells"
        raise CouldNot(f"{unit}: {safe_text(str(told['refusal']), 200)}", hint=hint)
    release = told.get("release")
    serial = str(release.get("serial", "")) if isinstance(release, dict) else ""
    return Blinking(unit, seconds, safe_text(str(told.get("by", ""))), safe_text(serial))


def _document(text: bytes) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
