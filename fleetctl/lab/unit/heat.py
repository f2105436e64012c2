"""The unit's heat agent."""

from __future__ import annotations

import json
import time

from fleetctl.lab.unit.settings import on_unit, root


def main() -> int:
    """Write the state every few seconds."""
    settings = on_unit()
    while True:
        draft = root() / "run/heat/.state.json"
        draft.write_text(
            json.dumps(
                {
                    "at": time.time(),
                    "power_w": 0.0,
                    "commanded_w": 0.0,
                    "setpoint_c": settings.setpoint_c,
                    "zone_temperature_c": 20.0,
                }
            )
        )
        draft.replace(root() / "run/heat/state.json")
        time.sleep(5)
