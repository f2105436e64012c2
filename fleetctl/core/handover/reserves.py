"""Reserves: open points that are noted at a handover, and their later lifting. Both are notes in the ledger.

A reserve keeps the number that it was given when it was noted, for people write it on paper. Two kits that could not
see each other may both have given a 3; then each is called by its number and the beginning of its entry's digest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.commissioning.ledger import Draft, Entry
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.undoing import effective
from fleetctl.core.problems import InvalidInput, Problem

NUMBER, TEXT, LIFTS = "reserve", "text", "lifts"
"""Keys of details: a reserve has a number and a text, a lifting the digest of what it lifts and a text."""
_TELLS_APART = 4
"""Digits of a digest beside a number that was given twice."""
_MOST = 1000
"""Characters of a text: a reserve is a sentence or two, not an attachment."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """An open point, or one that was lifted.

    Attributes:
        name: what people call it, its number where that is enough.
        entry: that noted it.
        lifting: the entry that lifted it; None while it is open.
    """

    name: str
    entry: Entry
    lifting: Entry | None = None

    @property
    def site(self) -> str:
        """Return the site's id."""
        return self.entry.draft.site

    @property
    def subject(self) -> str:
        """Return what it is about, as the ledger calls it."""
        return self.entry.draft.subject

    @property
    def text(self) -> str:
        """Return what is to be looked after."""
        return str(self.entry.draft.detail[TEXT])

    @property
    def lifted_because(self) -> str:
        """Return what was said when it was lifted; empty while it is open, or if nothing was."""
        return str(self.lifting.draft.detail.get(TEXT, "")) if self.lifting else ""


def reserves(entries: Iterable[Entry]) -> tuple[Reserve, ...]:
    """Return the reserves of a ledger, of one site or of several, by site and number."""
    notes = [entry for entry in effective(entries) if entry.draft.outcome is Outcome.NOTE]
    noted = [entry for entry in notes if NUMBER in entry.draft.detail]
    lifted = {str(entry.draft.detail[LIFTS]): entry for entry in reversed(notes) if LIFTS in entry.draft.detail}
    times = Counter((entry.draft.site, _number(entry)) for entry in noted)
    found = (
        Reserve(_name(entry, times[entry.draft.site, _number(entry)]), entry, lifted.get(entry.digest))
        for entry in noted
    )
    return tuple(sorted(found, key=lambda reserve: (reserve.site, _number(reserve.entry), reserve.name)))


def reserve_draft(entries: Iterable[Entry], site: str, subject: str, text: str, actor: str, at: datetime) -> Draft:
    """Return the entry that notes a reserve, with the next number of its site.

    Args:
        entries: of the site, as far as they are known here.
        site: its id.
        subject: a unit, a dwelling or the site, as the ledger calls it.
        text: what is to be looked after.
        actor: who notes it.
        at: when.

    Raises:
        InvalidInput: if the text cannot be one.
    """
    words = _checked(text, "reserve")
    if not words:
        raise InvalidInput(
            [Problem("empty-reserve", f"the reserve about {subject} has no text", hint="say what is open")]
        )
    # Also those taken back count: a number that was on paper once is not given again.
    given = (int(entry.draft.detail[NUMBER]) for entry in entries if _notes_one(entry, site))
    detail = {NUMBER: max(given, default=0) + 1, TEXT: words}
    return Draft(site, subject, Stage.ACCEPTED, Outcome.NOTE, actor, at, detail)


def lifting_draft(entries: Iterable[Entry], name: str, text: str, actor: str, at: datetime) -> Draft:
    """Return the entry that lifts a reserve.

    Args:
        entries: of the site, or of all sites.
        name: of the reserve: its number, with the digest's beginning where the number alone is not enough.
        text: why it is closed; may be empty.
        actor: who lifts it.
        at: when.

    Raises:
        InvalidInput: if no open reserve, or more than one, is called so, or the text cannot be one.
    """
    reserve = _the_one(reserves(entries), name)
    said = _checked(text, "lifting")
    detail = {LIFTS: reserve.entry.digest, **({TEXT: said} if said else {})}
    return Draft(reserve.site, reserve.subject, Stage.ACCEPTED, Outcome.NOTE, actor, at, detail)


def _the_one(known: Iterable[Reserve], name: str) -> Reserve:
    called = [reserve for reserve in known if reserve.name == name or reserve.name.startswith(f"{name}-")]
    still_open = [reserve for reserve in called if reserve.lifting is None]
    if len(still_open) == 1:
        return still_open[0]
    if still_open:
        each = ", ".join(f"{reserve.name} of {reserve.subject}" for reserve in still_open)
        hint = "name one of them whole, or its site with --site"
        raise InvalidInput(
            [Problem("ambiguous-reserve", f"several open reserves are called {name}: {each}", hint=hint)]
        )
    fact = "is lifted already" if called else "does not exist"
    hint = "'fleetctl report handover SITE' lists them"
    raise InvalidInput([Problem("no-open-reserve", f"reserve {name} {fact}", hint=hint)])


def _checked(text: str, what: str) -> str:
    """Return a text with single spaces."""
    words = " ".join(text.split())
    if not words.isprintable() or len(words) > _MOST:
        fact = f"is longer than {_MOST} characters" if words.isprintable() else "has characters that cannot be printed"
        raise InvalidInput([Problem("bad-reserve", f"the text of the {what} {fact}", hint="write a sentence or two")])
    return words


def _notes_one(entry: Entry, site: str) -> bool:
    return entry.draft.site == site and entry.draft.outcome is Outcome.NOTE and NUMBER in entry.draft.detail


def _number(entry: Entry) -> int:
    return int(entry.draft.detail[NUMBER])


def _name(entry: Entry, times: int) -> str:
    return str(_number(entry)) if times == 1 else f"{_number(entry)}-{entry.digest[:_TELLS_APART]}"
