"""Wait for a state that was lost, and lead anew when it is back.

A controller whose state is lost acts no more: it leaves its lead as one that dies does, and what its steps came to is
observed before anything else is done. That is the way of every takeover; a state that came back is no special case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from fleetctl.ports import Clock, Lost, State
from fleetctl.services.drive import Hands

AWAY_S = 900.0
"""How long a state is waited for: a server that is upgraded or fails over is back by then."""
KNOCK_EVERY_S = 2.0
APART_S = 120.0
"""Losses further apart than this are not one outage: in between the state was there."""

Lead = Callable[[], AbstractContextManager[tuple[Hands, int]]]


class Patience:
    """What a process that runs rollouts remembers of a state that was lost."""

    def __init__(self, state: State, clock: Clock, say: Callable[[str], None]) -> None:
        """Begin with a state that is there.

        Args:
            state: the state.
            clock: to wait by.
            say: tells the operator what is waited for, once an outage.
        """
        self._state, self._clock, self._say = state, clock, say
        self._epoch = 0
        """The epoch of a lead that was left while nobody could give its lease back."""
        self._began_s = self._last_s = float("-inf")

    @contextmanager
    def led(self, lead: Lead) -> Iterator[tuple[Hands, int]]:
        """Lead for the length of a block; a lease of ours that still stands from before is given back first.

        Raises:
            Led: if another controller leads.
            Lost: if the state is lost.
        """
        if self._epoch:
            self._state.controllers.release(self._epoch)
            self._epoch = 0
        with lead() as (hands, epoch):
            self._epoch = epoch
            yield hands, epoch
        self._epoch = 0

    def wait(self, lost: Lost) -> None:
        """Let a moment pass before the next try.

        Raises:
            Lost: if the state was away for too long; the hint says how to go on.
        """
        now_s = self._clock.now().monotonic_s
        if now_s - self._last_s > APART_S:
            self._began_s = now_s
            self._say(f"{lost}; nothing more is started, and it is waited for up to {AWAY_S / 60:.0f} min; {lost.hint}")
        self._last_s = now_s
        if now_s - self._began_s >= AWAY_S:
            hint = f"{lost.hint}; then 'fleetctl rollout resume' goes on; units heat by themselves meanwhile"
            raise Lost(f"{lost}; it was waited for {AWAY_S / 60:.0f} min", hint=hint) from lost
        self._clock.wait(KNOCK_EVERY_S)
