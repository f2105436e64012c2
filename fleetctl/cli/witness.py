"""What a controller does beside driving: sign the event log's head at each rollout's end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fleetctl.cli.frame import Frame

if TYPE_CHECKING:
    from fleetctl.ports import State
    from fleetctl.services.drive import Moved


def sign_now(frame: Frame, state: State) -> None:
    """Sign the log's head if it is not signed; a disk that is full does not stop a rollout, and is said."""
    from fleetctl.cli import compose
    from fleetctl.cli.notary import notary
    from fleetctl.core.problems import CouldNot
    from fleetctl.services.log_heads import sign_head

    try:
        sign_head(state, notary(), compose.clock().now().utc)
    except CouldNot as reason:
        frame.notes().print(
            f"the event log's head was not signed: {reason}" + (f" ({reason.hint})" * bool(reason.hint))
        )


def witness(frame: Frame, state: State) -> Callable[[Moved], None]:
    """Return what is told of every decision that was committed."""

    def told(moved: Moved) -> None:
        if moved.rollout.status.is_end:
            sign_now(frame, state)

    return told
