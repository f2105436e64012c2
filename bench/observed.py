"""Fills a fleet's state with facts, as if every unit had been probed: `python -m bench.observed FOLDER`.

Nine units of ten are what is declared; one has a config of which one file is older. A program of its own, so that what
it loads does not count in the measurements of another.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.core.facts import Facts, Heat
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.plan import Desired
from fleetctl.services.render import desired_states

ONE_IN = 10
AT = datetime(2026, 1, 15, 18, 30, tzinfo=UTC)
_OLD = "0" * 64


def fill(folder: Path) -> None:
    """Save facts of every unit of the fleet in `folder`; its caches are warm after that."""
    frame = Frame(inventory=folder)
    fleet = compose.fleet(frame)
    units = list(fleet.units())
    wanted = desired_states(fleet, units, compose.template_files(frame), compose.site_cache(frame))
    with compose.state(frame) as state:
        pairs = zip(units, wanted, strict=True)
        state.units.save_facts(
            _facts(unit, want, is_old=number % ONE_IN == 0) for number, (unit, want) in enumerate(pairs)
        )


def _facts(unit: Unit, want: Desired, *, is_old: bool) -> Facts:
    files = dict(want.files)
    if is_old:
        files[next(iter(files))] = _OLD
    return Facts(
        unit=unit.name,
        at=AT,
        boot_id="b3a1f0de-0000-4000-8000-000000000000",
        serial=unit.serial,
        model=unit.model,
        kind=unit.kind.value,
        version=unit.release,
        booted="A",
        primary="A",
        config_digest=_OLD if is_old else want.config_digest,
        host_key="SHA256:" + "k" * 43,
        files=files,
        slots={"A": "good", "B": "good"},
        heat=Heat(age_s=3.0, power_w=400.0, commanded_w=400.0, setpoint_c=20.0, zone_temperature_c=19.8),
    )


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
