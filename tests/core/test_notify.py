"""What people are told of, in which words, and how a receiver knows that it is from us."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace

import pytest

from fleetctl.core.notify import EVENTS, News, event_of, headers, message, signature, wait_s
from fleetctl.core.policy import Wave
from fleetctl.core.rollout.state import Noted, Phase, Status
from tests.builders.rollouts import rollout, rows
from tests.builders.world import START


def noted(what: str, text: str = "2 of 29 failed, limit 1") -> Noted:
    return Noted("r-1", "", START, what, text)


NEWS = News("u-1", 7, "halted", noted("rollout-halted"))


@pytest.mark.parametrize(
    ("what", "event"),
    [
        ("rollout-halted", "halted"),
        ("site-halted", "halted"),
        ("approval-needed", "approval_needed"),
        ("rollout-succeeded", "done"),
        ("rollout-aborted", "done"),
        ("rollout-failed", "failed"),
        ("unit-failed", None),
        ("hold-added", None),
    ],
)
def test_people_are_told_of_what_needs_them_and_of_the_end(what: str, event: str | None) -> None:
    assert event_of(noted(what)) == event


def test_a_message_says_what_happened_where_the_rollout_stands_and_what_to_do() -> None:
    first, *rest = rows()
    units = [replace(first, phase=Phase.FAILED), *rest]
    row = replace(rollout(), status=Status.HALTED, reason="by a gate", waves=(Wave("canary"), Wave("rest")), wave=1)
    document = json.loads(message(NEWS, row, units))
    assert document["schema"] == "fleetctl/notification/v1"
    assert (document["id"], document["event"], document["at"]) == ("u-1:7", "halted", "2026-01-15T18:00:00.000Z")
    assert (document["text"], document["rollout"]) == ("2 of 29 failed, limit 1", "r-1")
    assert document["next"] == "fleetctl rollout resume r-1"
    assert document["now"]["units"] == {"failed": 1, "pending": 2}
    assert (document["now"]["status"], document["now"]["wave"]) == ("halted", "rest")


def test_a_message_of_a_rollout_that_is_gone_still_says_what_happened() -> None:
    assert json.loads(message(NEWS, None, ()))["now"] is None


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_has_a_next_step(event: str) -> None:
    document = json.loads(message(replace(NEWS, event=event), None, ()))
    assert document["next"].startswith("fleetctl rollout ")
    assert document["next"].endswith(" r-1")


def test_text_that_is_no_utf8_is_sent_all_the_same() -> None:
    news = replace(NEWS, note=noted("rollout-halted", "from a unit: \ud800 é"))
    assert json.loads(message(news, None, ()))["text"] == "from a unit: ? é"


def test_a_signature_covers_time_and_body_and_needs_the_key() -> None:
    body = b'{"a": 1}'
    wanted = hmac.new(b"key", b"1768500000." + body, hashlib.sha256).hexdigest()
    assert signature("key", "1768500000", body) == wanted
    assert headers(NEWS, body, "key", START)["Fleetctl-Signature"] == f"v1={wanted}"
    for other in (("kez", "1768500000", body), ("key", "1768500001", body), ("key", "1768500000", body + b" ")):
        assert signature(*other) != wanted


def test_a_message_has_the_same_name_each_time_it_is_sent() -> None:
    first, again = headers(NEWS, b"{}", "key", START), headers(NEWS, b"{}", "key", START.replace(hour=19))
    assert first["Fleetctl-Delivery"] == again["Fleetctl-Delivery"] == "u-1:7"
    assert first["Fleetctl-Timestamp"] != again["Fleetctl-Timestamp"]


def test_waits_double_up_to_five_minutes() -> None:
    assert [wait_s(tries) for tries in (1, 2, 3, 9, 10, 1000)] == [1, 2, 4, 256, 300, 300]
