"""A forwarded stream sends nothing after its end, whatever threads do: OpenSSH would end the gateway's connection."""

from __future__ import annotations

import threading
from typing import cast

import paramiko

from fleetctl.adapters.ssh.forwarded import Forwarded

DEADLINE_S = 60.0


class SlowChannel:
    """Stops in the middle of `send`, where paramiko has looked and not yet sent, until a test lets it go on."""

    def __init__(self, *, gateway_is_gone: bool = False) -> None:
        self.sent: list[str] = []
        self.in_send, self.go_on = threading.Event(), threading.Event()
        self.gateway_is_gone = gateway_is_gone

    def send(self, content: bytes) -> int:
        self.in_send.set()
        self.go_on.wait(DEADLINE_S)
        self.sent.append("data")
        return len(content)

    def close(self) -> None:
        self.sent.append("close")
        if self.gateway_is_gone:
            raise EOFError


def forwarded(channel: SlowChannel) -> Forwarded:
    return Forwarded(cast(paramiko.Channel, channel))


def test_a_thread_that_closes_does_not_overtake_one_that_sends() -> None:
    channel = SlowChannel()
    stream = forwarded(channel)
    sending = threading.Thread(target=stream.send, args=(b"x",))
    closing = threading.Thread(target=stream.close)
    sending.start()
    assert channel.in_send.wait(DEADLINE_S)
    closing.start()
    closing.join(0.05)  # time enough to overtake, if it could
    assert channel.sent == []
    channel.go_on.set()
    sending.join(DEADLINE_S)
    closing.join(DEADLINE_S)
    assert channel.sent == ["data", "close"]


def test_closing_is_quiet_when_the_gateway_is_gone() -> None:
    channel = SlowChannel(gateway_is_gone=True)
    forwarded(channel).close()
    assert channel.sent == ["close"]
