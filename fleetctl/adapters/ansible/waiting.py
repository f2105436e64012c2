"""Steps that wait for a run, and which of them go together. Knows no threads; every time is passed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from fleetctl.core.rollout.state import Step


class Waiting:
    """A line of steps. A batch goes when the oldest of its kind has waited long enough, or when it is full."""

    def __init__(self, most: int, linger_s: float) -> None:
        """Take the size of a full batch, and how long a step waits for others of its kind at most."""
        self._most, self._linger_s = most, linger_s
        self._line: list[tuple[Step, float]] = []
        """Each with the time that it came."""

    def __bool__(self) -> bool:
        return bool(self._line)

    def add(self, steps: Sequence[Step], now_s: float) -> None:
        """Let steps wait at the end of the line."""
        self._line += [(step, now_s) for step in steps]

    def take(self, now_s: float, wanted: Callable[[Step], bool]) -> list[Step]:
        """Take the oldest step that is due with all others of its kind, in order, up to the size of a batch.

        Args:
            now_s: the time.
            wanted: says whether a step is still to be done; others leave the line.
        """
        self._line = [(step, came_s) for step, came_s in self._line if wanted(step)]
        sizes = Counter(step.kind for step, _ in self._line)
        due = (step for step, came_s in self._line if self._is_due(came_s, now_s) or sizes[step.kind] >= self._most)
        first = next(due, None)
        batch = [step for step, _ in self._line if first is not None and step.kind is first.kind][: self._most]
        taken = {step.id for step in batch}
        self._line = [(step, came_s) for step, came_s in self._line if step.id not in taken]
        return batch

    def pause_s(self, now_s: float) -> float:
        """Return how long it is until the oldest has waited long enough, for a line that is not empty."""
        return max(0.0, min(came_s for _, came_s in self._line) + self._linger_s - now_s)

    def _is_due(self, came_s: float, now_s: float) -> bool:
        return came_s + self._linger_s <= now_s
