"""The heat guard: may this unit's heat be interrupted now?

`verdicts` asks every rule that applies and keeps the arithmetic of each; `refusal` turns them into the one sentence
that a person reads under "why is this unit waiting?". Nothing is remembered between two questions.
"""

from __future__ import annotations

from collections.abc import Iterable

from fleetctl.core.heat.question import Question
from fleetctl.core.heat.verdict import Verdict

__all__ = ["NEVER_OVERRIDDEN", "Question", "Verdict", "refusal", "verdicts"]

NEVER_OVERRIDDEN = frozenset({"G4", "never", "quiet"})
"""Hot water is a matter of health, and what a dwelling says of itself is not ours to override."""


def verdicts(question: Question) -> tuple[Verdict, ...]:
    """Return what every rule that applies says, held or not, in the order of the rules."""
    raise NotImplementedError


def refusal(verdicts: Iterable[Verdict], overridden: frozenset[str] = frozenset()) -> str | None:
    """Return why heat may not be interrupted now, or None.

    Args:
        verdicts: of one question.
        overridden: rules that a recorded override sets aside; G4 cannot be.
    """
    against = [each.text for each in verdicts if not each.holds and each.rule not in overridden - NEVER_OVERRIDDEN]
    return "; ".join(against) or None
