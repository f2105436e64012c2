"""The ledger of commissionings: what was done in the field, by whom, only ever added to.

Everything else that is known of a commissioning (its checklist, its report, the lifecycle of a machine) is folded from
these entries. Each writer (the fleet's state, or a kit that was taken to a basement) chains its own entries by digest,
so a change to one shows, and the ledgers of several writers are merged by putting their entries together.

Invariants: an entry is content-addressed by its digest; the numbers of a writer run from 1 without gaps; an entry names
the digest of the one before it by the same writer. Entries are ordered by time, then writer, then number: the same for
everybody who holds the same entries, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fleetctl.core.clock import from_text, to_text
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.digest import digest_of
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Noted

DWELLING = "dwelling:"


def dwelling_subject(site: str, dwelling: str) -> str:
    """Return what the ledger calls a dwelling, `site/dwelling:A101`; a unit is called by its name."""
    return f"{site}/{DWELLING}{dwelling}"


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that is about to be written.

    Attributes:
        site: id of the site.
        subject: a unit's name, a dwelling as `dwelling_subject` calls it, or the site's id.
        stage: that it is about.
        outcome: what is said of the stage.
        actor: who did it, or answers for it.
        at: when, aware; kept to a millisecond.
        detail: what was measured or said, as plain JSON; each stage has its own shape.
    """

    site: str
    subject: str
    stage: Stage
    outcome: Outcome
    actor: str
    at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """What was written, with its place in its writer's chain.

    Attributes:
        writer: UUID of the state, or id of the kit, that wrote it.
        number: among the entries of its writer, from 1.
        previous: digest of the writer's entry before; empty for the first.
        digest: of everything else.
    """

    writer: str
    number: int
    draft: Draft
    previous: str
    digest: str

    @property
    def name(self) -> str:
        """Return what people call it."""
        return f"entry {self.number} of {self.writer} ({self.draft.site})"

    @property
    def is_whole(self) -> bool:
        """Return whether it is what was written."""
        return self.digest == digest_of(_content(self.writer, self.number, self.draft, self.previous))

    def to_document(self) -> dict[str, Any]:
        """Return the entry as plain data, as files hold it."""
        return {**_content(self.writer, self.number, self.draft, self.previous), "digest": self.digest}


def entry_from_document(row: Mapping[str, Any]) -> Entry:
    """Read what `Entry.to_document` wrote; `chain_flaw` tells whether it was changed since.

    Raises:
        ValueError: if it is something else.
    """
    try:
        draft = Draft(
            str(row["site"]),
            str(row["subject"]),
            Stage(row["stage"]),
            Outcome(row["outcome"]),
            str(row["actor"]),
            from_text(row["at"]),
            dict(row["detail"]),
        )
        return Entry(str(row["writer"]), int(row["number"]), draft, str(row["previous"]), str(row["digest"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"it lacks or misshapes {error}") from error


def written(writer: str, after: Entry | None, drafts: Iterable[Draft]) -> list[Entry]:
    """Return drafts as entries that follow the last one of a writer."""
    number, previous = (after.number, after.digest) if after else (0, "")
    entries = []
    for draft in drafts:
        number += 1
        digest = digest_of(_content(writer, number, draft, previous))
        entries.append(Entry(writer, number, draft, previous, digest))
        previous = digest
    return entries


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries of whatever writers in the order that everybody agrees on."""
    return sorted(entries, key=lambda entry: (to_text(entry.draft.at), entry.writer, entry.number))


def chain_flaw(entries: Iterable[Entry]) -> str | None:
    """Return what is wrong with the chains of all writers, in words; None if each is whole from its first entry on."""
    last: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda entry: (entry.writer, entry.number)):
        before = last.get(entry.writer)
        flaw = _break(before, entry)
        if flaw is not None:
            return f"{entry.name} {flaw}"
        last[entry.writer] = entry
    return None


def new_entries(known: Iterable[Entry], others: Iterable[Entry]) -> list[Entry]:
    """Return those of other entries that are not known yet, in order, if all together make whole chains.

    Raises:
        CouldNot: if the chain of a writer would have a gap, a change or a fork.
    """
    known, others = list(known), list(others)
    held = {(entry.digest, entry.writer, entry.number) for entry in known}
    new = {entry.digest: entry for entry in others if (entry.digest, entry.writer, entry.number) not in held}
    changed = next((entry for entry in others if not entry.is_whole), None)
    flaw = f"{changed.name} was changed after it was written" if changed else chain_flaw([*known, *new.values()])
    if flaw is not None:
        raise CouldNot(f"ledger: {flaw}", hint="take the entries again from where they were written; none was taken in")
    return in_order(new.values())


def noted(entry: Entry) -> Noted:
    """Return what the event log says of an entry: its digest stands there, so the log's chain covers the ledger."""
    draft = entry.draft
    what = f"commissioning-{draft.stage.value}-{draft.outcome.value}".replace("_", "-")
    text = f"{draft.subject}: {draft.stage.value} {draft.outcome.value}, by {draft.actor} (ledger {entry.digest})"
    return Noted("", draft.subject, draft.at, what, text)


def _break(before: Entry | None, entry: Entry) -> str | None:
    expected = before.number + 1 if before else 1
    if entry.number != expected:
        return f"follows entry {expected - 1}: some are missing, or there are two of one number"
    if entry.previous != (before.digest if before else ""):
        return "does not follow the one before it"
    return None if entry.is_whole else "was changed after it was written"


def _content(writer: str, number: int, draft: Draft, previous: str) -> dict[str, Any]:
    return {
        "writer": writer,
        "number": number,
        "site": draft.site,
        "subject": draft.subject,
        "stage": draft.stage.value,
        "outcome": draft.outcome.value,
        "actor": draft.actor,
        "at": to_text(draft.at),
        "detail": dict(draft.detail),
        "previous": previous,
    }
