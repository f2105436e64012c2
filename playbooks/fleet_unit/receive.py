"""`receive`: a bundle comes in over SSH, in as many pieces as it takes. It is fenced, but no step of the journal:
every call does what is left to do, and answers with how much is there."""

from __future__ import annotations

import os
import select
import time
from itertools import chain

from fleet_unit.bundles import here, is_there, make_room, received
from fleet_unit.difference import rebuilt
from fleet_unit.endings import Ended, Refused
from fleet_unit.fence import refuse_older
from fleet_unit.files import read_text
from fleet_unit.journal import Step
from fleet_unit.outcome import outcome
from fleet_unit.partial import Partial, was_completed
from fleet_unit.paths import RECEIVING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleet_unit.kinds import Document

SILENCE_S = 30.0
"""A caller that sends nothing for so long is gone, though its connection may not know."""
LOOK_S = 0.2
OTHER_PROCESS_S = 5.0
PIECE_BYTES = 1 << 20


def receive(step: Step, bundle: Document, offset: int, bases: list[str]) -> Document:
    """Append standard input to a bundle; return an outcome with `received_bytes`, and with the bundles that are here.

    Args:
        step: of the controller's; only its epoch matters.
        bundle: `sha256` and `size_bytes`.
        offset: the place in the bundle of the first byte that is sent; what is there already is passed over.
        bases: SHA-256 of the bundles that what is sent is the difference to; none if it is the bundle's own bytes.
    """
    try:
        refuse_older(step.epoch)
        ending, message = "ok", _receive(bundle, offset, bases)
    except Ended as end:
        ending, message = end.ending, str(end)
    except OSError as error:
        ending, message = "failed", f"{error.strerror}: {error.filename or 'on the way'}"
    return {**outcome(step, ending, message), "received_bytes": received(bundle["sha256"]), "bases": here()}


def _receive(bundle: Document, offset: int, bases: list[str]) -> str:
    if is_there(bundle):
        return "is there already"
    make_room(bundle)
    turn = Turn(bundle["sha256"])
    pieces = turn.pieces()
    first = next(pieces, b"")
    if first or received(bundle["sha256"]) == bundle["size_bytes"]:
        turn.take()
        sent = chain((first,), pieces)
        return _append(bundle, offset, rebuilt(sent, bases) if bases else sent)
    return f"{received(bundle['sha256'])} of {bundle['size_bytes']} bytes are there"


def _append(bundle: Document, offset: int, pieces: Iterator[bytes]) -> str:
    with Partial(bundle, OTHER_PROCESS_S) as part:
        if was_completed(bundle):
            return "is there already"
        if offset > part.received:
            raise Refused(f"it goes on at byte {part.received}, not at {offset}")
        passed_over = part.received - offset
        for piece in pieces:
            if passed_over < len(piece):
                part.append(piece[passed_over:])
            passed_over = max(0, passed_over - len(piece))
        if part.received < part.size_bytes:
            part.sync()
            return f"{part.received} of {part.size_bytes} bytes are there"
        part.finish()
    return "complete"


class Turn:
    """Whose turn it is to bring a bundle: the newest caller's. An older one may hang on a connection that is gone."""

    def __init__(self, sha256: str) -> None:
        self.path = f"{RECEIVING}.{sha256}"
        self.mine = str(os.getpid())
        self.is_taken = False

    def take(self) -> None:
        """Let every older caller end."""
        os.makedirs(os.path.dirname(self.path), 0o755, exist_ok=True)
        with open(self.path + self.mine, "w", encoding="ascii") as file:
            file.write(self.mine)
        os.rename(self.path + self.mine, self.path)
        self.is_taken = True

    def pieces(self) -> Iterator[bytes]:
        """Yield what comes on standard input, until it ends, nothing comes for long, or it is another's turn."""
        deadline = time.monotonic() + SILENCE_S
        while time.monotonic() < deadline:
            if select.select([0], [], [], LOOK_S)[0]:
                piece = os.read(0, PIECE_BYTES)
                if not piece:
                    return
                yield piece
                deadline = time.monotonic() + SILENCE_S
            elif self.is_taken and read_text(self.path) != self.mine:
                return
