"""A stand-in for `rauc`: its command line, its output and its exit codes, over two slots that a reboot picks from.

    rauc status [--detailed] [--output-format=readable|shell|json|json-pretty]
    rauc status mark-good|mark-bad|mark-active [booted|other|SLOT]
    rauc install BUNDLE
    rauc info [--output-format=...] BUNDLE

As on real units `activate-installed=false`: an install leaves the slot that it wrote inactive and not bootable, until
somebody marks it active.
"""

from __future__ import annotations

import sys

from fleetctl.lab.unit import slots
from fleetctl.lab.unit.rauc_slots import Refused, System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FORMATS = ("readable", "shell", "json", "json-pretty")
_MARKS: dict[str, tuple[Callable[[slots.Environment, str], slots.Environment], str]] = {
    "mark-good": (slots.mark_good, "marked slot {} as good"),
    "mark-bad": (slots.mark_bad, "marked slot {} as bad"),
    "mark-active": (slots.mark_active, "activated slot {}"),
}


def main() -> int:
    """Run one command; returns RAUC's exit code."""
    try:
        words, options = split(sys.argv[1:])
        return run(words, options)
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1


def split(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Split a command line into words and options; `--output-format` takes a value, the others do not.

    Raises:
        Refused: if an option is not known.
    """
    words: list[str] = []
    options: dict[str, str] = {}
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name == "--output-format":
            options[name] = value if equals else next(rest, "")
        elif argument in ("--detailed", "-d", "--debug"):
            options[argument] = ""
        elif argument.startswith("-"):
            raise Refused(f"Unknown option {argument}")
        else:
            words.append(argument)
    if options.get("--output-format", "json") not in _FORMATS:
        raise Refused(f"Unknown output format: '{options['--output-format']}'")
    return words, options


def run(words: Sequence[str], options: dict[str, str]) -> int:
    """Run a command given as words and options.

    Raises:
        Refused: with RAUC's message.
    """
    system = System.here()
    form = options.get("--output-format", "readable")
    if list(words) == ["status"]:
        from fleetctl.lab.unit import rauc_output

        print(rauc_output.status(system, form, detailed="--detailed" in options))
    elif words[:1] == ["status"] and len(words) <= 3 and words[1] in _MARKS:
        act, message = _MARKS[words[1]]
        print("rauc status: " + message.format(slots.NAMES[system.mark(words[2:], act)]))
    elif words[:1] == ["install"] and len(words) == 2:
        return _install(system, words[1])
    elif words[:1] == ["info"] and len(words) == 2:
        from fleetctl.lab.unit import rauc_output

        print(rauc_output.info(system.read_bundle(words[1]), form))
    else:
        raise Refused(__doc__.split("\n\n")[1] if __doc__ else "")
    return 0


def _install(system: System, bundle: str) -> int:
    print("installing", flush=True)
    try:
        for percent, message in system.install(bundle):
            print(f"{percent:3d}% {message}", flush=True)
    except (Refused, OSError) as failure:
        sys.stderr.write(f"LastError: Installation error: {failure}\nInstalling `{bundle}` failed\n")
        return 1
    print(f"idle\nInstalling `{bundle}` succeeded")
    return 0
