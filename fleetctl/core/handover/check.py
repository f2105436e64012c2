"""Whether a report's file is what was issued, and whether ledger and event log still hold what it says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fleetctl.core.commissioning.ledger import Entry, chain_flaw
from fleetctl.core.handover.issue import Issue, Issued, issue_from_document, issued
from fleetctl.core.handover.seal import Sealed


@dataclass(frozen=True)
class Memory:
    """What a state remembers, to hold a report against.

    Attributes:
        state: its UUID.
        entries: of the ledger, of all sites: a writer's chain goes over all of them.
        log: digests of the event log by number, at least where the reports' heads are.
        log_flaw: what is wrong with the event log's chain, in words; None if it is whole.
    """

    state: str
    entries: Sequence[Entry]
    log: Mapping[int, str]
    log_flaw: str | None = None


def issue_of(sealed: Sealed) -> Issue:
    """Return which report a file holds.

    Raises:
        ValueError: if its data does not say.
    """
    return issue_from_document(sealed.report.get("issue", {}))


def misfits(sealed: Sealed, memory: Memory) -> tuple[str, ...]:
    """Return in words what does not fit between a report and what a state remembers.

    A report that was made in the field, by a kit, is held against what the kit brought back to the ledger; its log
    stayed with it.
    """
    return tuple(_misfits(sealed, issue_of(sealed), memory))


def unchained(files: Iterable[Sealed]) -> tuple[str, ...]:
    """Return in words which reports of one site do not follow each other, as far as consecutive ones are there."""
    by_place = {(issue_of(each).site, issue_of(each).number): each for each in files}
    flaws = []
    for (site, number), sealed in sorted(by_place.items()):
        before = by_place.get((site, number - 1))
        if before is not None and issue_of(sealed).previous != before.seal.report:
            flaws.append(f"report {number} of {site} does not follow the report {number - 1} that is here")
    return tuple(flaws)


def _misfits(sealed: Sealed, issue: Issue, memory: Memory) -> Iterator[str]:
    is_own = issue.state == memory.state
    known = issued(memory.entries)
    if not is_own and sealed.seal.report not in {each.digest for each in known}:
        yield f"it was made by another state, {issue.state}, whose ledger was not merged"
        return
    flaw = chain_flaw(memory.entries)
    if flaw is not None:
        yield f"the ledger is not whole: {flaw}"
    if memory.log_flaw is not None:
        yield f"the event log is not whole: {memory.log_flaw}"
    yield from _missing(sealed, memory.entries)
    if is_own and issue.head.number and memory.log.get(issue.head.number) != issue.head.digest:
        yield f"event {issue.head.number} of the log or one before it is not what it was when the report was made"
    yield from _chain(sealed, issue, known)


def _missing(sealed: Sealed, entries: Iterable[Entry]) -> Iterator[str]:
    held = {(entry.writer, entry.number): entry.digest for entry in entries}
    for row in sealed.report["ledger"]:
        digest = held.get((row["writer"], row["number"]))
        if digest != row["digest"]:
            fact = "is gone from the ledger" if digest is None else "is not what it was when the report was made"
            yield f"entry {row['number']} of {row['writer']} {fact}"


def _chain(sealed: Sealed, issue: Issue, known: Sequence[Issued]) -> Iterator[str]:
    """Yield what is wrong with the reports from this one back to the first of its site."""
    by_digest = {each.digest: each.issue for each in known}
    if by_digest.get(sealed.seal.report) != issue:
        yield f"the ledger does not know report {issue.number} of {issue.site} as it stands here"
    while issue.previous:
        before = by_digest.get(issue.previous)
        if before is None or before.site != issue.site or before.number >= issue.number:
            yield f"the ledger does not know the report before report {issue.number} of {issue.site}, which names it"
            return
        issue = before
