"""What a bad line does to packets: all of them are late, and some never arrive.

Pure: the time and the chance come in as values, so that a table of cases can test it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LIMIT = 10_000
"""Packets under way in one direction; more are lost, as in a router whose buffer is full."""


@dataclass(frozen=True)
class Line:
    """How bad a line is, in each of its two directions.

    Attributes:
        delay_ms: how late a packet arrives; half of what the round trip gets longer by.
        jitter_ms: by how much a packet may be later or earlier than that.
        loss_percent: packets of a hundred that never arrive.
    """

    delay_ms: float = 40.0
    jitter_ms: float = 0.0
    loss_percent: float = 2.0

    def __str__(self) -> str:
        jitter = f" ± {self.jitter_ms:g}" if self.jitter_ms else ""
        return f"{self.delay_ms:g}{jitter} ms and {self.loss_percent:g} % loss each way"


USUAL = Line()
"""What a building at the end of a poor mobile connection has: 80 ms round trip, 2 % loss."""


class Passage:
    """The packets that are under way in one direction.

    They arrive in the order in which they set off, however their delays differ, as through one cable or one channel of
    a radio. (Packets that overtake one another would make TCP send again what was never lost.)
    """

    def __init__(self, line: Line, chance: Callable[[], float]) -> None:
        """Begin with none; `chance` is drawn from 0 (included) to 1 (excluded) for each packet's fate."""
        self._line, self._chance = line, chance
        self._under_way: deque[tuple[float, bytes]] = deque()

    def set_off(self, packet: bytes, now_s: float) -> None:
        """Send a packet on its way, or lose it."""
        if len(self._under_way) >= LIMIT or self._chance() * 100.0 < self._line.loss_percent:
            return
        late_ms = self._line.delay_ms + self._line.jitter_ms * (2.0 * self._chance() - 1.0)
        before_s = self._under_way[-1][0] if self._under_way else now_s
        self._under_way.append((max(now_s + late_ms / 1000.0, before_s), packet))

    def arrived(self, now_s: float) -> Iterator[bytes]:
        """Take the packets that have arrived, in order."""
        while self._under_way and self._under_way[0][0] <= now_s:
            yield self._under_way.popleft()[1]

    @property
    def next_s(self) -> float | None:
        """Return when the next packet arrives, by the same clock; None if none is under way."""
        return self._under_way[0][0] if self._under_way else None
