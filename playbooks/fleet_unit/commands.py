"""The options of the commands that bring a release here, checked and handed on."""

from __future__ import annotations

import sys

from fleet_unit.endings import Refused
from fleet_unit.journal import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.journal import Journal
    from fleet_unit.kinds import Document

    Effect = Callable[[Step, Journal], str]
    Options = dict[str, str]

PATIENCE_S = 120
MAX_BUNDLE_BYTES = 1 << 40


def stage(options: Options) -> Effect:
    """Return the effect that the options of `stage` ask for; reads the payload if a digest announces one.

    Raises:
        Refused: if an option makes no sense.
    """
    from fleet_unit.payload import read_payload
    from fleet_unit.staging import stage as effect_of

    url = options.get("url", "")
    if url and not url.startswith(("http://", "https://")):
        raise Refused(f"{url} is not an address to fetch a bundle from")
    bundle = {
        **_bundle(options),
        "url": url,
        "rate": int(options.get("rate", 0)),
        "patience_s": int(options.get("patience", PATIENCE_S)),
    }
    digest = options.get("digest", "")
    return effect_of(bundle, read_payload(digest) if digest else {})


def install(options: Options) -> Effect:
    """Return the effect that the options of `install` ask for.

    Raises:
        Refused: if an option makes no sense.
    """
    from fleet_unit.install import install as effect_of

    return effect_of(_sha256(options), options["release"])


def flash(options: Options) -> Effect:
    """Return the effect that the options of `flash` ask for.

    Raises:
        Refused: if an option makes no sense.
    """
    from fleet_unit.components import flash as effect_of

    return effect_of(options["component"], _sha256(options), options["version"])


def receive(options: Options) -> Document:
    """Let a bundle come in on standard input; return the outcome."""
    from fleet_unit.outcome import outcome
    from fleet_unit.receive import receive as receive_from_input

    step = Step("receive", int(options["epoch"]), options["attempt"], int(options["step"]), "")
    try:
        bases = [_digest(word, "--bases") for word in options.get("bases", "").split(",") if word]
        return receive_from_input(step, _bundle(options), int(options["offset"]), bases)
    except Refused as refusal:
        return {**outcome(step, refusal.ending, str(refusal)), "received_bytes": 0}


def cache(options: Options) -> int:
    """Serve bundles until the process is ended; return the exit code if that is not possible."""
    from fleet_unit.cache import cache as serve

    try:
        serve(options["bind"], options.get("allow", ""))
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
    return 1


def _bundle(options: Options) -> Document:
    size = int(options["size"])
    if not 0 < size <= MAX_BUNDLE_BYTES:
        raise Refused(f"--size is {size}, which no bundle has")
    return {"sha256": _sha256(options), "size_bytes": size}


def _sha256(options: Options) -> str:
    return _digest(options["bundle"], "--bundle")


def _digest(value: str, option: str) -> str:
    """Return the digest that names a bundle; it also names a file, so nothing else passes."""
    if len(value) != 64 or value.strip("0123456789abcdef"):
        raise Refused(f"{option} is not a SHA-256 in hexadecimal")
    return value
