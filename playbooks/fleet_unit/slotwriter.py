"""Writes the slot that `install` was asked for, by RAUC, and notes what came of it (a process of its own)."""

from __future__ import annotations

import hashlib
import os
import subprocess

from fleet_unit.bundles import complete, keep_newest
from fleet_unit.endings import Ended, Refused
from fleet_unit.files import dump, read_document, remove, replace_file
from fleet_unit.lock import Lock
from fleet_unit.paths import INSTALLED, INSTALLING, PERCENT
from fleet_unit.programs import program
from fleet_unit.slots import ask, by_name
from fleet_unit.space import despite_full_disk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document

OTHER_PROCESS_S = 5.0


def write_slot(sha256: str) -> None:
    """Install the bundle that was asked for last, if it is this one and nobody does so already."""
    try:
        with Lock(INSTALLING, timeout_s=OTHER_PROCESS_S):
            told = read_document(INSTALLED)
            if told.get("sha256") == sha256 and not told["done"]:
                _write(told)
    except Refused:
        return


def _write(told: Document) -> None:
    try:
        _rauc_install(complete(told["sha256"]))
        _check(told)
        result = {"done": True, "failure": ""}
    except Ended as end:
        _drop_damaged(told["sha256"])
        result = {"done": False, "failure": str(end)}
    except OSError as error:
        result = {"done": False, "failure": f"{error.strerror}: {error.filename or 'on the way'}"}
    despite_full_disk(replace_file, INSTALLED, dump({**told, **result}))
    remove(PERCENT)
    keep_newest()


def _rauc_install(bundle: str) -> None:
    """Let RAUC write the slot, and note how far it is.

    Raises:
        Ended: with RAUC's last words if it fails.
    """
    environment = {**os.environ, "LC_ALL": "C"}
    said = ""
    with subprocess.Popen(
        [program("rauc"), "install", bundle],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            percent = line.strip().partition("%")[0]
            if percent.isdigit():
                _note_percent(percent)
            elif line.strip():
                said = line.strip() if "rror" in line or not said else said
    if process.returncode != 0:
        raise Ended(f"RAUC could not install it: {said[-300:] or 'it does not say why'}")


def _note_percent(percent: str) -> None:
    os.makedirs(os.path.dirname(PERCENT), 0o755, exist_ok=True)
    with open(PERCENT + ".new", "w", encoding="ascii") as file:
        file.write(percent)
    os.rename(PERCENT + ".new", PERCENT)  # lost with the boot that it is about, so nothing is synced


def _check(told: Document) -> None:
    """Hold what was asked for against RAUC's own record of the slot.

    Raises:
        Ended: if they differ.
    """
    for about in by_name(ask("--detailed")).values():
        if about.get("bootname") == told["slot"]:
            slot = about.get("slot_status") or {}
            version, status = (slot.get("bundle") or {}).get("version"), slot.get("status")
            if (version, status) != (told["version"], "ok"):
                raise Ended(f"slot {told['slot']} has version {version or 'unknown'} and is {status or 'unknown'}")
            return
    raise Ended(f"RAUC knows no slot {told['slot']} any more")


def _drop_damaged(sha256: str) -> None:
    """Remove a bundle whose bytes are not what they were, so that it is staged anew."""
    digest = hashlib.sha256()
    try:
        with open(complete(sha256), "rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError:
        return  # what cannot be read now may be read later
    if digest.hexdigest() != sha256:
        remove(complete(sha256))
