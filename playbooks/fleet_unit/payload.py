"""The payload that brings a config: read, and refused unless it can be staged as it is."""

from __future__ import annotations

import json
import os
import sys

from fleet_unit.endings import Refused
from fleet_unit.paths import ROOT
from fleet_unit.trees import MAX_FILE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fleet_unit.kinds import Document

CONFIG_SCHEMA = "fleetctl/config/v1"
ALLOWED = ("/etc/", "/srv/", "/var/lib/prometheus/node-exporter/")
IDENTITY = (  # a config may never touch who the unit is or who may log in
    "/etc/fleet/release",
    "/etc/group",
    "/etc/gshadow",
    "/etc/machine-id",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/ssh/ssh_host_",
    "/etc/sudoers",
)
MAX_FILES = 256
MAX_PAYLOAD_BYTES = 8 << 20
CONFIRM_TIMEOUT_S = 120.0
MAX_CONFIRM_TIMEOUT_S = 3600.0


def problems(payload: Any) -> Iterator[str]:
    """Yield what is wrong with a payload; a payload without problems can be staged as it is."""
    if not isinstance(payload, dict) or payload.get("schema") != CONFIG_SCHEMA:
        yield f"the payload is not of schema {CONFIG_SCHEMA}"
        return
    timeout = payload.get("confirm_timeout_s", CONFIRM_TIMEOUT_S)
    if type(timeout) not in (int, float) or not 0 < timeout <= MAX_CONFIRM_TIMEOUT_S:
        yield f"confirm_timeout_s is not a number up to {MAX_CONFIRM_TIMEOUT_S:.0f}"
    if not _is_digest(payload.get("digest")):
        yield "the digest is not a SHA-256 in hexadecimal"
    files = payload.get("files")
    if not isinstance(files, list) or not 0 < len(files) <= MAX_FILES:
        yield f"expected 1 to {MAX_FILES} files"
        return
    for file in files:
        yield from _file_problems(file)
    paths = sorted(f["path"] for f in files if isinstance(f, dict) and isinstance(f.get("path"), str))
    for one, other in zip(paths, paths[1:]):
        if one == other or other.startswith(one + "/"):
            yield f"{other} and {one} cannot both be files"


def _file_problems(file: Any) -> Iterator[str]:
    fields = {"path": str, "content": str, "mode": int, "service": str, "confirm": bool, "reboot": bool}
    if not isinstance(file, dict) or not all(type(file.get(key)) is kind for key, kind in fields.items()):
        yield "a file lacks a field or has one of the wrong type"
        return
    path = file["path"]
    yield from _path_problems(path)
    if not 0o400 <= file["mode"] <= 0o777:
        yield f"{path}: mode {file['mode']:o} is not allowed"
    if len(file["content"].encode("utf-8", "surrogatepass")) > MAX_FILE_BYTES:
        yield f"{path} is larger than {MAX_FILE_BYTES} bytes"
    if not _is_service(file["service"]):
        yield f"{path}: '{file['service']}' is not a service's name"
    if not _is_digest(file.get("source_digest")):
        yield f"{path}: the source digest is not a SHA-256 in hexadecimal"


def _path_problems(path: str) -> Iterator[str]:
    if not path.isprintable() or os.path.normpath(path) != path or not path.startswith(ALLOWED):
        yield f"{path!r} is not a plain path under {' or '.join(ALLOWED)}"
        return
    if path.startswith(IDENTITY) or path.endswith((".fleet-orig", ".new")):
        yield f"{path} is not a config's business"
    parent, base = os.path.realpath(ROOT + os.path.dirname(path)), os.path.realpath(ROOT + "/" + path.split("/")[1])
    if parent != base and not parent.startswith(base + "/"):
        yield f"{path} leads out of {base}"
    if os.path.isdir(ROOT + path) or (os.path.lexists(parent) and not os.path.isdir(parent)):
        yield f"{path} would replace a directory, or has a file for a directory"


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and not value.strip("0123456789abcdef")


def _is_service(value: str) -> bool:
    return value[:1] not in (".", "-") and all(c.isalnum() or c in "._@-" for c in value) and len(value) < 64


def read_payload(digest: str) -> Document:
    """Read a payload from standard input.

    Args:
        digest: that it shall have; empty if any will do.

    Raises:
        Refused: with what is wrong with it.
    """
    text = sys.stdin.buffer.read(MAX_PAYLOAD_BYTES + 1)
    if len(text) > MAX_PAYLOAD_BYTES:
        raise Refused(f"the payload is larger than {MAX_PAYLOAD_BYTES} bytes")
    try:
        payload: Document = json.loads(text)
    except ValueError as error:
        raise Refused("the payload is not JSON; it may have been cut on the way") from error
    wrong = [*problems(payload)]
    if not wrong and digest not in ("", payload["digest"]):
        wrong = [f"the payload is config {payload['digest'][:12]}, not {digest[:12]}"]
    if wrong:
        raise Refused("; ".join(wrong[:5]))
    return payload
