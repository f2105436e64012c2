"""What the heat agent is asked for beside its setpoint: a pulse of heat that proves it, or a load on purpose.

It is asked by `/run/heat/request.json`; a newer request takes the place of an older. A pulse gives all the heat that
the unit may give, and ends when its time is over, when the space has become as much warmer as was allowed, or as warm
as a resident may set it. A load gives all of it, or a power that is named (0 for none), for the few seconds for which
it was asked; whoever wants more of it asks again, and if he is gone the agent is back with the setpoint.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REQUEST = "run/heat/request.json"


@dataclass(frozen=True)
class Running:
    """A pulse or a load under way.

    Attributes:
        until_s, until_c: the clock's time and the temperature that end it.
        watts: what a load asks for; None for all that the unit may give.
        is_load: it is a load, which takes the place of what the setpoint asks for.
    """

    until_s: float
    until_c: float
    watts: float | None = None
    is_load: bool = False


class Pulse:
    """Takes one request at a time; a newer one takes the place of an older."""

    def __init__(self, folder: Path) -> None:
        self._request = folder / REQUEST
        self._running: Running | None = None

    @property
    def holds_load(self) -> bool:
        """Say whether a load runs, as far as is known: somebody counts on quick answers then."""
        return self._running is not None and self._running.is_load

    def command_w(self, commanded_w: float, limit_w: float, temperature_c: float, now_s: float) -> float:
        """Return the power to ask for: what a pulse or a load wants while it runs, else what was commanded."""
        self._running = self._asked(temperature_c, now_s) or self._running
        if self._running and (now_s >= self._running.until_s or temperature_c >= self._running.until_c):
            self._running = None
        if self._running is None:
            return commanded_w
        return max(commanded_w, limit_w) if self._running.watts is None else min(self._running.watts, limit_w)

    def told(self, now_s: float, wall_s: float) -> dict[str, float]:
        """Return what the agent's state says of a pulse or a load: the time of day at which it ends at the latest.

        Args:
            now_s: time on the clock that the pulse runs by.
            wall_s: the same moment as a Unix time.
        """
        if self._running is None:
            return {}
        name = "load_until_s" if self._running.is_load else "pulse_until_s"
        return {name: round(wall_s + self._running.until_s - now_s, 3)}

    def _asked(self, temperature_c: float, now_s: float) -> Running | None:
        """Take a request; one that cannot be read is forgotten."""
        try:
            wanted = json.loads(self._request.read_text())
            self._request.unlink()
            return _load(wanted["load"], now_s) if "load" in wanted else _pulse(wanted["pulse"], temperature_c, now_s)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            self._request.unlink(missing_ok=True)
            return None


def _pulse(asked: dict[str, Any], temperature_c: float, now_s: float) -> Running:
    return Running(now_s + float(asked["seconds"]), temperature_c + float(asked["max_rise_k"]))


def _load(asked: dict[str, Any], now_s: float) -> Running:
    limit_c, watts = asked["limit_c"], asked["watts"]
    until_c = float("inf") if limit_c is None else float(limit_c)
    return Running(now_s + float(asked["seconds"]), until_c, None if watts is None else float(watts), is_load=True)
