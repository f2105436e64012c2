"""Commands that the program gives to itself, in a process of their own."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def run(command: str, words: list[str]) -> bool:
    """Run one of them to its end; returns whether there is such a command."""
    if command not in OWN:
        return False
    OWN[command](words)
    return True


def _guard(words: list[str]) -> None:
    from fleet_unit.change import guard

    guard(words[0], float(words[1]))


def _blinking(words: list[str]) -> None:
    from fleet_unit.blink import blinking

    blinking(float(words[0]), words[1])


def _delayed_reboot(_: list[str]) -> None:
    from fleet_unit.reboot import delayed

    delayed("reboot")


def _delayed_power_off(_: list[str]) -> None:
    from fleet_unit.reboot import delayed

    delayed("poweroff")


def _load(words: list[str]) -> None:
    from fleet_unit.loading import load

    load(words[0])


def _fetch(words: list[str]) -> None:
    from fleet_unit.download import fetch

    fetch(words[0])


def _write_slot(words: list[str]) -> None:
    from fleet_unit.slotwriter import write_slot

    write_slot(words[0])


OWN: dict[str, Callable[[list[str]], None]] = {
    "guard": _guard,
    "blinking": _blinking,
    "delayed-reboot": _delayed_reboot,
    "delayed-power-off": _delayed_power_off,
    "load": _load,
    "fetch": _fetch,
    "write-slot": _write_slot,
}
