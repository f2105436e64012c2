"""The commands that change something: their options become an effect, which is fenced, journalled and done."""

from __future__ import annotations

from fleet_unit.endings import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.journal import Journal, Step
    from fleet_unit.kinds import Document

    Effect = Callable[[Step, Journal], str | tuple[str, Document]]
    Options = dict[str, str]


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
