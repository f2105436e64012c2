"""The command line of `fleet-unit`.

    fleet-unit status          [--epoch N]
    fleet-unit configure       --epoch N --attempt ID --step N [--confirm-timeout S] < payload
    fleet-unit confirm         --epoch N --attempt ID --step N --digest D
    fleet-unit verify          --epoch N --attempt ID --step N --digest D [--pulse-seconds S --pulse-rise-k K]
    fleet-unit roll-back       --epoch N --attempt ID --step N --digest D
    fleet-unit drain           --epoch N --attempt ID --step N --reason R [--cancel-jobs]
    fleet-unit undrain         --epoch N --attempt ID --step N --reason R
    fleet-unit stage           --epoch N --attempt ID --step N --bundle SHA256 --size BYTES
                               [--url URL --rate BYTES_PER_S --patience S] [--digest D < payload]
    fleet-unit install         --epoch N --attempt ID --step N --bundle SHA256 --release VERSION
    fleet-unit flash           --epoch N --attempt ID --step N --component NAME --bundle SHA256 --version V
    fleet-unit receive         --epoch N --attempt ID --step N --bundle SHA256 --size BYTES --offset N < bytes
                               [--bases SHA256,...]
    fleet-unit activate-reboot --epoch N --attempt ID --step N [--slot NAME]
    fleet-unit netboot         --epoch N --attempt ID --step N
    fleet-unit identity        --epoch N --attempt ID --step N [--renew]
    fleet-unit enrol           --epoch N --attempt ID --step N < enrolment
    fleet-unit wipe-identity   --epoch N --attempt ID --step N
    fleet-unit power-off       --epoch N --attempt ID --step N
    fleet-unit burn-in         --epoch N --attempt ID --step N --seconds S [--every S --limit-c C --begin-at UNIX_S]
    fleet-unit heat-pattern    --epoch N --attempt ID --step N --pattern 01... --chip-seconds S
                               [--every S --limit-c C --begin-at UNIX_S]
    fleet-unit stop-load       --epoch N --attempt ID --step N
    fleet-unit samples
    fleet-unit sensors         [--since UNIX_S] [--skip READINGS]
    fleet-unit look            [--sweep NETWORK]
    fleet-unit blink           --for SECONDS
    fleet-unit boot
    fleet-unit mark-good       [--within S --ssh ADDRESS:PORT --fall-back]
    fleet-unit cache           --bind ADDRESS:PORT [--allow NETWORK]

Modules are imported by the commands that need them: a probe pays for every line that it reads.
"""

from __future__ import annotations

import os
import sys

from fleet_unit.files import dump
from fleet_unit.paths import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.kinds import Document

    Options = dict[str, str]

STEP = ("epoch", "attempt", "step")
NEEDED = {
    "status": (),
    "look": (),
    "blink": ("for",),
    "boot": (),
    "configure": STEP,
    "confirm": (*STEP, "digest"),
    "verify": (*STEP, "digest"),
    "roll-back": (*STEP, "digest"),
    "drain": (*STEP, "reason"),
    "undrain": (*STEP, "reason"),
    "activate-reboot": STEP,
    "netboot": STEP,
    "identity": STEP,
    "enrol": STEP,
    "wipe-identity": STEP,
    "power-off": STEP,
    "burn-in": (*STEP, "seconds"),
    "heat-pattern": (*STEP, "pattern", "chip-seconds"),
    "stop-load": STEP,
    "samples": (),
    "sensors": (),
    "stage": (*STEP, "bundle", "size"),
    "install": (*STEP, "bundle", "release"),
    "flash": (*STEP, "component", "bundle", "version"),
    "receive": (*STEP, "bundle", "size", "offset"),
    "mark-good": (),
    "cache": ("bind",),
}
NUMBERS = ("epoch", "step", "confirm-timeout", "size", "offset", "rate", "patience", "within", "for", "skip")


def main(arguments: list[str]) -> int:
    """Run one command; return the exit code."""
    os.umask(0o022)
    folders = (ROOT + folder for folder in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"))
    os.environ["PATH"] = ":".join((*filter(None, [os.environ.get("PATH")]), *folders))
    command, words = (arguments or [""])[0], arguments[1:]
    if command not in NEEDED:
        from fleet_unit.own import run

        return 0 if run(command, words) else usage()
    options = options_of(words)
    options["since"] = options.get("since", "0").partition(".")[0]
    numbers = all(options.get(key, "0").isdigit() for key in (*NUMBERS, "since"))
    if not numbers or not all(options.get(key) for key in NEEDED[command]):
        return usage()
    if command in SERVICES:
        return SERVICES[command](options)
    document = answer(command, options)
    if document is None:
        sys.stderr.write("the worker ended without an answer; ask again\n")
        return 1
    sys.stdout.buffer.write(dump(document))
    return 0


def options_of(words: list[str]) -> Options:
    """Return the options by name; one without a value has an empty one."""
    options: Options = {}
    name = ""
    for word in words:
        if word.startswith("--"):
            name = word[2:]
            options[name] = ""
        elif name:
            options[name], name = word, ""
    return options


def usage() -> int:
    """Say how the program is called."""
    sys.stderr.write((__doc__ or "").split("\n\n")[1] + "\n")
    return 2


def answer(command: str, options: Options) -> Document | None:
    """Run a command; return its document, or None if its worker ended without one."""
    if command == "status":
        from fleet_unit.status import status

        return status(int(options.get("epoch", 0)))
    if command == "boot":
        from fleet_unit.boot import boot

        return boot()
    if command == "look":
        from fleet_unit.look import look

        return look(options.get("sweep", ""))
    if command == "blink":
        from fleet_unit.blink import blink

        return blink(int(options["for"]))
    if command == "samples":
        from fleet_unit.load import samples

        return samples()
    if command == "sensors":
        from fleet_unit.sensors import sensors

        return sensors(int(options["since"]), int(options.get("skip", 0)))
    if command == "receive":
        from fleet_unit.commands import receive

        return receive(options)
    from fleet_unit.effect_commands import effect_command

    return effect_command(command, options)


def _mark_good(options: Options) -> int:
    from fleet_unit.markgood import mark_good

    within_s, ssh = float(options.get("within", 300)), options.get("ssh", "127.0.0.1:22")
    return mark_good(within_s, ssh, fall_back="fall-back" in options)


def _cache(options: Options) -> int:
    from fleet_unit.commands import cache

    return cache(options)


SERVICES: dict[str, Callable[[Options], int]] = {"mark-good": _mark_good, "cache": _cache}
"""Commands that the unit's own system runs; they have an exit code and no document."""
