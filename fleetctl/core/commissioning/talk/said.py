"""What a person at a commissioning says, a line at a time: a command, or a label that a scanner typed.

Words are understood in English and French alike, whatever language the screen speaks: two engineers may share a laptop.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from fleetctl.core.commissioning.talk.tags import Tag, tag_of


class Verb(StrEnum):
    """What a line asks for."""

    SCAN = "scan"
    UNDO = "undo"
    SKIP = "skip"
    VISIT = "visit"
    GO = "dwelling"
    DELIVERY = "delivery"
    CONFIRM = "confirm"
    REFUSE = "refuse"
    ACCEPT = "accept"
    NOTE = "note"
    LIFT = "lift"
    SHOW = "show"
    HELP = "help"
    QUIT = "quit"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Said:
    """One line, understood.

    Attributes:
        rest: what follows the command, as typed; the whole line of one that is not understood.
        tag: of a scan, the label that it carries.
    """

    verb: Verb
    rest: str = ""
    tag: Tag | None = None


WORDS = {
    "undo": Verb.UNDO,
    "annuler": Verb.UNDO,
    "skip": Verb.SKIP,
    "passer": Verb.SKIP,
    "visit": Verb.VISIT,
    "revoir": Verb.VISIT,
    "dwelling": Verb.GO,
    "logement": Verb.GO,
    "delivery": Verb.DELIVERY,
    "livraison": Verb.DELIVERY,
    "confirm": Verb.CONFIRM,
    "confirmer": Verb.CONFIRM,
    "yes": Verb.CONFIRM,
    "oui": Verb.CONFIRM,
    "refuse": Verb.REFUSE,
    "refuser": Verb.REFUSE,
    "no": Verb.REFUSE,
    "non": Verb.REFUSE,
    "accept": Verb.ACCEPT,
    "accepter": Verb.ACCEPT,
    "note": Verb.NOTE,
    "reserve": Verb.NOTE,
    "lift": Verb.LIFT,
    "lever": Verb.LIFT,
    "show": Verb.SHOW,
    "voir": Verb.SHOW,
    "help": Verb.HELP,
    "aide": Verb.HELP,
    "?": Verb.HELP,
    "quit": Verb.QUIT,
    "quitter": Verb.QUIT,
}
"""Every word that begins a command, without accents."""


def understood(line: str) -> Said | None:
    """Return what a line says; None if it is blank. A line that is neither command nor label is `UNKNOWN`."""
    text = _clean(line)
    if not text:
        return None
    word, _, rest = text.partition(" ")
    verb = WORDS.get(_plain(word))
    if verb is not None:
        return Said(verb, rest.strip())
    tag = tag_of(text)
    return Said(Verb.UNKNOWN, text) if tag is None else Said(Verb.SCAN, text, tag)


def _clean(line: str) -> str:
    """Return a line without what scanners and terminals add: control characters, a byte-order mark, blanks around."""
    return "".join(c for c in line if c.isprintable() and c != "\ufeff").strip()


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
