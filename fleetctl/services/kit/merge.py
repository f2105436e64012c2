"""Take in what came back from a building: nothing is lost, nothing is taken twice, and a person decides conflicts.

Whatever order kits are merged in, the ledger ends up the same. The ledger is taken in whole, conflicts and all; host
keys and values of the inventory that both sides changed stay as they are until somebody decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.commissioning.ledger import Entry, new_entries
from fleetctl.core.commissioning.undoing import TAKES_BACK
from fleetctl.core.digest import digest_of
from fleetctl.core.kit import conflicts as disputes
from fleetctl.core.kit.conflicts import Conflict
from fleetctl.core.kit.dispute import Dispute, Side
from fleetctl.core.kit.knowledge import Knowledge
from fleetctl.core.kit.record import Kit, Merge, merged
from fleetctl.core.kit.results import Repinned, Results
from fleetctl.core.kit.returned import Returned, refusals
from fleetctl.core.kit.three_way import Change
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.core.route import Pin
from fleetctl.ports import State
from fleetctl.services.kit.inventory import Edits, InventoryMerge

Decide = Callable[[Dispute], Side | None]
"""Says whom a conflict is decided for; None leaves it open."""


@dataclass(frozen=True)
class Merged:
    """What came of a merge.

    Attributes:
        kit: as it is remembered now.
        new: entries of the ledger that were not here before.
        pinned: units whose host keys were taken over.
        imaged: units whose imaging records were.
        observed: units whose facts were.
        inventory: what became of the inventory.
        decided, open: conflicts.
    """

    kit: Kit
    new: tuple[Entry, ...]
    pinned: tuple[str, ...]
    imaged: tuple[str, ...]
    observed: tuple[str, ...]
    inventory: InventoryMerge
    decided: tuple[Dispute, ...]
    open: tuple[Dispute, ...]

    @property
    def changed(self) -> bool:
        """Say whether anything is not as it was before."""
        return bool(self.new or self.pinned or self.imaged or self.observed or self.inventory.files or self.decided)


@dataclass(frozen=True)
class Merger:
    """Merges kits into a state.

    Attributes:
        fleet: name of the fleet.
        edits: takes in the inventory's edits.
        bring_imaging: keeps a record of imaging if it is newer; returns whether it was.
    """

    state: State
    fleet: str
    edits: Edits
    bring_imaging: Callable[..., bool]

    def check(self, returned: Returned) -> tuple[Kit, Results]:
        """Return what is remembered of a kit, and its results, if they may be taken in.

        Raises:
            InvalidInput: if they may not; says everything that speaks against it.
        """
        record = next((kit for kit in self.state.kits.kits() if kit.id == returned.manifest.kit), None)
        reasons = list(refusals(returned, self.fleet, self.state.uuid, record))
        if reasons or record is None or returned.results is None:
            hint = "nothing was taken in; the kit stays as it is"
            raise InvalidInput(Problem("kit-refused", reason, hint=hint) for reason in reasons)
        return record, returned.results

    def merge(self, returned: Returned, decide: Decide, actor: str, now: datetime) -> Merged:
        """Take in a kit's results. Each part is complete by itself, so a merge that was cut short is run again.

        Raises:
            InvalidInput: if they may not be taken in, or the inventory would not be valid with them.
            CouldNot: if the file system refuses, or somebody changed the inventory meanwhile.
        """
        record, results = self.check(returned)
        new_entries(self.state.ledger.entries(), results.entries)
        judge = _Judge(decide, frozenset(record.decided))
        inventory = self.edits.merge(record.site, returned.before, results.inventory, judge.for_theirs)
        new = tuple(self.state.ledger.merge(results.entries))
        self._decide_ledger(record, judge, actor, now)
        pinned = tuple(self._pin(results, judge, record, actor, now))
        imaged = tuple(each.unit for each in results.imaging if self.bring_imaging(self.state, each))
        observed = self._save_facts(results)
        self.edits.write(inventory)
        after = self._remembered(record, judge, Merge(now, self._own_entries(), len(results.entries)))
        done = Merged(after, new, pinned, imaged, observed, inventory, tuple(judge.decided), tuple(judge.open))
        if after != record:
            self.state.kits.keep(after, merged(after, actor, now, len(new)))
        return done

    def _remembered(self, record: Kit, judge: _Judge, merge: Merge) -> Kit:
        """Return the kit as it is remembered from now on: a merge that brought nothing new is none."""
        if record.merges and merge.kit == record.entries and not judge.remembered:
            return record
        return record.after_merge(merge, judge.remembered)

    def _own_entries(self) -> int:
        return sum(entry.writer == self.state.uuid for entry in self.state.ledger.entries())

    def _decide_ledger(self, record: Kit, judge: _Judge, actor: str, now: datetime) -> None:
        """Ask about every conflict; taking entries back may show earlier ones that conflict as well."""
        knowledge = Knowledge(self.state.uuid, {kit.id: kit for kit in self.state.kits.kits()})
        settled: dict[tuple[str, str], Side | None] = {}
        decided = True
        while decided:
            found = disputes.conflicts(self.state.ledger.entries(record.site), record.id, knowledge)
            for each in found:
                if _about(each) not in settled:
                    settled[_about(each)] = judge.asked(_dispute(each), remember=False)
            decided = self._take_back(found, settled, actor, now)

    def _take_back(
        self, found: Sequence[Conflict], settled: Mapping[tuple[str, str], Side | None], actor: str, now: datetime
    ) -> bool:
        """Take back the sides that lost, each entry once; returns whether there were any."""
        sides = ((each, settled[_about(each)]) for each in found)
        drafts = [
            disputes.decision(each, keep_theirs=side is Side.THEIRS, actor=actor, at=now)
            for each, side in sides
            if side
        ]
        self.state.ledger.append({draft.detail[TAKES_BACK]: draft for draft in drafts}.values())
        return bool(drafts)

    def _pin(self, results: Results, judge: _Judge, record: Kit, actor: str, now: datetime) -> Iterator[str]:
        here = self.state.units.pins(each.unit for each in results.pins)
        for each in results.pins:
            change: Change[str, tuple[Pin, ...]] = Change(each.unit, each.before, here.get(each.unit, ()), each.after)
            if change.ours == each.after or (change.is_conflict and not judge.for_theirs(_of_pins(each, change))):
                continue
            why = f"pinned with kit {record.id} by {record.engineer}"
            self.state.units.pin({each.unit: each.after}, actor=actor, at=now, why=why)
            yield each.unit

    def _save_facts(self, results: Results) -> tuple[str, ...]:
        here = self.state.units.facts(each.unit for each in results.facts)
        newer = [each for each in results.facts if each.unit not in here or here[each.unit].at < each.at]
        self.state.units.save_facts(newer)
        return tuple(each.unit for each in newer)


class _Judge:
    """Asks about each conflict once, and remembers what was said."""

    def __init__(self, decide: Decide, before: frozenset[str]) -> None:
        self._decide, self._before = decide, before
        self.decided: list[Dispute] = []
        self.open: list[Dispute] = []
        self.remembered: list[str] = []

    def asked(self, dispute: Dispute, *, remember: bool = True) -> Side | None:
        """Return whom a conflict is decided for."""
        if dispute.key in self._before:
            return Side.OURS
        side = self._decide(dispute)
        (self.open if side is None else self.decided).append(dispute)
        if side is Side.OURS and remember:
            self.remembered.append(dispute.key)
        return side

    def for_theirs(self, dispute: Dispute) -> bool:
        """Say whether a conflict is decided for the kit."""
        return self.asked(dispute) is Side.THEIRS


def _about(conflict: Conflict) -> tuple[str, str]:
    """Return what one word of a person decides: everything of one kind about one place."""
    return conflict.subject, conflict.why


def _dispute(conflict: Conflict) -> Dispute:
    return Dispute(conflict.subject, conflict.why, digest_of([conflict.ours.digest, conflict.theirs.digest]))


def _of_pins(of: Repinned, change: Change[str, tuple[Pin, ...]]) -> Dispute:
    shown = " and ".join(", ".join(pin.fingerprint for pin in side or ()) for side in (change.ours, change.theirs))
    return Dispute(of.unit, f"two host keys were pinned: {shown}", digest_of(["pins", of.unit, shown]))
