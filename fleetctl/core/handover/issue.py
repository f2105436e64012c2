"""Which report this is: its number, what it is of, and the reports of the site before it.

That a report was issued stands in the ledger as a note with the report's digest, so the event log covers every report;
and a report names the log's head and the report before it, so each is bound to what was known when it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fleetctl.core.clock import from_text, to_text
from fleetctl.core.commissioning.ledger import Draft, Entry, dwelling_subject, in_order
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.log_heads import Head

HANDOVER = "handover"
"""Key of the detail of an entry that says that a report was issued."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One report of a site.

    Attributes:
        number: among the reports of its site, from 1.
        site: id.
        dwelling: id; empty for a report of the whole site.
        made: when, aware.
        state: UUID of the state that made it.
        head: of that state's event log just before.
        previous: digest of the site's report before; empty for the first.
    """

    number: int
    site: str
    dwelling: str
    made: datetime
    state: str
    head: Head
    previous: str

    @property
    def subject(self) -> str:
        """Return what it is of, as the ledger calls it."""
        return dwelling_subject(self.site, self.dwelling) if self.dwelling else self.site

    def to_document(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "number": self.number,
            "site": self.site,
            "dwelling": self.dwelling,
            "made": to_text(self.made),
            "state": self.state,
            "log_head": {"number": self.head.number, "digest": self.head.digest},
            "previous": self.previous,
        }


def issue_from_document(row: Mapping[str, Any]) -> Issue:
    """Read what `Issue.to_document` wrote.

    Raises:
        ValueError: if it is something else.
    """
    try:
        head = Head(int(row["log_head"]["number"]), str(row["log_head"]["digest"]))
        texts = (str(row["site"]), str(row["dwelling"]), from_text(row["made"]), str(row["state"]))
        return Issue(int(row["number"]), *texts, head, str(row["previous"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it lacks or misshapes {error}") from error


@dataclass(frozen=True, slots=True)
class Issued:
    """A report that was issued, as the ledger remembers it.

    Attributes:
        digest: of the report.
    """

    issue: Issue
    digest: str


def issued(entries: Iterable[Entry]) -> tuple[Issued, ...]:
    """Return the reports that a ledger says were issued, in the order that everybody agrees on."""
    rows = (entry.draft.detail[HANDOVER] for entry in in_order(entries) if is_issue(entry))
    return tuple(Issued(issue_from_document(row), str(row["digest"])) for row in rows)


def is_issue(entry: Entry) -> bool:
    """Return whether an entry says that a report was issued."""
    return entry.draft.outcome is Outcome.NOTE and HANDOVER in entry.draft.detail


def next_issue(before: Sequence[Issued], site: str, dwelling: str, made: datetime, state: str, head: Head) -> Issue:
    """Return the issue that follows those of a site."""
    last = max(before, key=lambda each: each.issue.number, default=None)
    number, previous = (last.issue.number + 1, last.digest) if last else (1, "")
    return Issue(number, site, dwelling, from_text(to_text(made)), state, head, previous)


def issue_draft(issue: Issue, digest: str, actor: str) -> Draft:
    """Return the entry that remembers that a report was issued."""
    detail = {HANDOVER: {**issue.to_document(), "digest": digest}}
    return Draft(issue.site, issue.subject, Stage.ACCEPTED, Outcome.NOTE, actor, issue.made, detail)
