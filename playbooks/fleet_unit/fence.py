"""The fence: a controller that was taken over may not touch the unit any more."""

from __future__ import annotations

import sys

from fleet_unit.endings import Refused
from fleet_unit.journal import Journal, newest_epoch
from fleet_unit.lock import Lock
from fleet_unit.space import set_space_aside


def raise_fence(epoch: int) -> None:
    """Remember a controller's epoch when it first looks: what its predecessor still has under way is refused then.

    An effect that is going on has the lock; it is seen in the status, and the next look raises the fence.
    """
    if epoch <= newest_epoch():
        return
    lock = Lock()
    try:
        set_space_aside()
        if lock.taken() and epoch > (journal := Journal()).epoch:
            journal.append({"epoch": epoch})
    except OSError as error:
        sys.stderr.write(f"the fence could not be raised: {error.strerror}\n")  # a full disk must not hide the unit
    finally:
        lock.release()


def refuse_older(epoch: int) -> None:
    """Refuse an epoch below the highest that was seen lately, else remember it."""
    if epoch < newest_epoch():
        raise Refused(f"epoch {epoch} is of a controller that was taken over: this unit has seen {newest_epoch()}")
    raise_fence(epoch)
