"""Fetches the staged bundle over HTTP: resumes, keeps to a rate, waits for a source that is away (its own process).

The newest request counts: what it asks for is read again whenever a connection begins, and a process whose bundle is
not asked for any more ends.
"""

from __future__ import annotations

import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from fleet_unit.endings import Ended, Refused
from fleet_unit.files import dump, read_document, replace_file
from fleet_unit.partial import CHUNK_BYTES, Partial, was_completed
from fleet_unit.paths import STAGED
from fleet_unit.space import despite_full_disk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from http.client import HTTPResponse

    from fleet_unit.kinds import Document

SILENCE_S = 20.0
"""A connection over which nothing comes for so long is given up, and another one made."""
LONGEST_PAUSE_S = 15.0
LOOK_S = 2.0
"""How often it is seen whether the bundle is still asked for."""
OTHER_PROCESS_S = 5.0
TRANSIENT = (408, 425, 429, 500, 502, 503, 504)


class Superseded(Exception):
    """Another bundle is asked for meanwhile."""


def fetch(sha256: str) -> None:
    """Bring the staged bundle here, as far as that is possible; what stopped it is noted."""
    try:
        wanted = _wanted(sha256)
        with Partial(wanted, OTHER_PROCESS_S) as part:
            if not was_completed(wanted):
                _fetch(part)
    except (Superseded, Refused):
        return  # somebody else brings it, or nobody wants it
    except Ended as end:
        _note_failure(sha256, str(end))
    except OSError as error:
        _note_failure(sha256, f"{error.strerror}: {error.filename or 'on the way'}")


def _wanted(sha256: str) -> Document:
    wanted = read_document(STAGED)
    if wanted.get("sha256") != sha256:
        raise Superseded
    return wanted


def _note_failure(sha256: str, why: str) -> None:
    told = read_document(STAGED)
    if told.get("sha256") == sha256:
        despite_full_disk(replace_file, STAGED, dump({**told, "failure": why}))


def _fetch(part: Partial) -> None:
    """Take connection after connection until all of it is there.

    Raises:
        Ended: if it cannot be had, or nothing of it came for longer than the patience allows.
    """
    pause_s, since = 1.0, time.monotonic()
    while (before := part.received) < part.size_bytes:
        wanted = _wanted(part.sha256)
        why = _broken(part, wanted)
        if part.received > before:
            pause_s, since = 1.0, time.monotonic()
            continue
        if time.monotonic() - since + pause_s > wanted["patience_s"]:
            raise Ended(f"{wanted['url']} gives nothing: {why}")
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
    part.finish()


def _broken(part: Partial, wanted: Document) -> str:
    """Take what one connection gives; return why that was not all."""
    try:
        _take(part, wanted)
    except (OSError, HTTPException) as error:
        return str(error) or type(error).__name__
    return "the connection ended early"


def _take(part: Partial, wanted: Document) -> None:
    """Take what one connection gives.

    Raises:
        Ended: if it gives what is not wanted, or never will give it.
        OSError: if it breaks.
    """
    url = urlsplit(wanted["url"])
    connect = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = connect(url.hostname or "", url.port, timeout=SILENCE_S)
    try:
        connection.request("GET", url.path, headers={"Range": f"bytes={part.received}-"} if part.received else {})
        response = connection.getresponse()
        if response.status == 416:  # there is less of it than is here
            part.discard()
            return
        _refuse_others(part, response, wanted["url"])
        if response.status != 206:
            part.discard()
        _pour(part, response, wanted)
    finally:
        connection.close()


def _refuse_others(part: Partial, response: HTTPResponse, url: str) -> None:
    """Refuse what is no file, or one of another size, before a byte of it is taken."""
    if response.status in TRANSIENT:
        raise HTTPException(f"it answers {response.status} {response.reason}")
    if response.status not in (200, 206):
        raise Ended(f"{url} answers {response.status} {response.reason}")
    ranged = response.headers.get("Content-Range", "").rpartition("/")[2]
    told = ranged if response.status == 206 else response.headers.get("Content-Length", "")
    if told.isdigit() and int(told) != part.size_bytes:
        raise Ended(f"the file there has {told} bytes, not {part.size_bytes}: it is another, or cut off")


def _pour(part: Partial, response: HTTPResponse, wanted: Document) -> None:
    rate = wanted["rate"]
    at_once = min(CHUNK_BYTES, max(4096, rate // 10)) if rate else CHUNK_BYTES
    due = look_s = time.monotonic()
    while chunk := response.read1(at_once):
        part.append(chunk)
        if rate:
            due = max(due, time.monotonic() - 1.0) + len(chunk) / rate
            time.sleep(max(0.0, due - time.monotonic()))
        if time.monotonic() > look_s:
            look_s = time.monotonic() + LOOK_S
            _wanted(part.sha256)
