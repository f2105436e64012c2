"""One sample of the unit: what its heat agent tells, and what its kernel has counted."""

from __future__ import annotations

import glob
import time

from fleet_unit.files import read_document, read_text
from fleet_unit.paths import HEAT, ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document

TOLD = (
    "power_w",
    "commanded_w",
    "zone_temperature_c",
    "water_out_c",
    "water_return_c",
    "heatsink_c",
)
THROTTLED = ROOT + "/sys/devices/system/cpu/cpu*/thermal_throttle/core_throttle_count"
ERRORS = ROOT + "/sys/class/net/[!l]*/statistics/[rt]x_errors"
"""Of every network interface but `lo`."""


def sample() -> Document:
    """Return what the unit is doing now; what it has no sensor for is left out."""
    told = read_document(HEAT)
    known = {key: told[key] for key in TOLD if isinstance(told.get(key), (int, float))}
    counted = told.get("throttles")
    throttles = counted if isinstance(counted, int) else 0
    return {
        "at": round(time.time(), 3),
        "power_w": 0.0,
        "commanded_w": 0.0,
        **known,
        "throttles": throttles + _sum(THROTTLED),
        "nic_errors": _sum(ERRORS),
    }


def _sum(pattern: str) -> int:
    counts = (read_text(path).strip() for path in glob.glob(pattern))
    return sum(int(count) for count in counts if count.isdigit())
