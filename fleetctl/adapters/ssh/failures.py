"""Why an SSH connection could not be used: a cause for machines, object, fact and next step for people."""

from __future__ import annotations

from fleetctl.core.facts import Cause
from fleetctl.core.problems import CouldNot
from fleetctl.core.route import Hop, Pin
from fleetctl.core.routes import cure, first_key


class SshFailed(CouldNot):
    """Raised when a hop cannot be reached, proves the wrong key, or does not let us in."""

    def __init__(self, cause: Cause, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.cause = cause


def unreachable(hop: Hop, fact: str) -> SshFailed:
    """Return the failure of a hop that does not answer."""
    hint = f"'fleetctl unit show {hop.unit}' tells what was last known of it"
    return SshFailed(Cause.UNREACHABLE, f"{hop.unit}: no answer at {hop.host} port {hop.port}: {fact}", hint=hint)


def timed_out(hop: Hop, doing: str) -> SshFailed:
    """Return the failure of a hop that answers, but not in time."""
    hint = "it may be overloaded or hanging; it is asked again with the next probe"
    return SshFailed(Cause.TIMED_OUT, f"{hop.unit}: took too long to {doing}", hint=hint)


def too_long(hop: Hop, most: int) -> SshFailed:
    """Return the failure of a hop that says more than anything here is asked for; a part would be misread."""
    hint = "see on the machine itself what prints so much; a broken disk or a loop may"
    return SshFailed(Cause.BAD_ANSWER, f"{hop.unit}: its answer is longer than {most >> 20} MiB", hint=hint)


def gateway_down(why: SshFailed) -> SshFailed:
    """Return what the failure of a gateway means for the units behind it."""
    return SshFailed(Cause.GATEWAY_DOWN, f"its gateway cannot be used: {why}", hint=why.hint)


def key_unknown(hop: Hop, offered: Pin) -> SshFailed:
    """Return the failure of a hop that has no pinned host key."""
    fact = f"it offers {offered.fingerprint} ({offered.key_type}) and no host key is pinned"
    return SshFailed(Cause.HOST_KEY_UNKNOWN, f"{hop.unit}: {fact}", hint=first_key(hop.unit))


def key_changed(hop: Hop, offered: Pin) -> SshFailed:
    """Return the failure of a hop whose host key is not the pinned one."""
    pinned = " or ".join(f"{pin.fingerprint} ({pin.key_type})" for pin in hop.pins)
    fact = f"pinned is {pinned}, it offers {offered.fingerprint} ({offered.key_type})"
    hint = f"somebody may stand in between; if the machine was replaced or imaged by hand, {cure(hop.unit)}"
    return SshFailed(Cause.HOST_KEY_CHANGED, f"{hop.unit}: its host key has changed: {fact}", hint=hint)


def not_let_in(hop: Hop, why: str) -> SshFailed:
    """Return the failure of a hop that refuses our key."""
    what = f"the key {hop.identity_file}" if hop.identity_file else "every key of the SSH agent"
    hint = f"the public key belongs into the authorized_keys of '{hop.user}' on {hop.unit}"
    return SshFailed(Cause.AUTHENTICATION, f"{hop.unit}: refuses {what} for '{hop.user}': {why}", hint=hint)
