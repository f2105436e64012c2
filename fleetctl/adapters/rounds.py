"""Rounds of instruments, each in a thread of its own. Fills the port `Rounds`.

Threads are daemons: whoever leaves does not wait for them. What an instrument began on a unit runs there, and is found
by the next round.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping, Sequence

from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.ports.instruments import Done, Instrument, Round


class ThreadedRounds:
    """A thread for each round."""

    def __init__(self) -> None:
        self._busy: dict[Stage, tuple[str, ...]] = {}
        self._over: queue.SimpleQueue[Done | tuple[Stage, Exception]] = queue.SimpleQueue()

    @property
    def busy(self) -> Mapping[Stage, Sequence[str]]:
        """Return which instruments are at it, with the units they are at."""
        return dict(self._busy)

    def start(self, instrument: Instrument, units: Sequence[Unit]) -> None:
        """Start a round; returns at once."""
        self._busy[instrument.stage] = tuple(unit.name for unit in units)
        name = f"round-{instrument.stage.value}"
        threading.Thread(target=self._round, args=(instrument, tuple(units)), name=name, daemon=True).start()

    def ended(self) -> Sequence[Done]:
        """Return the rounds that are over since the last call."""
        ended: list[Done] = []
        while not self._over.empty():
            one = self._over.get()
            if not isinstance(one, Done):
                raise one[1]
            self._busy.pop(one.stage, None)
            ended.append(one)
        return ended

    def _round(self, instrument: Instrument, units: Sequence[Unit]) -> None:
        names = tuple(unit.name for unit in units)
        try:
            self._over.put(Done(instrument.stage, names, instrument.round(units)))
        except CouldNot as reason:
            told = f"{reason}; {reason.hint}" if reason.hint else str(reason)
            self._over.put(Done(instrument.stage, names, Round(), told))
        except InvalidInput as wrong:
            self._over.put(Done(instrument.stage, names, Round(), str(wrong)))
        except Exception as unexpected:
            self._over.put((instrument.stage, unexpected))
