"""The heat agent's settings file, `/etc/fleet/heat.toml`: read, and checked before anything heats by it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

FILE = "etc/fleet/heat.toml"
_RANGE_C = (5.0, 35.0)
_MARGIN = 1.1
"""The compute modules may draw a tenth more than the unit's nominal power."""


class BadSettings(ValueError):
    """Raised when the agent's settings are not what an agent can heat by."""


@dataclass(frozen=True)
class HeatSettings:
    """What the agent heats by: setpoint limits in °C, power limit in W, and how often it writes, in seconds."""

    min_c: float
    max_c: float
    default_c: float
    power_w: float
    every_s: float = 30.0


def factory(power_w: float, setpoint_c: float) -> HeatSettings:
    """Return the settings of an agent that was given none."""
    return HeatSettings(16.0, 26.0, setpoint_c, power_w)


def read(path: Path, given: HeatSettings) -> HeatSettings:
    """Read the settings file over what the agent was made with; a file that is not there changes nothing.

    Raises:
        BadSettings: says what is wrong with the file.
    """
    if not path.exists():
        return given
    import tomllib  # here, because an agent without a file does not need it

    document = tomllib.loads(path.read_text())
    setpoint = _table(document, "setpoint")
    settings = replace(
        given,
        min_c=_number(setpoint, "min_c", given.min_c),
        max_c=_number(setpoint, "max_c", given.max_c),
        default_c=_number(setpoint, "default_c", given.default_c),
        power_w=_number(_table(document, "limits"), "power_w", given.power_w),
        every_s=_number(_table(document, "state"), "every_s", given.every_s),
    )
    _check(settings, given)
    _number(_table(document, "watchdog"), "timeout_s", 60.0)
    return settings


def _check(settings: HeatSettings, given: HeatSettings) -> None:
    low, high = _RANGE_C
    if not low <= settings.min_c <= settings.default_c <= settings.max_c <= high:
        raise BadSettings(
            f"setpoints must be in order: {low} <= min_c {settings.min_c} <= default_c {settings.default_c} "
            f"<= max_c {settings.max_c} <= {high}"
        )
    if not 0 <= settings.power_w <= _MARGIN * given.power_w:
        raise BadSettings(f"limits.power_w is {settings.power_w}, but this unit has {given.power_w} W")
    if not 0 < settings.every_s <= 30:
        raise BadSettings(f"state.every_s is {settings.every_s}, but the state is written at least every 30 s")


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise BadSettings(f"{name} is not a table")
    return table


def _number(table: dict[str, Any], key: str, default: float) -> float:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadSettings(f"{key} is {value!r}, not a number")
    return float(value)
