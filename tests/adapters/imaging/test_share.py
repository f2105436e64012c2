"""How a rate is divided: on a clock that threads advance by asking for it."""

from __future__ import annotations

import threading
import time
from collections import Counter

from fleetctl.adapters.imaging.share import FairShare

SLICE = 1000


def test_without_a_rate_nobody_waits_and_everything_is_counted() -> None:
    share = FairShare()
    for _ in range(100):
        share.take("a", SLICE)
    assert share.sent() == {"a": 100 * SLICE}


def test_greedy_machines_do_not_get_more_than_their_part() -> None:
    """One machine asks by eight threads at once, four by one each; half a second at a rate for 200 slices."""
    share, over = FairShare(rate=400 * SLICE), threading.Event()

    def ask(client: str) -> None:
        while not over.is_set():
            share.take(client, SLICE)

    clients = ["greedy"] * 8 + [f"r{number}" for number in range(4)]
    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while sum(share.sent().values()) < 200 * SLICE and time.monotonic() < deadline:
        over.wait(0.02)
    over.set()
    for thread in threads:
        thread.join()
    sent = Counter(share.sent())
    mean = sum(sent.values()) / 5
    assert max(sent.values()) < 1.4 * mean
    assert min(sent.values()) > 0.6 * mean


def test_a_machine_that_takes_nothing_holds_nobody_up() -> None:
    share = FairShare(rate=1e6)
    share.take("slow", SLICE)
    began = time.monotonic()
    for _ in range(20):
        share.take("fast", SLICE)
    assert time.monotonic() - began < 5


def test_a_machine_that_was_away_does_not_catch_up_without_bound() -> None:
    share = FairShare(rate=1e9)
    share.take("late", SLICE)
    for _ in range(3000):
        share.take("busy", SLICE)
    share.take("late", SLICE)
    assert share.sent() == {"late": 2 * SLICE, "busy": 3000 * SLICE}
