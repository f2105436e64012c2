"""The relay in a unit's cable: a process that joins two TAP devices by a bad line, for not every kernel has netem.

    python -m fleetctl.lab.relay NEAR FAR DELAY_MS JITTER_MS LOSS_PERCENT

It makes both devices in the network namespace that it runs in, says `ready` or in one line why not, and relays until
it is killed. The devices end with it. What is plugged into them is `networks`' affair.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import select
import struct
import sys
import time
from collections.abc import Iterable, Iterator

from fleetctl.lab.line import Line, Passage

READY = "ready"
_DEVICE = "/dev/net/tun"
_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
_LARGEST = 1 << 16
_AT_ONCE = 64
"""Packets read from one side before the other has its turn."""


def main() -> int:
    """Relay between the two devices that are named until killed."""
    near, far, *numbers = sys.argv[1:]
    try:
        ends = open_tap(near), open_tap(far)
    except OSError as error:
        print(f"{_DEVICE}: {error.strerror}", flush=True)
        return 1
    print(READY, flush=True)
    relay(*ends, Line(*map(float, numbers)))
    return 0


def open_tap(name: str) -> int:
    """Make a TAP device in this network namespace; it lasts as long as the descriptor that is returned.

    Raises:
        OSError: if this user may not open the kernel's device, or the name is taken.
    """
    descriptor = os.open(_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    request = struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI)
    fcntl.ioctl(descriptor, _TUNSETIFF, request)
    return descriptor


def relay(near: int, far: int, line: Line) -> None:
    """Pass packets between two descriptors in both directions, for ever; asleep while there is nothing to do."""
    chance = random.SystemRandom().random
    passages = {near: Passage(line, chance), far: Passage(line, chance)}
    other = {near: far, far: near}
    while True:
        readable, _, _ = select.select((near, far), (), (), _until_next_s(passages.values()))
        now_s = time.monotonic()
        for source in readable:
            for packet in _received(source):
                passages[source].set_off(packet, now_s)
        for source, passage in passages.items():
            for packet in passage.arrived(now_s):
                with contextlib.suppress(OSError):  # a device that is down: lost, as on a cable that is out
                    os.write(other[source], packet)


def _until_next_s(passages: Iterable[Passage]) -> float | None:
    due = [passage.next_s for passage in passages if passage.next_s is not None]
    return max(0.0, min(due) - time.monotonic()) if due else None


def _received(source: int) -> Iterator[bytes]:
    with contextlib.suppress(BlockingIOError):
        for _ in range(_AT_ONCE):
            yield os.read(source, _LARGEST)


if __name__ == "__main__":
    sys.exit(main())
