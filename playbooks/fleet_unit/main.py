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
    fleet-unit sensors         [--since UNIX_S]
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

from fleet_unit.endings import Refused
from fleet_unit.files import dump
from fleet_unit.paths import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.journal import Journal, Step
    from fleet_unit.kinds import Document

    Effect = Callable[[Step, Journal], str | tuple[str, Document]]
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
NUMBERS = ("epoch", "step", "confirm-timeout", "size", "offset", "rate", "patience", "within", "for")


def main(arguments: list[str]) -> int:
    """Run one command; return the exit code."""
    os.umask(0o022)
    folders = (ROOT + folder for folder in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"))
    os.environ["PATH"] = ":".join((*filter(None, [os.environ.get("PATH")]), *folders))
    command, words = (arguments or [""])[0], arguments[1:]
    if command in OWN:
        OWN[command](words)
        return 0
    options = options_of(words)
    needed = NEEDED.get(command)
    options["since"] = options.get("since", "0").partition(".")[0]
    numbers = all(options.get(key, "0").isdigit() for key in (*NUMBERS, "since"))
    if needed is None or not numbers or not all(options.get(key) for key in needed):
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

        return sensors(int(options["since"]))
    if command == "receive":
        from fleet_unit.commands import receive

        return receive(options)
    return effect_command(command, options)


def effect_command(command: str, options: Options) -> Document | None:
    """Run one of the commands that change something."""
    from fleet_unit.effects import perform
    from fleet_unit.journal import Step
    from fleet_unit.outcome import outcome
    from fleet_unit.worker import in_worker

    refusal, effect = "", None
    try:
        effect = EFFECTS[command](options)
    except Refused as refused:
        refusal = str(refused)
    step = Step(command, int(options["epoch"]), options["attempt"], int(options["step"]), options.get("digest", ""))
    if effect is None:
        return outcome(step, "refused", refusal)
    chosen = effect
    return in_worker(lambda: perform(step, chosen))


def _configure(options: Options) -> Effect:
    from fleet_unit.configure import configure
    from fleet_unit.payload import CONFIRM_TIMEOUT_S, read_payload

    payload = read_payload(options.get("digest", ""))
    options["digest"] = payload["digest"]
    asked_s = float(options.get("confirm-timeout", 0))
    return configure(payload, asked_s or float(payload.get("confirm_timeout_s", CONFIRM_TIMEOUT_S)))


def _confirm(_: Options) -> Effect:
    from fleet_unit.verify import confirm

    return confirm


def _verify(options: Options) -> Effect:
    from fleet_unit.heat import MAX_PULSE_K, MAX_PULSE_S
    from fleet_unit.verify import verify

    seconds = _bounded(options, "pulse-seconds", MAX_PULSE_S)
    return verify(seconds, _bounded(options, "pulse-rise-k", MAX_PULSE_K))


def _bounded(options: Options, name: str, most: float) -> float:
    """Return an option's number, 0 if it is not given.

    Raises:
        Refused: if it is none, or out of bounds.
    """
    try:
        number = float(options.get(name, 0))
    except ValueError:
        number = -1.0
    if not 0 <= number <= most:
        raise Refused(f"--{name} is {options[name]!r}, not a number up to {most:g}")
    return number


def _roll_back(_: Options) -> Effect:
    from fleet_unit.rollback import roll_back

    return roll_back


def _drain(options: Options) -> Effect:
    from fleet_unit.compute import drain

    return drain(options["reason"], cancel_jobs="cancel-jobs" in options)


def _undrain(options: Options) -> Effect:
    from fleet_unit.compute import undrain

    return undrain(options["reason"])


def _activate_reboot(options: Options) -> Effect:
    from fleet_unit.reboot import activate_reboot

    return activate_reboot(options.get("slot", ""))


def _netboot(_: Options) -> Effect:
    from fleet_unit.netboot import netboot

    return netboot


def _identity(options: Options) -> Effect:
    from fleet_unit.identity import identity

    return identity(renew="renew" in options)


def _enrol(_: Options) -> Effect:
    from fleet_unit.enrol import enrol, read_enrolment

    return enrol(read_enrolment())


def _wipe_identity(_: Options) -> Effect:
    from fleet_unit.identity import wipe_identity

    return wipe_identity


def _power_off(_: Options) -> Effect:
    from fleet_unit.reboot import power_off

    return power_off


def _of_load(name: str) -> Callable[[Options], Effect]:
    """Return what makes an effect of the module `load` out of options."""

    def made(options: Options) -> Effect:
        from fleet_unit import load

        effect: Effect = getattr(load, name)(options)
        return effect

    return made


def _stage(options: Options) -> Effect:
    from fleet_unit.commands import stage

    return stage(options)


def _install(options: Options) -> Effect:
    from fleet_unit.commands import install

    return install(options)


def _flash(options: Options) -> Effect:
    from fleet_unit.commands import flash

    return flash(options)


EFFECTS: dict[str, Callable[[Options], Effect]] = {
    "configure": _configure,
    "confirm": _confirm,
    "verify": _verify,
    "roll-back": _roll_back,
    "drain": _drain,
    "undrain": _undrain,
    "activate-reboot": _activate_reboot,
    "netboot": _netboot,
    "identity": _identity,
    "enrol": _enrol,
    "wipe-identity": _wipe_identity,
    "power-off": _power_off,
    "burn-in": _of_load("burn_in"),
    "heat-pattern": _of_load("heat_pattern"),
    "stop-load": _of_load("stop_load"),
    "stage": _stage,
    "install": _install,
    "flash": _flash,
}


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
"""Commands that the program gives to itself, in a process of their own."""


def _mark_good(options: Options) -> int:
    from fleet_unit.markgood import mark_good

    within_s, ssh = float(options.get("within", 300)), options.get("ssh", "127.0.0.1:22")
    return mark_good(within_s, ssh, fall_back="fall-back" in options)


def _cache(options: Options) -> int:
    from fleet_unit.commands import cache

    return cache(options)


SERVICES: dict[str, Callable[[Options], int]] = {"mark-good": _mark_good, "cache": _cache}
"""Commands that the unit's own system runs; they have an exit code and no document."""
