"""What is carried where, and why it did not arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fleetctl.core.facts import Cause
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Ending, Step
from fleetctl.core.route import Route


@dataclass(frozen=True)
class Cargo:
    """A bundle, and the machine that is to keep it: the gateway of the units that need it, or a unit without one.

    Attributes:
        step: the first that asked for it; the machine's fence reads its epoch.
        file: of the bundle in the depot.
        route: the way to the machine.
        url: where the unit fetches the bundle from then; empty if the machine is the unit itself.
        others: files of the depot's other bundles by their SHA-256: what a machine has of these is not sent again.
    """

    step: Step
    file: Path
    route: Route
    url: str = ""
    others: Mapping[str, Path] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Return what makes two of them the same: machine and bundle."""
        return self.route.target.unit, self.step.bundle


class NotBrought(CouldNot):
    """Raised when a bundle did not arrive; says how the steps end that need it."""

    def __init__(self, ending: Ending, message: str, *, hint: str = "", cause: Cause | None = None) -> None:
        super().__init__(message, hint=hint)
        self.ending, self.cause = ending, cause


class LineBroke(NotBrought):
    """Raised when the machine could not be reached, or not any more; what has arrived is kept there."""

    def __init__(self, machine: str, said: str, cause: Cause) -> None:
        super().__init__(Ending.NO_OUTCOME, f"{machine}: the bundle did not arrive: {said}", cause=cause)
