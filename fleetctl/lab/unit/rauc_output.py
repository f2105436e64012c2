"""What the RAUC stand-in prints: the same keys, in the same places, as the real one."""

from __future__ import annotations

import json
import shlex

from fleetctl.lab.unit import slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fleetctl.lab.unit.bundle import Manifest
    from fleetctl.lab.unit.rauc_slots import System


def status(system: System, form: str, *, detailed: bool) -> str:
    """Return the status in one of RAUC's forms: readable, shell, json or json-pretty."""
    document = status_document(system, detailed=detailed)
    if form in ("json", "json-pretty"):
        return json.dumps(document, indent=2 if form == "json-pretty" else None)
    return _shell(document) if form == "shell" else _readable(document)


def status_document(system: System, *, detailed: bool) -> dict[str, Any]:
    """Return the status as RAUC's JSON has it; `booted` is a boot name, `boot_primary` the name of a slot."""
    env = system.environment
    return {
        "compatible": system.compatible,
        "variant": "",
        "system_version": system.version,
        "booted": system.booted,
        "boot_primary": slots.NAMES[env.primary] if env.primary else None,
        "slots": [{slots.NAMES[slot]: _slot(system, env, slot, detailed=detailed)} for slot in slots.NAMES],
    }


def info(manifest: Manifest, form: str) -> str:
    """Return what a bundle says of itself."""
    from fleetctl.lab.unit.bundle import IMAGE

    image = {"filename": IMAGE, "checksum": manifest.sha256, "size": manifest.size, "hooks": [], "adaptive": None}
    document = {
        "compatible": manifest.compatible,
        "version": manifest.version,
        "description": manifest.description or None,
        "build": manifest.build or None,
        "format": "plain",
        "hooks": [],
        "images": [{"rootfs": image}],
    }
    if form in ("json", "json-pretty"):
        return json.dumps(document, indent=2 if form == "json-pretty" else None)
    if form == "shell":
        return f"RAUC_MF_COMPATIBLE={shlex.quote(manifest.compatible)}\nRAUC_MF_VERSION={shlex.quote(manifest.version)}"
    return (
        f"Compatible: \t'{manifest.compatible}'\nVersion:    \t'{manifest.version}'\n"
        f"Bundle Format: \tplain\n\n1 Image:\n  [rootfs]\n\tFilename:  {IMAGE}\n\tChecksum:  {manifest.sha256}\n"
        f"\tSize:      {manifest.size} bytes"
    )


def _slot(system: System, env: slots.Environment, slot: str, *, detailed: bool) -> dict[str, Any]:
    running = slot == system.booted
    about = {
        "class": "rootfs",
        "device": str(system.device(slot)),
        "type": "ext4",
        "bootname": slot,
        "state": "booted" if running else "inactive",
        "parent": None,
        "mountpoint": "/" if running else None,
        "boot_status": "good" if env.is_good(slot) else "bad",
    }
    return {**about, "slot_status": {"bundle": {}, **system.status_of(slot)}} if detailed else about


def _shell(document: dict[str, Any]) -> str:
    lines = {
        "RAUC_SYSTEM_COMPATIBLE": document["compatible"],
        "RAUC_SYSTEM_VARIANT": document["variant"],
        "RAUC_SYSTEM_VERSION": document["system_version"],
        "RAUC_SYSTEM_BOOTED_BOOTNAME": document["booted"],
        "RAUC_BOOT_PRIMARY": document["boot_primary"] or "",
        "RAUC_SYSTEM_SLOTS": " ".join(name for entry in document["slots"] for name in entry),
        "RAUC_SLOTS": " ".join(str(n) for n, _ in enumerate(document["slots"], 1)),
    }
    for number, entry in enumerate(document["slots"], 1):
        for name, about in entry.items():
            lines[f"RAUC_SLOT_NAME_{number}"] = name
            for key in ("state", "class", "device", "type", "bootname", "parent", "mountpoint", "boot_status"):
                lines[f"RAUC_SLOT_{key.upper()}_{number}"] = about[key] or ""
    return "\n".join(f"{key}={shlex.quote(value)}" for key, value in lines.items())


def _readable(document: dict[str, Any]) -> str:
    lines = [
        "=== System Info ===",
        f"Compatible:  {document['compatible']}",
        f"Booted from: {slots.NAMES[document['booted']]} ({document['booted']})",
        "",
        "=== Bootloader ===",
        f"Activated: {document['boot_primary'] or 'none'}",
        "",
        "=== Slot States ===",
    ]
    for entry in document["slots"]:
        for name, about in entry.items():
            mark = "x" if name == document["boot_primary"] else "o"
            lines.append(f"{mark} [{name}] ({about['device']}, {about['type']}, {about['state']})")
            lines.append(f"      bootname: {about['bootname']}")
            lines.append(f"      boot status: {about['boot_status']}")
    return "\n".join(lines)
