"""Kits on disk that have everything but wheels: quick to make, and worked with in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fleetctl.adapters.kit import keys
from fleetctl.adapters.kit.folder import seal_results
from fleetctl.adapters.kit.launcher.launch import begin_work
from fleetctl.adapters.kit.wheelhouse import Wheelhouse
from fleetctl.adapters.log_key import LogKey
from fleetctl.adapters.store.state import open_state
from fleetctl.cli import compose, kit_parts
from fleetctl.cli.frame import Frame
from fleetctl.core.commissioning.ledger import Draft
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.ports import State
from fleetctl.services.kit.export import Order, export

SITE = "launaguet-les-sables"
UNIT = f"{SITE}/a101-1"


@dataclass(frozen=True)
class NoWheels(Wheelhouse):
    """Makes none."""

    cache: Path = Path("/nowhere")

    def fill(self, folder: Path, pythons: Iterable[str]) -> None:
        folder.mkdir()


@dataclass
class KitFolder:
    """A kit on a laptop, unlocked with a key of its own."""

    path: Path
    identity: Path
    frame: Frame = field(default_factory=Frame)

    def __post_init__(self) -> None:
        begin_work(self.path)

    @contextmanager
    def state(self) -> Iterator[State]:
        opened = open_state(f"sqlite:///{self.path}/work/state.db")
        try:
            yield opened
        finally:
            opened.close()

    def say(self, *drafts: Draft) -> None:
        with self.state() as state:
            state.ledger.append(drafts)

    def edit(self, old: str, new: str) -> None:
        file = self.path / f"work/fleet/sites/{SITE}.yaml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def seal(self) -> None:
        keyring = keys.decrypted(self.path / keys.FILE, identity=self.identity)
        key = self.path.with_name(f"{self.path.name}-key")
        key.write_text(keyring.kit)
        key.chmod(0o600)
        seal_results(self.path, LogKey(key), datetime.now(UTC))


def make_kit(
    office: Path,
    out: Path,
    *,
    dwellings: Sequence[str] = (),
    life: timedelta = timedelta(days=3),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    engineer: str = "Ada",
    site: str = SITE,
) -> KitFolder:
    """Export a kit of a site, without wheels, for the engineer's own key."""
    frame = Frame(inventory=office)
    identity = out.with_name(f"{out.name}-identity")
    identity.write_text(keys.new_key())
    identity.chmod(0o600)
    lock = keys.Lock(recipients=(keys.public_of(identity.read_text()),))
    fleet = compose.fleet(frame)
    with compose.state(frame) as state:
        wanted = kit_parts.Wanted(out, lock, ("3.11",), ())
        workshop = replace(kit_parts.workshop(frame, fleet, state, wanted), wheelhouse=NoWheels())
        order = Order(site, tuple(dwellings), engineer, life, "1", ("3.11",))
        export(state, fleet, order, workshop, f"k-{out.name}", "ops", now())
    return KitFolder(out, identity, Frame(inventory=out / "work/fleet"))


def said(stage: Stage, outcome: Outcome = Outcome.DONE, unit: str = UNIT, **detail: object) -> Draft:
    """Return an entry about a unit of the demo, written now."""
    return Draft(SITE, unit, stage, outcome, os.environ.get("USER", "ada"), datetime.now(UTC), detail)
