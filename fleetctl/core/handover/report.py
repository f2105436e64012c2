"""The handover report as values: a fold of the ledger over what is declared. No language, no layout.

What it says of a place is what the checklist says; reports add who answers for each stage, the measurements behind a
verdict, the identity of machines, reserves, and the digests of every entry that it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.commissioning.checklist import Checklist, DwellingList, UnitList, fold
from fleetctl.core.commissioning.ledger import Entry, in_order
from fleetctl.core.commissioning.lifecycle import Lifecycle
from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.commissioning.standing import Standing, State
from fleetctl.core.handover.issue import Issue, is_issue
from fleetctl.core.handover.measured import Measured, measured
from fleetctl.core.handover.reserves import Reserve, reserves
from fleetctl.core.inventory.fleet import Dwelling, Kind, Site, Unit

NAME = "name"
"""Key of a detail: the name that a person gave, as typed; the ledger's actor is who was logged in."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a machine proves its identity with.

    Attributes:
        of: the type of an SSH host key, or `certificate`.
        text: as the programs that check it print it.
    """

    of: str
    text: str


@dataclass(frozen=True, slots=True)
class StageReport:
    """How one stage stands, who answers for it, and since when.

    Attributes:
        person: name as typed; empty if none was given.
        actor: the login; empty while nothing was said.
        at: None while nothing was said.
        reason: why it failed, waits, or was left out, in the words of whoever wrote it.
        tries: how often it was done.
        entry: digest of the entry that decides; empty while nothing was said.
    """

    stage: Stage
    state: State
    person: str = ""
    actor: str = ""
    at: datetime | None = None
    reason: str = ""
    tries: int = 0
    entry: str = ""

    @property
    def by(self) -> str:
        """Return who answers for it, as people are called."""
        return self.person or self.actor


@dataclass(frozen=True)
class UnitReport:
    """One place and the machine that stands there.

    Attributes:
        lifecycle: of the machine, and `marked` why, if a person said so (quarantine, maintenance, retirement).
        serial: of the machine that was installed; empty while none was.
        burn_in, room_proof: what they rest on; empty while nothing was measured.
    """

    unit: Unit
    lifecycle: Lifecycle
    marked: str
    serial: str
    stages: tuple[StageReport, ...]
    burn_in: Measured
    room_proof: Measured
    fingerprints: tuple[Fingerprint, ...]
    accepted: bool

    @property
    def in_state(self) -> Mapping[State, tuple[StageReport, ...]]:
        """Return its stages by how they stand."""
        return {state: tuple(each for each in self.stages if each.state is state) for state in State}

    @property
    def is_vouched(self) -> bool:
        """Return whether a person alone could confirm its room: no instrument showed it."""
        return any(each.stage is Stage.ROOM_PROOF and each.state is State.CONFIRMED for each in self.stages)


@dataclass(frozen=True)
class DwellingReport:
    """One dwelling with its units; `skipped` is from which stage on it is left out."""

    dwelling: Dwelling
    acceptance: StageReport
    skipped: StageReport | None
    units: tuple[UnitReport, ...]
    accepted: bool


@dataclass(frozen=True)
class Handover:
    """The report of a site, or of one dwelling.

    Attributes:
        dwellings: in the order of the inventory; of a dwelling's report, that one.
        plant: units that are in no dwelling, and of a dwelling's report the gateways that serve it.
        acceptance: of the site as a whole; None in a dwelling's report.
        ledger: every entry that the report rests on, in order.
    """

    issue: Issue
    title: str
    time_zone: str
    dwellings: tuple[DwellingReport, ...]
    plant: tuple[UnitReport, ...]
    acceptance: StageReport | None
    reserves: tuple[Reserve, ...]
    ledger: tuple[Entry, ...]

    @property
    def units(self) -> tuple[UnitReport, ...]:
        """Return all units of the report."""
        return (*self.plant, *(unit for dwelling in self.dwellings for unit in dwelling.units))

    @property
    def open_reserves(self) -> tuple[Reserve, ...]:
        """Return the reserves that nobody lifted."""
        return tuple(each for each in self.reserves if each.lifting is None)


def handover(
    site: Site,
    entries: Iterable[Entry],
    issue: Issue,
    fingerprints: Mapping[str, Sequence[Fingerprint]],
) -> Handover:
    """Return the report of a site, or of the dwelling that its issue names.

    Args:
        site: as declared.
        entries: of the ledger, of this site.
        issue: which report it is.
        fingerprints: that are known of machines, by the unit's name.
    """
    entries = in_order(entry for entry in entries if not is_issue(entry))
    checklist = fold(site, entries)
    units = {
        name: _unit(each, fingerprints.get(name, ()))
        for name, each in checklist.units.items()
        if _is_of(each.unit, site, issue.dwelling)
    }
    dwellings = [each for id, each in checklist.dwellings.items() if issue.dwelling in ("", id)]
    subjects = {*units, *(each.subject for each in dwellings), *(() if issue.dwelling else (site.id,))}
    rests_on = tuple(entry for entry in entries if not issue.dwelling or entry.draft.subject in subjects)
    return Handover(
        issue=issue,
        title=site.title,
        time_zone=site.time_zone,
        dwellings=tuple(_dwelling(site.dwellings[each.id], each, units) for each in dwellings),
        plant=tuple(unit for unit in units.values() if not unit.unit.dwelling),
        acceptance=None if issue.dwelling else _site_acceptance(checklist),
        reserves=reserves(rests_on),
        ledger=rests_on,
    )


def _is_of(unit: Unit, site: Site, dwelling: str) -> bool:
    """Say whether a unit belongs into a report: all of a site, or a dwelling's and the gateways that serve them."""
    if not dwelling or unit.dwelling == dwelling:
        return True
    serves = {each.gateway for each in site.units.values() if each.dwelling == dwelling}
    return unit.kind is Kind.GATEWAY and unit.id in serves


def _unit(listed: UnitList, fingerprints: Sequence[Fingerprint]) -> UnitReport:
    return UnitReport(
        unit=listed.unit,
        lifecycle=listed.lifecycle,
        marked=listed.marks.reason if listed.marks.lifecycle else "",
        serial=listed.record.serial,
        stages=tuple(_stage(listed.of(stage)) for stage in listed.stages),
        burn_in=measured(listed.of(Stage.BURN_IN)),
        room_proof=measured(listed.of(Stage.ROOM_PROOF)),
        fingerprints=tuple(fingerprints),
        accepted=listed.accepted,
    )


def _dwelling(dwelling: Dwelling, listed: DwellingList, units: Mapping[str, UnitReport]) -> DwellingReport:
    return DwellingReport(
        dwelling=dwelling,
        acceptance=_stage(listed.record.of(Stage.ACCEPTED)),
        skipped=_stage(listed.skip) if listed.skip else None,
        units=tuple(units[name] for name in listed.units),
        accepted=listed.accepted,
    )


def _site_acceptance(checklist: Checklist) -> StageReport:
    return _stage(checklist.record.of(Stage.ACCEPTED))


def _stage(standing: Standing) -> StageReport:
    if standing.entry is None:
        return StageReport(standing.stage, standing.state)
    draft = standing.entry.draft
    return StageReport(
        stage=standing.stage,
        state=standing.state,
        person=str(draft.detail.get(NAME, "")),
        actor=draft.actor,
        at=draft.at,
        reason=standing.reason,
        tries=standing.tries,
        entry=standing.entry.digest,
    )
