"""How long nobody could start at a site, or stage there, for reasons of its units; `deferring` judges it.

A wait is counted by the monotonic clock of whoever leads. How far each has come is noted in the rollout's row, and the
next controller goes on from there: one that is restarted does not stretch what a policy allows. The time in which
nobody led, and so nobody was asked, belongs to no wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fleetctl.core.clock import Now

APART_S = 120.0
"""Refusals further apart than this are not one wait: in between nobody could have started anyway."""
NOTED_EVERY_S = 30.0
"""A wait that has grown by so much since it was last noted is noted again: no more of it is lost with a controller."""


class Waits:
    """Waits by site."""

    def __init__(self, before_s: Mapping[str, float]) -> None:
        """Go on from what the controller before has noted, in seconds."""
        self._before_s = dict(before_s)
        self._spans: dict[str, tuple[float, float]] = {}
        """Since when, and when it was last found so."""

    def refused(self, sites: Iterable[str], now: Now) -> None:
        """Take in where nobody could start just now; waits of the controller before go on at the first call."""
        for site, waited_s in self._before_s.items():
            self._spans[site] = (now.monotonic_s - waited_s, now.monotonic_s)
        self._before_s.clear()
        for site in sites:
            since_s, last_s = self._spans.get(site, (now.monotonic_s, now.monotonic_s))
            self._spans[site] = (since_s if _is_recent(last_s, now) else now.monotonic_s, now.monotonic_s)

    def end(self, site: str) -> None:
        """Forget the wait of a site: one of its units has got on."""
        self._before_s.pop(site, None)
        self._spans.pop(site, None)

    def waited_s(self, site: str) -> float:
        """Return for how long nobody could start at a site, up to when that was last found so."""
        since_s, last_s = self._spans.get(site, (0.0, 0.0))
        return last_s - since_s

    def standing_s(self, now: Now) -> dict[str, float]:
        """Return how long each wait is that is not over."""
        spans = {site: last_s - since_s for site, (since_s, last_s) in self._spans.items() if _is_recent(last_s, now)}
        return {**self._before_s, **spans}

    def to_note(
        self, noted_s: Mapping[str, float], refused: Iterable[str], got_on: Iterable[str], now: Now
    ) -> Mapping[str, float]:
        """Return what is to stand in the rollout's row.

        Args:
            noted_s: what stands there; it is left as it is as long as no wait has ended or grown by much.
            refused: sites where nobody can start in the decision that is being made.
            got_on: sites where a unit got on in it.
            now: the clocks.
        """
        ahead = Waits(self._before_s)
        ahead._spans = self._spans.copy()
        ahead.refused(refused, now)
        standing_s = ahead.standing_s(now)
        for site in got_on:
            standing_s.pop(site, None)
        grown = any(waited_s - noted_s.get(site, 0.0) >= NOTED_EVERY_S for site, waited_s in standing_s.items())
        return standing_s if grown or noted_s.keys() - standing_s.keys() else noted_s


def _is_recent(last_s: float, now: Now) -> bool:
    return now.monotonic_s - last_s <= APART_S
