"""What two ledgers say against each other: entries that neither writer knew of when it wrote. Pure.

Merging takes in all entries of both, so nothing is ever lost by it; a conflict is only shown, and a person decides it
by taking one side back. The decision is an entry itself and names what it takes back by digest, so it holds for whoever
merges the same entries later, in whatever order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.commissioning.ledger import Draft, Entry
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import SERIAL, counts
from fleetctl.core.commissioning.undoing import effective, undoing_of
from fleetctl.core.kit.knowledge import Knowledge

_PASSED = frozenset({Outcome.DONE, Outcome.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two entries of which only one can be so.

    Attributes:
        subject: that a person decides about: the place.
        ours, theirs: the entries; theirs is of whoever is merged.
        why: in words.
    """

    subject: str
    ours: Entry
    theirs: Entry
    why: str


def conflicts(entries: Iterable[Entry], kit: str, knowledge: Knowledge) -> tuple[Conflict, ...]:
    """Return what a kit says against what others wrote without knowing of it, as far as nobody decided it.

    Args:
        entries: of everybody, the kit's among them.
        kit: writer of the kit's entries.
        knowledge: who knew of what.
    """
    standing = effective(entries)
    theirs = [entry for entry in standing if entry.writer == kit]
    ours = [entry for entry in standing if entry.writer != kit]
    found = (
        Conflict(b.draft.subject, a, b, why)
        for a, b in _pairs(_last(ours), _last(theirs))
        if knowledge.are_unaware(a, b) and (why := _against(a, b))
    )
    return tuple(sorted(found, key=lambda each: (each.subject, each.ours.digest, each.theirs.digest)))


def decision(conflict: Conflict, *, keep_theirs: bool, actor: str, at: datetime) -> Draft:
    """Return the entry that decides a conflict: the other side's is taken back."""
    lost = conflict.ours if keep_theirs else conflict.theirs
    kept = conflict.theirs if keep_theirs else conflict.ours
    detail = {**undoing_of(lost), "reason": f"decided for entry {kept.number} of {kept.writer}: {conflict.why}"}
    return Draft(lost.draft.site, lost.draft.subject, lost.draft.stage, Outcome.UNDONE, actor, at, detail)


def _last(entries: Iterable[Entry]) -> Iterable[Entry]:
    """Return what each writer says in the end of each stage of each place."""
    last: dict[tuple[str, str, Stage], Entry] = {}
    for entry in entries:
        if counts(entry.draft) and entry.draft.outcome is not Outcome.UNDONE:
            last[entry.writer, entry.draft.subject, entry.draft.stage] = entry
    return last.values()


def _pairs(ours: Iterable[Entry], theirs: Iterable[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Yield what could be against each other: entries about one place, or about one machine."""
    by_place: defaultdict[str, list[Entry]] = defaultdict(list)
    by_serial: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in ours:
        by_place[entry.draft.subject].append(entry)
        by_serial[_serial(entry)].append(entry)
    for entry in theirs:
        yield from ((other, entry) for other in by_place[entry.draft.subject])
        if serial := _serial(entry):
            elsewhere = (other for other in by_serial[serial] if other.draft.subject != entry.draft.subject)
            yield from ((other, entry) for other in elsewhere)


def _against(ours: Entry, theirs: Entry) -> str | None:
    """Return in words why two entries cannot both be so; None if they can."""
    return next(
        (why for rule in (_two_serials, _two_places, _verdicts, _acceptance) if (why := rule(ours, theirs))), None
    )


def _two_serials(ours: Entry, theirs: Entry) -> str | None:
    a, b = _serial(ours), _serial(theirs)
    if ours.draft.subject == theirs.draft.subject and a and b and a != b:
        return f"two machines for one place: {a} and {b}"
    return None


def _two_places(ours: Entry, theirs: Entry) -> str | None:
    if ours.draft.subject != theirs.draft.subject and _serial(ours) and _serial(ours) == _serial(theirs):
        return f"machine {_serial(ours)} in two places: {ours.draft.subject} and {theirs.draft.subject}"
    return None


def _verdicts(ours: Entry, theirs: Entry) -> str | None:
    same = (ours.draft.subject, ours.draft.stage) == (theirs.draft.subject, theirs.draft.stage)
    if same and _one_passed_one_failed(ours, theirs):
        return f"{ours.draft.stage.value} {ours.draft.outcome.value} against {theirs.draft.outcome.value}"
    return None


def _acceptance(ours: Entry, theirs: Entry) -> str | None:
    """An acceptance by one, and a failure of anything that it rests on by the other."""
    same = ours.draft.subject == theirs.draft.subject and ours.draft.stage is not theirs.draft.stage
    accepted = next(_of((ours, theirs), Stage.ACCEPTED), None)
    failed = next((e for e in (ours, theirs) if e.draft.outcome is Outcome.FAILED), None)
    if same and accepted is not None and failed is not None and accepted.draft.outcome in _PASSED:
        return f"accepted against {failed.draft.stage.value} failed"
    return None


def _of(entries: Iterable[Entry], stage: Stage) -> Iterator[Entry]:
    return (entry for entry in entries if entry.draft.stage is stage)


def _one_passed_one_failed(ours: Entry, theirs: Entry) -> bool:
    outcomes = {ours.draft.outcome, theirs.draft.outcome}
    return Outcome.FAILED in outcomes and bool(outcomes & _PASSED)


def _serial(entry: Entry) -> str:
    draft = entry.draft
    return str(draft.detail.get(SERIAL, "")) if draft.stage is Stage.INSTALLED and draft.outcome is Outcome.DONE else ""
