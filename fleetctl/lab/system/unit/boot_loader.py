"""RAUC's way to the boot loader (`bootloader-custom-backend`), over the environment that the boot loader itself reads.

boot-loader get-primary
boot-loader set-primary SLOT
boot-loader get-state SLOT
boot-loader set-state SLOT good|bad
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from fleetctl.lab.unit import slots

FOLDER = Path("/data/boot")


def main() -> int:
    """Do what RAUC asks for; returns the exit code."""
    try:
        said = answer(sys.argv[1:], FOLDER)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"boot loader: {error}\n")
        return 1
    sys.stdout.write(said)
    return 0


def answer(words: Sequence[str], folder: Path) -> str:
    """Return what is printed for a request; one that changes something prints nothing.

    Raises:
        ValueError: if there is no such request or slot.
        OSError: if the environment cannot be read or written.
    """
    env = slots.load(folder)
    match list(words):
        case ["get-primary"]:
            return f"{env.primary or ''}\n"
        case ["get-state", slot] if slot in slots.NAMES:
            return "good\n" if env.is_good(slot) else "bad\n"
        case ["set-primary", slot] if slot in slots.NAMES:
            slots.store(folder, slots.mark_active(env, slot))
        case ["set-state", slot, ("good" | "bad") as state] if slot in slots.NAMES:
            slots.store(folder, (slots.mark_good if state == "good" else slots.mark_bad)(env, slot))
        case _:
            raise ValueError(f"not a request: {' '.join(words)}")
    return ""
