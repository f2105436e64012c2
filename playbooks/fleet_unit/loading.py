"""Gives the unit its load and samples it (its own process), until its time is over or something stands against it."""

from __future__ import annotations

import os
import signal
import time

from fleet_unit.endings import Refused
from fleet_unit.files import dump, mtime, read_document, replace_file
from fleet_unit.heat import HEAT_AGE_S
from fleet_unit.lock import Lock
from fleet_unit.paths import HEAT, HEAT_REQUEST, LOAD, LOAD_LOCK, LOADING, ROOT, SAMPLES
from fleet_unit.sampling import sample

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from fleet_unit.kinds import Document

LEASE_S = 10.0
"""For so long the heat agent is asked each time; if nobody asks again, it is back with the setpoint."""
RENEW_S = 2.0
PROGRAM = ROOT + "/usr/lib/fleet/load"
"""Of the image: computes as hard as it can for so many seconds (ours by stress-ng), and ends with this process.

A machine whose heat agent makes the heat by itself has none."""


def load(id: str) -> None:
    """Do the load that was asked for, if it is still asked for, and remember how it ended."""
    try:
        with Lock(LOADING, timeout_s=0.0), open(SAMPLES, "wb", buffering=0) as samples:
            wanted = _begun(id)
            if wanted:
                samples.write(dump({"load": id}))
                because = Loading(wanted, samples).run()
                _remember(id, because)
    except Refused:  # another process has it already
        return


def end_request() -> None:
    """Let the heat agent go back to the setpoint at once."""
    replace_file(HEAT_REQUEST, dump({"load": {"watts": None, "seconds": 0.0, "limit_c": None}}), 0o644)


class Loading:
    """One load.

    Args:
        wanted: what `load` wrote.
        samples: where samples go, a line each.
    """

    def __init__(self, wanted: Document, samples: BinaryIO) -> None:
        self.wanted, self.samples = wanted, samples
        self.begins: float = time.monotonic() + wanted["began_at"] - time.time()
        self.ends: float = self.begins + wanted["chip_s"] * len(wanted["pattern"])
        self.chip, self.asked, self.sampled = -1, 0.0, 0.0
        self.program = 0

    def run(self) -> str:
        """Hold the load to its end; return what cut it short, in words, empty if nothing did."""
        because = ""
        try:
            while not because and (now := time.monotonic()) < self.ends and self.is_wanted:
                because = self.tick(now)
                time.sleep(max(0.01, self.next_s() - time.monotonic()))
            self.take(time.monotonic())
        finally:
            self.compute(0.0)
            end_request()
        return because

    def tick(self, now: float) -> str:
        """Ask for what is due and sample if it is time to; return what stands against going on."""
        because = ""
        if now >= self.sampled + self.wanted["every_s"] or not self.sampled:  # the first before the load begins
            because = self.against(self.take(now))
        chip = int((now - self.begins) // self.wanted["chip_s"])
        if chip != self.chip and 0 <= chip < len(self.wanted["pattern"]):
            self.chip, self.asked = chip, 0.0
            self.compute(self.ends_of(chip) - now if self.is_on else 0.0)
        if self.chip >= 0 and now >= self.asked + RENEW_S:
            self.asked = now
            self.ask(min(LEASE_S, self.ends - now))
        return because

    def next_s(self) -> float:
        """Return when something is due again."""
        sample_s = self.sampled + float(self.wanted["every_s"])
        if self.chip < 0:
            return min(sample_s, self.begins)
        return min(sample_s, self.ends_of(self.chip), self.asked + RENEW_S, self.ends)

    def ends_of(self, chip: int) -> float:
        """Return when a turn of the pattern ends."""
        return self.begins + (chip + 1) * float(self.wanted["chip_s"])

    @property
    def is_wanted(self) -> bool:
        """Say whether nobody has stopped it."""
        return _is_wanted(self.wanted["id"], read_document(LOAD))

    @property
    def telling_s(self) -> float:
        """Return how old what the heat agent told may be: of a turn of a pattern it has to tell something."""
        if self.wanted["kind"] == "burn-in":
            return HEAT_AGE_S
        return min(HEAT_AGE_S, float(self.wanted["chip_s"]) / 2)

    @property
    def is_on(self) -> bool:
        """Say whether the unit heats in this turn."""
        return bool(self.wanted["pattern"][self.chip] == "1")

    def take(self, now: float) -> Document:
        """Write a sample, unless the heat agent has fallen silent: what it told last says nothing of now."""
        self.sampled, taken = now, sample()
        if time.time() - mtime(HEAT) <= self.telling_s:
            self.samples.write(dump(taken))
        return taken

    def against(self, taken: Document) -> str:
        """Return what stands against a burn-in; a pattern goes on, since the heat that flows is what counts in it."""
        if self.wanted["kind"] != "burn-in":
            return ""
        if time.time() - mtime(HEAT) > HEAT_AGE_S:
            return "the heat agent does not write its state"
        here_c = taken.get("zone_temperature_c", taken.get("water_out_c"))
        limit_c = self.wanted["limit_c"]
        if limit_c is None:
            return ""
        if here_c is None:
            return f"it does not tell how warm it is, and {limit_c:g} °C is the limit"
        return f"it is {here_c:.1f} °C, and {limit_c:g} °C is the limit" if here_c > limit_c else ""

    def ask(self, seconds: float) -> None:
        """Ask the heat agent for all that it may give, or for nothing, for some seconds."""
        watts = None if self.is_on else 0.0
        wanted = {"watts": watts, "seconds": round(seconds, 3), "limit_c": self.wanted["limit_c"]}
        replace_file(HEAT_REQUEST, dump({"id": self.wanted["id"], "load": wanted}), 0o644)

    def compute(self, seconds: float) -> None:
        """Let the image's own program compute for some seconds, in place of what it did; 0 ends it."""
        if self.program:
            os.killpg(self.program, signal.SIGKILL)
            os.waitpid(self.program, 0)
            self.program = 0
        if seconds and os.access(PROGRAM, os.X_OK):
            null = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)]
            argv = [PROGRAM, f"{max(1.0, seconds):.0f}"]  # 0 would be for ever
            self.program = os.posix_spawn(PROGRAM, argv, os.environ, file_actions=null, setpgroup=0)


def _begun(id: str) -> Document:
    """Return the load if it is still asked for, else nothing.

    A burn-in lasts its full time from now on, however busy the machine was until this began.
    """
    with Lock(LOAD_LOCK):
        wanted = read_document(LOAD)
        if not _is_wanted(id, wanted):
            return {}
        if wanted["kind"] == "burn-in" and wanted["began_at"] < time.time():
            late_s = time.time() - wanted["began_at"]
            wanted.update({name: round(wanted[name] + late_s, 3) for name in ("began_at", "ends_at")})
            replace_file(LOAD, dump(wanted))
        return wanted


def _is_wanted(id: str, told: Document) -> bool:
    return bool(told.get("id") == id and told.get("state") == "running")


def _remember(id: str, because: str) -> None:
    with Lock(LOAD_LOCK):
        told = read_document(LOAD)
        if _is_wanted(id, told):
            ended = {"state": "interrupted" if because else "done", "because": because}
            replace_file(LOAD, dump({**told, **ended}))
