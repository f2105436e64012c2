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
    """One effect at a time; a caller that waits too long is refused. Readers share it."""

    def __init__(self, *, exclusive: bool = True) -> None:
        self.kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        self.fd = -1

    def taken(self) -> bool:
        """Try to take the lock; say whether it was free."""
        try:
            if self.fd < 0:
                self.fd = os.open(STATE + "/lock", os.O_RDONLY | os.O_CREAT, 0o600)
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
        os.makedirs(STATE, 0o755, exist_ok=True)
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while not self.taken():
            if time.monotonic() > deadline:
                self.release()
                raise Refused("another effect is under way on this unit")
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self.release()
