"""A state that was lost to a thread of an executor is told to whoever drives.

What a step needs is read from the state in threads of their own. To these a state that is away looks like a unit that
cannot be served, and the unit would be given up for it; but it is the controller that has to stop. Whatever such steps
came to is not told: they are in doubt, and whoever leads next looks at them first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from fleetctl.core.rollout.state import Step, StepResult
from fleetctl.ports import Executor, Lost

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class Losses:
    """Notices that the state was lost, in whatever thread."""

    def __init__(self) -> None:
        """Begin with a state that is there."""
        self._lost: Lost | None = None

    def noticed(self, call: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
        """Return what does the same as `call`, and is noticed when it raises `Lost`."""

        def watched(*arguments: Arguments.args, **named: Arguments.kwargs) -> Answer:
            try:
                return call(*arguments, **named)
            except Lost as lost:
                self._lost = lost
                raise

        return watched

    def check(self) -> None:
        """Raise `Lost` once the state was lost."""
        if self._lost is not None:
            raise self._lost


class LosingExecutor:
    """Fills the port `Executor`: does as another one does, until its state is lost."""

    def __init__(self, inner: Executor, losses: Losses) -> None:
        """Take an executor, and what notices that its sources lost the state."""
        self._inner, self._losses = inner, losses

    def submit(self, steps: Sequence[Step]) -> None:
        """Start steps whose intents are journalled; returns at once."""
        self._inner.submit(steps)

    def poll(self, timeout_s: float) -> Sequence[StepResult]:
        """Return what ended; waits up to `timeout_s` for the first.

        Raises:
            Lost: if the state was lost to a step; no result is told any more.
        """
        results = self._inner.poll(timeout_s)
        self._losses.check()  # after it was polled: a step that ended for this reason is not told as a failure
        return results

    def cancel(self, step: Step) -> None:
        """Give up waiting for a step."""
        self._inner.cancel(step)

    def close(self) -> None:
        """End whatever runs, and wait for its end."""
        self._inner.close()
