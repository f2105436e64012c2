"""Tell people what happened, at least once each: the event log is the queue, and a cursor in the state the place in it.

A hook that does not answer is tried again with growing waits and holds up no other; what it has not taken when the
process ends, or is killed, the next controller tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fleetctl.core import notify
from fleetctl.core.inventory.fleet import Webhook
from fleetctl.core.notify import News
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Noted
from fleetctl.ports import Clock, Poster, State

BATCH = 500
"""Entries of the log that are read at once."""


@dataclass(frozen=True)
class Office:
    """What messages are delivered with.

    Attributes:
        hooks: returns the webhooks by name as they are declared now; raises `CouldNot` if nobody knows.
        key: returns the value of a secret by its name; raises `CouldNot`.
        say: tells the operator what could not be delivered.
    """

    state: State
    clock: Clock
    poster: Poster
    hooks: Callable[[], Mapping[str, Webhook]]
    key: Callable[[str], str]
    say: Callable[[str], None]


@dataclass(slots=True)
class _Trouble:
    """A hook that does not take its message."""

    tries: int
    due_s: float


class Courier:
    """Brings messages to webhooks; one round at a time, in whatever thread asks for it."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._troubles: dict[str, _Trouble] = {}

    def begin(self) -> None:
        """Let hooks that are new hear of what happens from now on, and of nothing that is long over.

        Raises:
            CouldNot: if nobody knows the hooks.
        """
        cursors, head = self._office.state.cursors, self._office.state.chain_head().number
        for name in self._office.hooks():
            if cursors.get(_cursor(name)) is None:
                cursors.set(_cursor(name), head)

    def deliver(self) -> float | None:
        """Deliver what waits and is due; returns the seconds until the next try, None if nothing waits.

        Raises:
            CouldNot: if nobody knows the hooks.
        """
        hooks = self._office.hooks()
        self._troubles = {name: trouble for name, trouble in self._troubles.items() if name in hooks}
        for name, hook in hooks.items():
            trouble = self._troubles.get(name)
            if trouble is None or trouble.due_s <= self._office.clock.now().monotonic_s:
                self._deliver_to(name, hook)
        now_s = self._office.clock.now().monotonic_s
        return min((max(0.0, trouble.due_s - now_s) for trouble in self._troubles.values()), default=None)

    def _deliver_to(self, name: str, hook: Webhook) -> None:
        """Deliver to one hook, in the log's order, until it has everything or does not take one."""
        state = self._office.state
        cursor = state.cursors.get(_cursor(name))
        if cursor is None:  # declared while the controller runs: it hears of what happens from now on
            cursor = state.chain_head().number
            state.cursors.set(_cursor(name), cursor)
        while entries := state.journal.log(after=cursor, limit=BATCH):
            for number, note in entries:
                event = notify.event_of(note)
                if event in hook.events and not self._settle(name, hook, News(state.uuid, number, event, note)):
                    return
                cursor = number
            state.cursors.set(_cursor(name), cursor)

    def _settle(self, name: str, hook: Webhook, news: News) -> bool:
        """Say whether a message is done with: delivered, or given up."""
        failure = self._send(hook, news)
        if failure is None:
            self._troubles.pop(name, None)
            self._office.state.cursors.set(_cursor(name), news.number)
            return True
        now = self._office.clock.now()
        tries = self._troubles[name].tries + 1 if name in self._troubles else 1
        if now.utc - news.note.at >= notify.GIVE_UP_AFTER:
            self._troubles.pop(name, None)
            self._office.say(f"webhook {name} was never told '{news.note.text}': {failure}")
            return True
        if tries == 1:
            self._office.say(f"webhook {name} does not take '{news.event}' and is tried again: {failure}")
        self._troubles[name] = _Trouble(tries, now.monotonic_s + notify.wait_s(tries))
        return False

    def _send(self, hook: Webhook, news: News) -> str | None:
        """Send a message; returns why it was not taken, or None."""
        journal = self._office.state.journal
        rollout = journal.rollout(news.note.rollout)
        body = notify.message(news, rollout, journal.progress(rollout.id) if rollout else ())
        try:
            signed = notify.headers(news, body, self._office.key(hook.secret), self._office.clock.now().utc)
            status = self._office.poster.post(hook.url, signed, body)
        except CouldNot as reason:
            return str(reason)
        return None if 200 <= status < 300 else f"it answered {status}"


def is_news(note: Noted) -> bool:
    """Say whether somebody may have to be told of an entry of the log."""
    return notify.event_of(note) is not None


def _cursor(hook: str) -> str:
    return f"webhook {hook}"
