"""What goes on beside driving: the event log's head is signed, and people are told what happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from fleetctl.cli.frame import Frame
from fleetctl.core.rollout.state import Noted
from fleetctl.services.notify import is_news

if TYPE_CHECKING:
    from fleetctl.adapters.background import Background
    from fleetctl.ports import State
    from fleetctl.services.drive import Hands, Moved


class Witness:
    """Sees every decision that this process commits while it leads."""

    def __init__(self, frame: Frame, state: State) -> None:
        self._frame, self._state = frame, state
        self._notifications: Background | None = None

    @contextmanager
    def beside(self, leading: AbstractContextManager[tuple[Hands, int]]) -> Iterator[tuple[Hands, int]]:
        """Do what a controller does beside driving, for as long as it leads."""
        from fleetctl.cli.notifier import notifying

        with leading as led:
            sign_now(self._frame, self._state)  # what a controller before did not come to
            with notifying(self._frame, self._state) as self._notifications:
                yield led

    def told(self, moved: Moved) -> None:
        """Take note of a decision that was committed."""
        if moved.rollout.status.is_end:
            sign_now(self._frame, self._state)
        news = any(isinstance(change, Noted) and is_news(change) for change in moved.decision.changes)
        if news and self._notifications is not None:
            self._notifications.wake()


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
