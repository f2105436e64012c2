"""What a commissioning says to people and to machines: a code, what it is about, and values that a text is filled with.

Sayings are values. The screen says them in a language; machines read code and values and need no text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Value = str | int | float


class Tone(StrEnum):
    """How a saying is meant."""

    GOOD = "good"
    PLAIN = "plain"
    ASKS = "asks"
    BAD = "bad"


class Code(StrEnum):
    """Everything that can be said; each has a text in `core.words.commissioning`."""

    BEGUN = "begun"
    ENDED = "ended"
    LEFT = "left"
    WENT = "went"
    NO_PLACE = "no-place"
    INSTALLED = "installed"
    DELIVERED = "delivered"
    DELIVERY = "delivery"
    LABEL_USED = "label-used"
    LABEL_ELSEWHERE = "label-elsewhere"
    LABEL_UNKNOWN = "label-unknown"
    LABEL_NOT_SELECTED = "label-not-selected"
    UNDONE = "undone"
    NOTHING_TO_UNDO = "nothing-to-undo"
    NEEDS_REASON = "needs-reason"
    PLACE_SKIPPED = "place-skipped"
    UNIT_SKIPPED = "unit-skipped"
    NOTHING_TO_SKIP = "nothing-to-skip"
    VISITED = "visited"
    NOTHING_TO_VISIT = "nothing-to-visit"
    SEEN = "seen"
    NOT_SEEN = "not-seen"
    VOUCHED = "vouched"
    NOT_VOUCHED = "not-vouched"
    NOTHING_TO_CONFIRM = "nothing-to-confirm"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not-accepted"
    NOTED = "noted"
    LIFTED = "lifted"
    BAD_RESERVE = "bad-reserve"
    NOT_UNDERSTOOD = "not-understood"
    HELP = "help"
    STAGE_BEGUN = "stage-begun"
    STAGE_DONE = "stage-done"
    STAGE_FAILED = "stage-failed"
    STAGE_PENDING = "stage-pending"
    STAGE_CONFIRMED = "stage-confirmed"
    STAGE_NOTED = "stage-noted"
    WAITS = "waits"
    TROUBLE = "trouble"
    NOT_KEPT = "not-kept"
    KEPT = "kept"
    STUCK = "stuck"
    BLINKS = "blinks"


_BAD = frozenset(
    {
        Code.NO_PLACE,
        Code.LABEL_USED,
        Code.LABEL_ELSEWHERE,
        Code.LABEL_UNKNOWN,
        Code.LABEL_NOT_SELECTED,
        Code.NOT_SEEN,
        Code.NOT_VOUCHED,
        Code.NOT_ACCEPTED,
        Code.NOT_UNDERSTOOD,
        Code.BAD_RESERVE,
        Code.STAGE_FAILED,
        Code.TROUBLE,
        Code.NOT_KEPT,
        Code.STUCK,
    }
)
_GOOD = frozenset(
    {
        Code.INSTALLED,
        Code.DELIVERED,
        Code.SEEN,
        Code.VOUCHED,
        Code.ACCEPTED,
        Code.STAGE_DONE,
        Code.STAGE_CONFIRMED,
        Code.KEPT,
        Code.LIFTED,
    }
)
_ASKS = frozenset({Code.NEEDS_REASON, Code.BLINKS})


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing that is said.

    Attributes:
        subject: what it is about, as the ledger calls it; empty if nothing in particular.
        values: what its text is filled with; `stage` is a stage's value, `place` a place's id.
    """

    code: Code
    subject: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def tone(self) -> Tone:
        """Return how it is meant."""
        if self.code in _BAD:
            return Tone.BAD
        if self.code in _ASKS:
            return Tone.ASKS
        return Tone.GOOD if self.code in _GOOD else Tone.PLAIN


def saying(code: Code, subject: str = "", /, **values: Value) -> Saying:
    """Return a saying."""
    return Saying(code, subject, values)
