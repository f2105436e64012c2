"""One effect at a time on a unit."""

from __future__ import annotations

import errno
import fcntl
import os
import time

from fleet_unit.endings import Refused
from fleet_unit.paths import STATE

LOCK_TIMEOUT_S = 60.0


class Lock:
    """One effect at a time; a caller that waits too long is refused. Readers share it.

    Args:
        path: of the file that is locked; another than the effects' is for work that goes on after its effect.
        exclusive: nobody else has it.
        busy: what a caller that waits too long is told.
        timeout_s: how long it waits.
    """

    def __init__(
        self,
        path: str = STATE + "/lock",
        *,
        exclusive: bool = True,
        busy: str = "another effect is under way on this unit",
        timeout_s: float = LOCK_TIMEOUT_S,
    ) -> None:
        self.path, self.busy, self.timeout_s = path, busy, timeout_s
        self.kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        self.fd = -1

    def taken(self) -> bool:
        """Try to take the lock; say whether it was free."""
        try:
            if self.fd < 0:
                self.fd = os.open(self.path, os.O_RDONLY | os.O_CREAT, 0o600)
            fcntl.flock(self.fd, self.kind | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            if self.kind == fcntl.LOCK_EX:
                raise
        return True

    def release(self) -> None:
        """Give the lock up."""
        if self.fd >= 0:
            os.close(self.fd)

    def __enter__(self) -> None:
        os.makedirs(os.path.dirname(self.path), 0o755, exist_ok=True)
        deadline = time.monotonic() + self.timeout_s
        while not self.taken():
            if time.monotonic() > deadline:
                self.release()
                raise Refused(self.busy)
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self.release()


def is_held(path: str) -> bool:
    """Say whether somebody has a file's lock for himself; looks without taking it."""
    look = Lock(path, exclusive=False)
    try:
        return os.path.exists(path) and not look.taken()
    finally:
        look.release()
