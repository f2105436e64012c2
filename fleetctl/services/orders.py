"""Hold, stop, override, approve: orders of a person, given from any process and seen by the controller's next tick."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.core.rollout.holds import EVERYWHERE, Hold, Override
from fleetctl.core.rollout.orders import OverrideOrder, approvable, concerned, needs_another
from fleetctl.core.rollout.state import CommandKind, Rollout
from fleetctl.ports import State


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word: who gives it, and when."""

    actor: str
    at: datetime


def stop_all(state: State, word: Word, reason: str) -> tuple[Hold, tuple[str, ...]]:
    """Hold everything and pause every active rollout; returns the hold and the ids of those rollouts.

    The hold comes first: it stands also if this process dies, and holds rollouts that are added meanwhile.
    """
    hold = state.orders.add_hold(EVERYWHERE, actor=word.actor, at=word.at, reason=reason)
    rollouts = tuple(rollout.id for rollout in state.journal.rollouts(active=True))
    for rollout in rollouts:
        state.rollouts.command(rollout, CommandKind.PAUSE, actor=word.actor, at=word.at, reason=reason)
    return hold, rollouts


def override(state: State, word: Word, order: OverrideOrder) -> tuple[Override, tuple[Rollout, ...]]:
    """Override a rule; returns it, and the active rollouts in which it does not count, for the actor started them.

    Raises:
        InvalidInput: if it counts in none of the active rollouts that it is about.
    """
    meant = concerned(state.journal.rollouts(active=True), order)
    deaf = tuple(rollout for rollout in meant if needs_another(rollout, word.actor))
    if deaf and deaf == meant:
        ids = ", ".join(rollout.id for rollout in deaf)
        message = f"{word.actor} started rollout {ids}; its policy wants somebody else to override a rule for it"
        raise InvalidInput([Problem("own-override", message, hint="ask a second person to give the override")])
    given = state.orders.add_override(
        order.rule, order.scope, actor=word.actor, at=word.at, until=word.at + order.length, reason=order.reason
    )
    return given, deaf


def approve(state: State, word: Word, rollout: Rollout, wave: str, reason: str) -> str:
    """Approve the wave of a rollout that waits; returns the wave's name.

    Raises:
        InvalidInput: if no such wave waits, or the policy wants another person.
    """
    approved = approvable(rollout, wave, reason, word.actor)
    state.rollouts.command(rollout.id, CommandKind.APPROVE, actor=word.actor, at=word.at, reason=reason, wave=approved)
    return approved
