"""Feeds a file to a child process: as it is where nothing limits it, by the spoonful where a policy does."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

PIPE_BYTES = 1 << 20


class Feed(Protocol):
    """What a process reads on its standard input.

    Attributes:
        tick_s: how often it wants to be asked to go on.
    """

    tick_s: float

    @property
    def source(self) -> int:
        """Return the descriptor to start the process with."""
        ...

    @property
    def sent(self) -> int:
        """Return how many bytes have left."""
        ...

    def go_on(self) -> None:
        """Send what may be sent now; returns at once. At the end the process sees the end."""
        ...

    def started(self) -> None:
        """Note that the process has its own descriptor now."""
        ...


@contextmanager
def feed(file: Path, offset: int, rate_bytes_per_s: int) -> Iterator[Feed]:
    """Open a file from an offset on, for the length of a block.

    Args:
        file: to be read.
        offset: of the first byte.
        rate_bytes_per_s: how much may leave in a second; 0 sets no limit.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.lseek(descriptor, offset, os.SEEK_SET)
        if not rate_bytes_per_s:
            yield Whole(descriptor, offset)
            return
        paced = Paced(descriptor, rate_bytes_per_s)
        try:
            yield paced
        finally:
            paced.close()
    finally:
        os.close(descriptor)


class Whole:
    """The file itself. Nothing of it passes through this process."""

    tick_s = 0.5

    def __init__(self, descriptor: int, offset: int) -> None:
        self.source, self._offset = descriptor, offset

    @property
    def sent(self) -> int:
        """Return how far the file was read: a descriptor that was handed on shares its position."""
        return os.lseek(self.source, 0, os.SEEK_CUR) - self._offset

    def go_on(self) -> None:
        """Do nothing: whoever has the descriptor reads."""

    def started(self) -> None:
        """Do nothing: the position is read from it."""


class Paced:
    """A pipe that is filled at a limited rate, of 50 MB/s at most."""

    tick_s = 0.02

    def __init__(self, descriptor: int, rate_bytes_per_s: int) -> None:
        self._file, self._rate = descriptor, rate_bytes_per_s
        self.source, self._sink = os.pipe2(os.O_CLOEXEC)
        fcntl.fcntl(self._sink, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        os.set_blocking(self._sink, False)
        self.sent = 0
        self._began_s = time.monotonic()
        self._ended = False

    def go_on(self) -> None:
        """Send what the rate allows by now; what was missed in a stall is not made up for."""
        due = int((time.monotonic() - self._began_s) * self._rate) - self.sent
        if self._ended or due <= 0:
            return
        try:
            moved = os.sendfile(self._sink, self._file, None, due)
        except BlockingIOError:
            moved = -1
        except BrokenPipeError:  # the process has ended, and its end says why
            moved = 0
        self.sent += max(moved, 0)
        if moved < due:
            self._began_s = time.monotonic() - self.sent / self._rate
        if moved == 0:
            self._close_sink()

    def started(self) -> None:
        """Close our end of what the process reads, so that a process that ends breaks the pipe."""
        os.close(self.source)
        self.source = -1

    def close(self) -> None:
        """Close whatever is open."""
        self._close_sink()
        if self.source >= 0:
            self.started()

    def _close_sink(self) -> None:
        if not self._ended:
            os.close(self._sink)
        self._ended = True
