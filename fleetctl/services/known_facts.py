"""What a controller knows of units: the newest observation of each, and the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from fleetctl.core.clock import Now
from fleetctl.core.facts import Observation

CLOCKS_PART_S = 30.0
"""If wall clock and monotonic clock part by more, nobody knows how old an observation is."""


class KnownFacts(Mapping[str, Observation]):
    """The newest observations, by unit.

    Args:
        read: returns what the state remembers of all units of a site; asked once a site, when it is first looked at.
    """

    def __init__(self, read: Callable[[str], Mapping[str, Observation]]) -> None:
        self._read = read
        self._sites: set[str] = set()
        self._newest: dict[str, Observation] = {}
        self._clock: Now | None = None
        self.before: dict[str, Observation] = {}
        """The observation before the newest one, by unit."""

    def add(self, observations: Iterable[Observation]) -> None:
        """Take new observations in."""
        for seen in observations:
            if seen.unit in self._newest:
                self.before[seen.unit] = self._newest[seen.unit]
            self._newest[seen.unit] = seen

    def tell_time(self, now: Now) -> bool:
        """Forget everything if the clocks have parted since the last time; say whether they have."""
        last, self._clock = self._clock, now
        if last is None or last.boot_id != now.boot_id:
            return False
        parted_s = (now.utc - last.utc).total_seconds() - (now.monotonic_s - last.monotonic_s)
        if abs(parted_s) <= CLOCKS_PART_S:
            return False
        self._read = _nothing  # what was written down before is of an unknown age too
        self._newest.clear()
        self.before.clear()
        return True

    def __getitem__(self, unit: str) -> Observation:
        if unit not in self._newest:
            self._load(unit.partition("/")[0])
        return self._newest[unit]

    def __iter__(self) -> Iterator[str]:
        return iter(self._newest)

    def __len__(self) -> int:
        return len(self._newest)

    def _load(self, site: str) -> None:
        if site not in self._sites:
            self._sites.add(site)
            remembered = {unit: seen for unit, seen in self._read(site).items() if not self._is_to_come(seen)}
            self._newest = {**remembered, **self._newest}

    def _is_to_come(self, seen: Observation) -> bool:
        """Say whether an observation was made by a clock that was ahead of ours: nobody knows how old it is."""
        return self._clock is not None and (seen.at - self._clock.utc).total_seconds() > CLOCKS_PART_S


def _nothing(_site: str) -> Mapping[str, Observation]:
    return {}
