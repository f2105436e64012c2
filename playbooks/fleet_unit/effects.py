"""Do one effect: fenced, once, journalled before and after, one at a time."""

from __future__ import annotations

from fleet_unit.change import recover
from fleet_unit.endings import Ended, Refused
from fleet_unit.journal import Journal, Step
from fleet_unit.lock import Lock
from fleet_unit.outcome import outcome, record
from fleet_unit.space import despite_full_disk, set_space_aside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.kinds import Document

    Effect = Callable[[Step, Journal], str | tuple[str, Document]]


def perform(step: Step, effect: Effect) -> Document:
    """Do one effect: fenced, once, journalled before and after. Returns its outcome.

    What an effect has to answer besides its message stands in the outcome under `answer`; it is journalled as well, so
    a repeated step gives the same.
    """
    try:
        with Lock():
            return _perform_locked(step, effect)
    except Refused as refusal:
        return outcome(step, refusal.ending, str(refusal))


def _perform_locked(step: Step, effect: Effect) -> Document:
    journal = Journal()
    if step.epoch < journal.epoch:
        raise Refused(f"epoch {step.epoch} is of a controller that was taken over: this unit has seen {journal.epoch}")
    try:
        set_space_aside()
        recover(journal)
        earlier = journal.outcome_of(step)
        if not earlier:
            journal.append(record(step, {}))
        elif step.epoch > journal.epoch:
            journal.append({"epoch": step.epoch})
    except OSError as error:
        raise Refused(f"the journal cannot be written, nothing was changed: {error.strerror}") from error
    return {**earlier, "repeated": True} if earlier else _do(step, effect, journal)


def _do(step: Step, effect: Effect, journal: Journal) -> Document:
    try:
        said = effect(step, journal)
        message, answer = (said, {}) if isinstance(said, str) else said
        result = {**outcome(step, "ok", message), **({"answer": answer} if answer else {})}
    except Ended as end:
        result = outcome(step, end.ending, str(end))
    except OSError as error:
        result = outcome(step, "failed", f"{error.strerror}: {error.filename or 'on the way'}")
    despite_full_disk(journal.append, record(step, result))
    return result
