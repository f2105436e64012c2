"""Builds what tells people what happens, and runs it beside a controller. Part of `compose`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fleetctl.adapters.background import Background
from fleetctl.adapters.webhook import HttpPoster
from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.services.notify import Courier, Office

if TYPE_CHECKING:
    from fleetctl.core.inventory.fleet import Webhook
    from fleetctl.ports import State

GRACE_S = 5.0
"""How long the end of a controller waits for messages that were not delivered."""


@contextmanager
def notifying(frame: Frame, state: State) -> Iterator[Background]:
    """Tell people what happens for the length of a block, in a thread of its own."""

    # Read anew each time, so that a merge takes effect without a restart.
    def hooks() -> Mapping[str, Webhook]:
        return compose.shared(frame).webhooks

    def key(name: str) -> str:
        return compose.secrets(frame, compose.shared(frame)).resolve(name)

    say = frame.notes().print
    courier = Courier(Office(state, compose.clock(), HttpPoster(), hooks, key, say))
    background = Background("notifications", courier.deliver, say)
    try:
        courier.begin()  # before anything happens: what happens from here on is news also to a hook that is new
    except (CouldNot, InvalidInput) as reason:
        say(f"notifications: {reason}")
    background.start()
    try:
        yield background
    finally:
        if not background.close(GRACE_S):
            say("some notifications were not delivered; the next controller tries again")
