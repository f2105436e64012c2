"""`receive`: a bundle comes in over SSH, in as many pieces as it takes. It is fenced, but no step of the journal:
every call does what is left to do, and answers with how much is there."""

from __future__ import annotations

import os
import select

from fleet_unit.bundles import is_there, make_room, received
from fleet_unit.endings import Ended, Refused
from fleet_unit.fence import refuse_older
from fleet_unit.journal import Step
from fleet_unit.outcome import outcome
from fleet_unit.partial import CHUNK_BYTES, Partial, was_completed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleet_unit.kinds import Document

SILENCE_S = 30.0
"""A caller that sends nothing for so long is gone, though its connection may not know."""
OTHER_PROCESS_S = 40.0


def receive(step: Step, bundle: Document, offset: int) -> Document:
    """Append standard input to a bundle; return an outcome with `received_bytes`.

    Args:
        step: of the controller's; only its epoch matters.
        bundle: `sha256` and `size_bytes`.
        offset: the place in the bundle of the first byte that is sent; what is there already is passed over.
    """
    try:
        refuse_older(step.epoch)
        ending, message = "ok", _receive(bundle, offset)
    except Ended as end:
        ending, message = end.ending, str(end)
    except OSError as error:
        ending, message = "failed", f"{error.strerror}: {error.filename or 'on the way'}"
    return {**outcome(step, ending, message), "received_bytes": received(bundle["sha256"])}


def _receive(bundle: Document, offset: int) -> str:
    if is_there(bundle):
        return "is there already"
    make_room(bundle)
    with Partial(bundle, OTHER_PROCESS_S) as part:
        if was_completed(bundle):
            return "is there already"
        if offset > part.received:
            raise Refused(f"it goes on at byte {part.received}, not at {offset}")
        _append(part, part.received - offset)
        if part.received < part.size_bytes:
            part.sync()
            return f"{part.received} of {part.size_bytes} bytes are there"
        part.finish()
    return "complete"


def _append(part: Partial, passed_over: int) -> None:
    for chunk in _input():
        if passed_over < len(chunk):
            part.append(chunk[passed_over:])
        passed_over = max(0, passed_over - len(chunk))


def _input() -> Iterator[bytes]:
    """Yield what comes on standard input, to its end or until nothing comes any more."""
    while select.select([0], [], [], SILENCE_S)[0]:
        chunk = os.read(0, CHUNK_BYTES)
        if not chunk:
            return
        yield chunk
