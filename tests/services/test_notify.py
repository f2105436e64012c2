"""At least once, in order, whatever the receiver does and whenever the controller dies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from fleetctl.adapters.webhook import HttpPoster
from fleetctl.core.inventory.fleet import Webhook
from fleetctl.core.notify import EVENTS
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Noted
from fleetctl.services import notify
from fleetctl.services.notify import Courier, Office
from tests.builders.memory_state import MemoryState
from tests.builders.receiver import HANG_UP, Receiver, receiving
from tests.builders.rollouts import rollout, rows
from tests.builders.world import FakeClock

KEY = "a key that nobody knows"


@dataclass
class Scene:
    """A state with a rollout, a receiver, and controllers that come and go."""

    receiver: Receiver
    state: MemoryState = field(default_factory=MemoryState)
    clock: FakeClock = field(default_factory=FakeClock)
    hooks: dict[str, Webhook] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state.rollouts.add(rollout(), rows(), {})
        self.hooks["on-call"] = Webhook(f"{self.receiver.url}/hook", "hook-key", EVENTS)

    def courier(self) -> Courier:
        office = Office(self.state, self.clock, HttpPoster(5), lambda: self.hooks, self.key, self.said.append)
        courier = Courier(office)
        courier.begin()
        return courier

    def key(self, name: str) -> str:
        if name != "hook-key":
            raise CouldNot(f"secret '{name}' is not declared")
        return KEY

    def happen(self, *whats: str) -> None:
        for what in whats:
            self.state.rows.events.append(Noted("r-1", "", self.clock.now().utc, what, f"text of {what}"))

    def deliver_all(self, courier: Courier) -> int:
        """Do rounds, letting as much time pass as each asks for; returns how many it took."""
        for rounds in range(1, 100):
            due_s = courier.deliver()
            if due_s is None:
                return rounds
            self.clock.advance(due_s)
        raise AssertionError(f"never done: {self.said}")


@pytest.fixture
def scene() -> Iterator[Scene]:
    with receiving() as receiver:
        yield Scene(receiver)


def test_what_happens_is_told_once_signed_and_in_order(scene: Scene) -> None:
    courier = scene.courier()
    scene.happen("attempt-started", "approval-needed", "unit-failed", "rollout-halted", "rollout-failed")
    assert courier.deliver() is None
    assert courier.deliver() is None
    assert scene.receiver.events() == ["approval_needed", "halted", "failed"]
    assert all(got.is_signed_with(KEY) and not got.is_signed_with("another") for got in scene.receiver.got)
    assert [got.document["text"] for got in scene.receiver.got][1] == "text of rollout-halted"
    assert [got.document["id"] for got in scene.receiver.got] == [f"{scene.state.uuid}:{n}" for n in (2, 4, 5)]
    assert scene.said == []


def test_a_hook_hears_only_of_what_it_asked_for(scene: Scene) -> None:
    scene.hooks["on-call"] = Webhook(scene.receiver.url, "hook-key", ("halted",))
    courier = scene.courier()
    scene.happen("rollout-halted", "rollout-succeeded")
    courier.deliver()
    assert scene.receiver.events() == ["halted"]


@pytest.mark.parametrize("failures", [[500, 503], [HANG_UP], [404, 302, 429]])
def test_a_receiver_that_fails_first_is_tried_again_until_it_takes_it(scene: Scene, failures: list[int]) -> None:
    courier = scene.courier()
    scene.receiver.answers = list(failures)
    scene.happen("rollout-halted", "rollout-succeeded")
    assert scene.deliver_all(courier) == len(failures) + 1
    assert scene.receiver.events() == ["halted"] * (len(failures) + 1) + ["done"]
    ids = [got.headers["fleetctl-delivery"] for got in scene.receiver.got]
    assert len(set(ids)) == 2, "a receiver can tell a repetition"
    assert len(scene.said) == 1, "said once, not at each try"


def test_nothing_is_tried_again_before_its_time(scene: Scene) -> None:
    courier = scene.courier()
    scene.receiver.answers = [500, 500]
    scene.happen("rollout-halted")
    assert courier.deliver() == 1
    scene.clock.advance(0.5)
    assert courier.deliver() == 0.5
    assert len(scene.receiver.got) == 1
    scene.clock.advance(0.5)
    assert courier.deliver() == 2
    assert len(scene.receiver.got) == 2


def test_a_dead_hook_holds_up_no_other(scene: Scene) -> None:
    scene.hooks = {"dead": Webhook("http://localhost:1/", "hook-key", EVENTS), **scene.hooks}
    courier = scene.courier()
    scene.happen("rollout-halted")
    assert courier.deliver() == 1
    assert scene.receiver.events() == ["halted"]


def test_what_was_not_delivered_when_the_controller_died_the_next_one_delivers(scene: Scene) -> None:
    first = scene.courier()
    scene.receiver.answers = [204, 500]
    scene.happen("approval-needed", "rollout-halted")
    first.deliver()
    scene.happen("rollout-succeeded")
    scene.courier().deliver()
    assert scene.receiver.events() == ["approval_needed", "halted", "halted", "done"]


def test_a_crash_between_the_answer_and_the_cursor_repeats_and_loses_nothing(scene: Scene) -> None:
    first = scene.courier()
    scene.happen("rollout-halted", "rollout-succeeded")
    before = dict(scene.state.rows.cursors)
    first.deliver()
    scene.state.rows.cursors.clear()
    scene.state.rows.cursors.update(before)
    scene.courier().deliver()
    assert scene.receiver.events() == ["halted", "done", "halted", "done"]
    assert len({got.document["id"] for got in scene.receiver.got}) == 2


def test_a_new_hook_hears_nothing_of_what_is_long_over(scene: Scene) -> None:
    scene.happen("rollout-halted")
    courier = scene.courier()
    scene.happen("rollout-succeeded")
    courier.deliver()
    scene.hooks["later"] = scene.hooks["on-call"]
    courier.deliver()
    scene.happen("rollout-failed")
    courier.deliver()
    assert scene.receiver.events() == ["done", "failed", "failed"]


def test_after_a_day_a_message_is_given_up_and_the_next_one_is_sent(scene: Scene) -> None:
    courier = scene.courier()
    scene.receiver.answers = [500, 500]
    scene.happen("rollout-halted")
    courier.deliver()
    scene.clock.advance(24 * 3600)
    scene.happen("rollout-succeeded")
    assert courier.deliver() is None
    assert scene.receiver.events() == ["halted", "halted", "done"]
    assert "on-call was never told 'text of rollout-halted': it answered 500" in scene.said[-1]


def test_a_secret_that_cannot_be_had_is_said_and_tried_again(scene: Scene) -> None:
    scene.hooks["on-call"] = Webhook(scene.receiver.url, "no-key", EVENTS)
    courier = scene.courier()
    scene.happen("rollout-halted")
    assert courier.deliver() == 1
    assert scene.receiver.got == []
    assert "secret 'no-key' is not declared" in scene.said[0]
    scene.hooks["on-call"] = Webhook(scene.receiver.url, "hook-key", EVENTS)
    scene.clock.advance(1)
    assert courier.deliver() is None
    assert scene.receiver.events() == ["halted"]


def test_a_hook_that_is_declared_no_more_is_forgotten(scene: Scene) -> None:
    courier = scene.courier()
    scene.receiver.answers = [500]
    scene.happen("rollout-halted")
    assert courier.deliver() is not None
    scene.hooks.clear()
    assert courier.deliver() is None


def test_a_long_log_is_read_in_parts(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "BATCH", 3)
    courier = scene.courier()
    scene.happen(*["unit-succeeded"] * 7, "rollout-succeeded", *["unit-succeeded"] * 2)
    assert courier.deliver() is None
    assert scene.receiver.events() == ["done"]
    assert scene.state.cursors.get("webhook on-call") == 10
