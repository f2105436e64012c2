"""What goes on beside driving: the log's head is signed, reports are left, people are told, metrics are offered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

from fleetctl.cli.frame import Frame
from fleetctl.cli.metrics import Offer
from fleetctl.core.rollout.state import Noted, Rollout, RolloutChanged
from fleetctl.services.notify import is_news

if TYPE_CHECKING:
    from fleetctl.adapters.background import Background
    from fleetctl.ports import State
    from fleetctl.services.drive import Hands, Moved, Surroundings


class Witness:
    """Sees every decision that this process commits while it leads."""

    def __init__(self, frame: Frame, state: State, metrics: Offer | None = None) -> None:
        self._frame, self._state, self._offer = frame, state, metrics or Offer()
        self._notifications: Background | None = None
        self._tell: Callable[[Moved], None] = _nobody

    @contextmanager
    def beside(self, leading: AbstractContextManager[tuple[Hands, int]]) -> Iterator[tuple[Hands, int]]:
        """Do what a controller does beside driving, for as long as it leads."""
        from fleetctl.cli.notifier import notifying

        with leading as led, ExitStack() as stack:
            sign_now(self._frame, self._state)  # what a controller before did not come to
            stack.callback(sign_now, self._frame, self._state)  # orders that people gave beside the rollouts
            self._notifications = stack.enter_context(notifying(self._frame, self._state))
            if self._offer.is_asked:
                self._tell = self._tallied(led[0].surroundings, stack)
            yield led

    def told(self, moved: Moved) -> None:
        """Take note of a decision that was committed."""
        if moved.rollout.status.is_end:
            sign_now(self._frame, self._state)
        if any(isinstance(change, RolloutChanged) for change in moved.decision.changes):
            self._report(moved.rollout)
        self._tell(moved)
        news = any(isinstance(change, Noted) and is_news(change) for change in moved.decision.changes)
        if news and self._notifications is not None:
            self._notifications.wake()

    def _report(self, rollout: Rollout) -> None:
        """Leave a report of a rollout that has ended or stands still; nobody may be there to ask for one."""
        from fleetctl.cli.report import leave_report, made_now
        from fleetctl.core.rollout.state import Status

        if rollout.status not in {Status.RUNNING, Status.ABORTING}:
            leave_report(self._frame, made_now(self._state, rollout))

    def _tallied(self, surroundings: Surroundings, stack: ExitStack) -> Callable[[Moved], None]:
        from fleetctl.cli import compose
        from fleetctl.cli.metrics import offering
        from fleetctl.services.metrics import Tally

        tally = Tally(self._state, compose.clock())
        stack.enter_context(offering(self._frame, tally, self._offer))
        return lambda moved: tally.tell(moved, surroundings)


def _nobody(_: Moved) -> None:
    """Tell nobody."""


def sign_now(frame: Frame, state: State) -> None:
    """Sign the log's head if it is not signed; a disk that is full does not stop a rollout, and is said."""
    from fleetctl.cli import compose
    from fleetctl.cli.notary import notary
    from fleetctl.core.problems import CouldNot
    from fleetctl.services.log_heads import sign_head

    try:
        sign_head(state, notary(), compose.clock().now().utc)
    except CouldNot as reason:
        hint = f" ({reason.hint})" if reason.hint else ""
        frame.notes().print(f"the event log's head was not signed: {reason}{hint}")
