"""The stand-in's boot loader: which slot starts, how many attempts it has left, when to fall back.

The rules are those of RAUC's U-Boot integration (`BOOT_ORDER`, `BOOT_x_LEFT`): each boot uses up one attempt of the
first slot in order that has any; marking a slot good gives it all its attempts back. The rules are pure; `load` and
`store` keep the environment in one small file that is replaced atomically, for power may go at any moment.
"""

from __future__ import annotations

import os
from collections import namedtuple
from pathlib import Path

NAMES = {"A": "rootfs.0", "B": "rootfs.1"}
"""RAUC's slot name of each boot name."""
ATTEMPTS = 3


# A named tuple, for every probe asks RAUC, and dataclasses take 10 ms to import.
class Environment(
    namedtuple("Environment", ("order", "left"), defaults=(("A", "B"), (("A", ATTEMPTS), ("B", ATTEMPTS))))
):
    """What the boot loader remembers.

    Attributes:
        order: boot names, the preferred one first; a slot marked bad is not among them.
        left: attempts left, by boot name.
    """

    __slots__ = ()
    order: tuple[str, ...]
    left: tuple[tuple[str, int], ...]

    def attempts(self, slot: str) -> int:
        """Return how often `slot` may still be tried."""
        return dict(self.left)[slot]

    def is_good(self, slot: str) -> bool:
        """Say whether the boot loader would start `slot` at all."""
        return slot in self.order and self.attempts(slot) > 0

    @property
    def primary(self) -> str | None:
        """Return the slot that starts next, or None if none can."""
        return next((slot for slot in self.order if self.is_good(slot)), None)


def other(slot: str) -> str:
    """Return the boot name of the other slot."""
    return "B" if slot == "A" else "A"


def start(env: Environment) -> tuple[str, Environment]:
    """Choose the slot to boot and use up one of its attempts; with none left anywhere, begin again with all."""
    if env.primary is None:
        order = (*env.order, *(slot for slot in NAMES if slot not in env.order))
        env = Environment(order)
    slot = env.primary or "A"
    return slot, _with_attempts(env, slot, env.attempts(slot) - 1)


def mark_good(env: Environment, slot: str) -> Environment:
    """Give a slot all its attempts, and a place at the end of the order if it had none."""
    order = env.order if slot in env.order else (*env.order, slot)
    return _with_attempts(env, slot, ATTEMPTS)._replace(order=order)


def mark_bad(env: Environment, slot: str) -> Environment:
    """Take a slot out of the order and leave it no attempts."""
    return _with_attempts(env, slot, 0)._replace(order=tuple(s for s in env.order if s != slot))


def mark_active(env: Environment, slot: str) -> Environment:
    """Make a slot the first in order, with all its attempts."""
    order = (slot, *(s for s in env.order if s != slot))
    return _with_attempts(env, slot, ATTEMPTS)._replace(order=order)


def load(folder: Path) -> Environment:
    """Read the environment; a missing file is a boot loader fresh from the factory."""
    try:
        lines = (folder / "environment").read_text().splitlines()
    except FileNotFoundError:
        return Environment()
    values = dict(line.split("=", 1) for line in lines)
    left = tuple((slot, int(values[f"BOOT_{slot}_LEFT"])) for slot in NAMES)
    return Environment(tuple(values["BOOT_ORDER"].split()), left)


def store(folder: Path, env: Environment) -> None:
    """Replace the environment in one step."""
    lines = [f"BOOT_ORDER={' '.join(env.order)}", *(f"BOOT_{slot}_LEFT={count}" for slot, count in env.left)]
    replace_file(folder / "environment", "\n".join(lines) + "\n")


def replace_file(path: Path, text: str) -> None:
    """Write a file so that at any moment it holds either the old text or the new one, and the new one on return."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # or a power cut brings the old one back
    finally:
        os.close(folder)


def _with_attempts(env: Environment, slot: str, count: int) -> Environment:
    return env._replace(left=tuple((s, count if s == slot else n) for s, n in env.left))
