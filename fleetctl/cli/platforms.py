"""Builds the platforms that a fleet's units work for. Part of `compose`.

Where a lab with a platform is up, it stands in for every platform of its fleet, as its units do for units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fleetctl.cli.lab_frame import lab_folder
from fleetctl.core.inventory.invariants.secrets import KINDS
from fleetctl.core.platform.places import Place, places
from fleetctl.ports.platform import PlatformNode

if TYPE_CHECKING:
    from fleetctl.cli.frame import Frame
    from fleetctl.core.inventory.fleet import Fleet, PlatformRef
    from fleetctl.core.rollout.state import Step
    from fleetctl.lab.system.slurm.platform import Access
    from fleetctl.ports import Executor, Platform, Prober, Secrets


@dataclass(frozen=True)
class Platforms:
    """The platforms of one fleet."""

    _places: Mapping[str, Place]
    _platforms: Mapping[str, Platform]

    def of(self, unit: str) -> PlatformNode | None:
        """Return where a unit is a node; None if it only heats, or nobody here speaks with its platform."""
        place = self._places.get(unit)
        if place is None:
            return None
        return PlatformNode(f"platform '{place.platform}'", self._platforms[place.platform], place.node)

    def close(self) -> None:
        """End every connection."""
        for platform in self._platforms.values():
            platform.close()


class Grounds(Protocol):
    """What is asked of the rollouts that are driven."""

    def platforms(self, rollout: str) -> Platforms:
        """Return the platforms of a rollout's fleet."""
        ...

    def redact(self, text: str) -> str:
        """Return a text without secrets."""
        ...

    def standing(self, unit: str) -> PlatformNode | None:
        """Return where a unit is a node, in the fleet of whichever rollout works on it."""
        ...


def on_platforms(
    executor: Executor, prober: Prober, grounds: Grounds, check_leading: Callable[[], None]
) -> tuple[Executor, Prober]:
    """Return an executor and a prober that know of platforms, around those that reach the units themselves."""
    from fleetctl.adapters.platform.executor import PlatformExecutor
    from fleetctl.adapters.platform.memory import Memory
    from fleetctl.adapters.platform.prober import PlatformProber

    memory = Memory()

    def of_step(step: Step) -> PlatformNode | None:
        return grounds.platforms(step.rollout).of(step.unit)

    steps = PlatformExecutor(executor, of_step, check_leading, memory, grounds.redact)
    return steps, PlatformProber(prober, grounds.standing, memory)


def platforms_of(frame: Frame, fleet: Fleet, secrets: Secrets) -> Platforms:
    """Return the platforms of a fleet; nothing is asked of them yet, and no secret is read.

    Raises:
        InvalidInput: if two units would be the same node.
    """
    lab = _of_lab(frame)
    if lab is not None:
        known = {id: _slurm(id, lab.url, lambda: lab.token, lab.command) for id in (*KINDS, *fleet.platforms)}
    else:
        known = {id: _declared(ref, secrets) for id, ref in fleet.platforms.items()}
    return Platforms(places(fleet, known), known)


@contextmanager
def platforms(frame: Frame, fleet: Fleet) -> Iterator[Platforms]:
    """Yield the platforms of a fleet for the length of a block."""
    from fleetctl.cli import compose

    found = platforms_of(frame, fleet, compose.secrets(frame, fleet))
    with closing(found):
        yield found


def _declared(ref: PlatformRef, secrets: Secrets) -> Platform:
    return _slurm(ref.id, ref.url, lambda: secrets.resolve(ref.token), ref.command)


def _slurm(id: str, url: str, token: Callable[[], str], command: tuple[str, ...]) -> Platform:
    from fleetctl.adapters.slurm.platform import SlurmPlatform
    from fleetctl.adapters.slurm.rest import Rest

    title = f"platform '{id}'"
    return SlurmPlatform(Rest(url, token, title), command, title=title)


def _of_lab(frame: Frame) -> Access | None:
    if not (lab_folder(frame) / "platform").exists():
        return None
    from fleetctl.lab.folder import LabFolder
    from fleetctl.lab.system.slurm.platform import access

    return access(LabFolder(lab_folder(frame).absolute()))
