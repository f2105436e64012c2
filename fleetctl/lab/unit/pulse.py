"""A heat pulse: for a while the unit gives all the heat that it may, so that heat can be proven where little is wanted.

It is asked for by `/run/heat/request.json`, and ends when its time is over, when the space has become as much warmer as
was allowed, or as warm as a resident may set it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

REQUEST = "run/heat/request.json"


@dataclass(frozen=True)
class Running:
    """A pulse under way: the clock's time and the temperature that end it."""

    until_s: float
    until_c: float


class Pulse:
    """Takes one request at a time; a newer one takes the place of an older."""

    def __init__(self, folder: Path) -> None:
        self._request = folder / REQUEST
        self._running: Running | None = None

    def command_w(self, commanded_w: float, limit_w: float, temperature_c: float, now_s: float) -> float:
        """Return the power to ask for: the limit while a pulse runs, else what was commanded."""
        self._running = self._asked(temperature_c, now_s) or self._running
        if self._running and (now_s >= self._running.until_s or temperature_c >= self._running.until_c):
            self._running = None
        return max(commanded_w, limit_w) if self._running else commanded_w

    def told(self, now_s: float, wall_s: float) -> dict[str, float]:
        """Return what the agent's state says of a pulse: the time of day at which it ends at the latest.

        Args:
            now_s: time on the clock that the pulse runs by.
            wall_s: the same moment as a Unix time.
        """
        return {"pulse_until_s": round(wall_s + self._running.until_s - now_s, 3)} if self._running else {}

    def _asked(self, temperature_c: float, now_s: float) -> Running | None:
        """Take a request; one that cannot be read is forgotten."""
        try:
            asked = json.loads(self._request.read_text())["pulse"]
            self._request.unlink()
            return Running(now_s + float(asked["seconds"]), temperature_c + float(asked["max_rise_k"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            self._request.unlink(missing_ok=True)
            return None
