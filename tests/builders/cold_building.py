"""A building of the lab in the cold, whose controller is killed or stopped: what it does without one.

Its rooms cool sixty times as fast as real ones. What is held against a rollout is the lab's own record, not fleetctl's.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fleetctl.lab import lab
from fleetctl.lab.observed import Observed
from tests.builders.cli import Cli

FACTOR = 60.0
PATIENCE_S = 120.0
CONTRACT_S = 600.0
"""A unit that is left alone heats after ten minutes at the latest; here they are the model's, so 10 s on the clock."""
LIMITS = (
    "max_in_progress: 3, max_failed: 3, retries: 3, step_timeout_s: 60, unit_timeout_s: 600, reboot_timeout_s: 90, "
    "heat_timeout_s: 90, soak_samples: 1, soak_every_s: 2, staging: {rate_bytes_per_s: 400000}, "
    "max_unavailable: {dwelling: 1, site: 2}"
)
POLICIES = f"""  crash: {{{LIMITS}}}
  waved: {{{LIMITS}, waves: [{{name: canary, units: 1}}, {{name: rest}}]}}
"""
WEATHER = ("--time-factor", f"{FACTOR:g}", "--outdoor-c", "0")


def observed(cli: Cli) -> Observed:
    """Return the lab's own record."""
    return lab.observe(cli.folder / ".fleetctl/lab")


def until(is_so: Callable[[], bool], what: str, within_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"it did not come about that {what}"


def all_heat(cli: Cli) -> bool:
    """Say whether every unit is up, and gave heat for the last minute of the model's time."""
    before = observed(cli)
    while (after := observed(cli)).model_s < before.model_s + 60.0:
        time.sleep(0.1)
    return all(
        account.up and account.without_heat_s == before.units[name].without_heat_s
        for name, account in after.units.items()
    )


@contextmanager
def without_it(cli: Cli, process: subprocess.Popen[str], sent: signal.Signals = signal.SIGKILL) -> Iterator[None]:
    """Stop a controller, and hold that every unit heats by itself meanwhile."""
    process.send_signal(sent)
    try:
        until(lambda: all_heat(cli), "every unit heats by itself", CONTRACT_S / FACTOR + PATIENCE_S)
        yield
    finally:
        process.kill()
        process.communicate()


def assert_kept(found: Observed) -> None:
    """Hold the lab's own count against the caps of the policies, and its rooms against their floor."""
    taken = found.taken_at_once
    assert {dwelling: peak.names for dwelling, peak in taken.dwellings.items() if peak.units > 1} == {}
    assert {site: peak.names for site, peak in taken.sites.items() if peak.units > 2} == {}
    assert all(zone.lowest_c >= 18.0 for zone in found.zones.values()), found.zones
