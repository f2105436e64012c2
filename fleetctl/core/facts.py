"""What was observed on a unit, or why it was not.

`facts_from_status` reads the document that `fleet-unit status` prints (schema `fleetctl/unit-status/v1`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from fleetctl.core.commissioning.load import Load, load_from
from fleetctl.core.digest import digest_of

STATUS_SCHEMA = "fleetctl/unit-status/v1"


class Cause(StrEnum):
    """Why a unit could not be observed, or why an attempt failed."""

    UNREACHABLE = "unreachable"
    """No answer on the SSH port, although the gateway answers."""
    GATEWAY_DOWN = "gateway_down"
    """The gateway does not answer, so nothing is known of the units behind it."""
    HOST_KEY_UNKNOWN = "host_key_unknown"
    HOST_KEY_CHANGED = "host_key_changed"
    AUTHENTICATION = "authentication"
    TIMED_OUT = "timed_out"
    BAD_ANSWER = "bad_answer"
    """The unit answered, but not with a status document."""
    FENCED = "fenced"
    """The unit has seen a newer controller."""
    REFUSED = "refused"
    """The unit refused the configuration; nothing was changed."""
    ROLLED_BACK = "rolled_back"
    """The unit applied the configuration, a check failed, and it restored the old one."""
    NO_OUTCOME = "no_outcome"
    """The step ended without saying how; the unit is in doubt."""
    WRONG_IDENTITY = "wrong_identity"
    NOT_VERIFIED = "not_verified"
    NOT_STAGED = "not_staged"
    """The bundle could not be brought or installed; nothing was interrupted."""
    CANCELLED = "cancelled"
    AWAY = "away"
    """The CA or the compute platform could not be asked; what is left to do is done by asking again."""


@dataclass(frozen=True, slots=True)
class Heat:
    """What the unit's heat agent last wrote to `/run/heat/state.json`; `age_s` is computed on the unit."""

    age_s: float
    power_w: float
    commanded_w: float
    setpoint_c: float | None = None
    zone_temperature_c: float | None = None
    water_out_c: float | None = None
    water_return_c: float | None = None
    aux_heater_w: float = 0.0
    faults: tuple[str, ...] = ()
    pulse_left_s: float = 0.0
    """How long the heat pulse that was asked for may still last; 0 if none runs. Computed on the unit."""


@dataclass(frozen=True, slots=True)
class Compute:
    """What the unit's compute daemon does.

    A unit is free of jobs when it is drained *and* has none: before the daemon has taken notice of a drain it may still
    take a job.

    Attributes:
        drained: it takes no new job.
        reason: of the drain that was asked for; empty if none was. `drain_reason` tells ours.
        jobs: how many run.
    """

    drained: bool
    reason: str = ""
    jobs: int = 0


def drain_reason(rollout: str) -> str:
    """Return the reason that stands on a unit that a rollout has drained; only a drain with it is undone by it."""
    return f"fleetctl {rollout}"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """The newest record of the unit's own journal: what it was asked to do and what came of it."""

    epoch: int
    attempt: str
    step: str
    outcome: str
    """`ok`, `refused`, `rolled_back`, `failed`, or empty while the step is under way."""


@dataclass(frozen=True, slots=True)
class Staged:
    """The bundle that was brought to the unit last, or is on its way.

    Attributes:
        sha256: of the whole bundle, in hexadecimal.
        size_bytes: of the whole bundle.
        received_bytes: how much of it is there.
        ready: it is there, with the right digest, and the config that goes with it too.
        failure: why it does not go on by itself, in words; empty if it does, or is ready.
    """

    sha256: str
    size_bytes: int
    received_bytes: int
    ready: bool
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Installed:
    """What was installed last, or is being installed, in the slot that was not booted.

    Attributes:
        sha256: of its bundle, in hexadecimal.
        version: of the release.
        slot: boot name of the slot that it is written to.
        percent: how far it is.
        done: it is written completely; the slot may be activated.
        failure: why it does not go on by itself, in words; empty if it does, or is done.
    """

    sha256: str
    version: str
    slot: str
    percent: float = 0.0
    done: bool = False
    failure: str = ""


@dataclass(frozen=True)
class Facts:
    """What one probe saw.

    Attributes:
        config_digest: of the config that the booted slot's pointer names; empty if there is none.
        config_changed: paths whose content on the unit is no longer what was applied (somebody edited them).
        unconfirmed: digest of a commit-confirmed config that waits for its confirmation; empty if none.
        files: source digest of each file of the applied config, by path.
    """

    unit: str
    at: datetime
    boot_id: str
    serial: str
    model: str
    kind: str
    version: str
    booted: str
    primary: str
    config_digest: str
    host_key: str = ""
    registration: str = ""
    config_changed: tuple[str, ...] = ()
    unconfirmed: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    slots: Mapping[str, str] = field(default_factory=dict)
    """`good` or `bad` by slot name."""
    heat: Heat | None = None
    journal: JournalEntry | None = None
    reboot_needed: bool = False
    """An applied file takes effect only after a reboot that has not happened yet."""
    previous_digest: str = ""
    """Of the config that a roll-back would bring back; empty if there is none."""
    compute: Compute | None = None
    """None if the unit runs no compute daemon."""
    staged: Staged | None = None
    installed: Installed | None = None
    certificate: str = ""
    """Number of the certificate that says who it is; empty if it has none."""
    certificate_until: datetime | None = None
    """End of that certificate."""
    components: Mapping[str, str] = field(default_factory=dict)
    """Version of each component that is flashed apart from the system (controller firmware, boot loader), by name."""

    load: Load | None = None
    """The burn-in or heat pattern that the unit was given last; None if it was given none."""

    @property
    def binding_digest(self) -> str:
        """Return the digest of what a plan binds to: slot, version, config, registration and host key."""
        return digest_of(
            [
                self.booted,
                self.version,
                self.config_digest,
                sorted(self.config_changed),
                self.registration,
                self.host_key,
                self.reboot_needed,
                *([sorted(self.components.items())] if self.components else []),
            ]
        )


@dataclass(frozen=True, slots=True)
class Unobserved:
    """A unit that could not be observed: the cause for machines, the message and the cure for people."""

    unit: str
    at: datetime
    cause: Cause
    message: str
    hint: str = ""


Observation = Facts | Unobserved


def facts_from_status(unit: str, document: Mapping[str, Any], *, at: datetime, host_key: str) -> Facts:
    """Read the status document of a unit.

    Args:
        unit: name of the unit that was asked.
        document: what `fleet-unit status` printed.
        at: when the controller received it.
        host_key: fingerprint of the host key that the unit proved.

    Raises:
        ValueError: if the document is not of schema `fleetctl/unit-status/v1`; says what is missing.
    """
    if document.get("schema") != STATUS_SCHEMA:
        raise ValueError(f"expected a document of schema {STATUS_SCHEMA}, got {document.get('schema')!r}")
    try:
        release, slots, config = document["release"], document["slots"], document["config"]
        update = document.get("update") or {}
        return Facts(
            unit=unit,
            at=at,
            boot_id=document["boot_id"],
            serial=release["serial"],
            model=release["model"],
            kind=release["kind"],
            version=release["version"],
            booted=slots["booted"],
            primary=slots["primary"],
            slots=dict(slots.get("states", {})),
            config_digest=config["digest"],
            config_changed=tuple(config.get("changed", ())),
            unconfirmed=config.get("unconfirmed", ""),
            files=dict(config.get("files", {})),
            reboot_needed=bool(config.get("reboot_needed", False)),
            previous_digest=config.get("previous", ""),
            host_key=host_key,
            registration=document.get("registration", ""),
            **_certificate(document.get("certificate")),
            heat=_heat(document.get("heat")),
            journal=_journal(document.get("journal")),
            compute=_compute(document.get("compute")),
            staged=_staged(update.get("staged")),
            installed=_installed(update.get("installed")),
            components=dict(document.get("components") or {}),
            load=load_from(document.get("load")),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"the status document lacks or misshapes {error}") from error


def _heat(document: Mapping[str, Any] | None) -> Heat | None:
    if not document:
        return None
    return Heat(
        age_s=float(document["age_s"]),
        power_w=float(document["power_w"]),
        commanded_w=float(document["commanded_w"]),
        setpoint_c=document.get("setpoint_c"),
        zone_temperature_c=document.get("zone_temperature_c"),
        water_out_c=document.get("water_out_c"),
        water_return_c=document.get("water_return_c"),
        aux_heater_w=float(document.get("aux_heater_w") or 0.0),
        faults=tuple(document.get("faults", ())),
        pulse_left_s=float(document.get("pulse_left_s") or 0.0),
    )


def _compute(document: Mapping[str, Any] | None) -> Compute | None:
    if not document:
        return None
    return Compute(bool(document["drained"]), str(document.get("reason", "")), int(document["jobs"]))


def _staged(document: Mapping[str, Any] | None) -> Staged | None:
    if not document:
        return None
    return Staged(
        sha256=str(document["sha256"]),
        size_bytes=int(document["size_bytes"]),
        received_bytes=int(document["received_bytes"]),
        ready=bool(document["ready"]),
        failure=str(document.get("failure") or ""),
    )


def _installed(document: Mapping[str, Any] | None) -> Installed | None:
    if not document:
        return None
    return Installed(
        sha256=str(document["sha256"]),
        version=str(document["version"]),
        slot=str(document["slot"]),
        percent=float(document.get("percent") or 0.0),
        done=bool(document["done"]),
        failure=str(document.get("failure") or ""),
    )


def _certificate(document: Mapping[str, Any] | None) -> dict[str, Any]:
    if not document:
        return {}
    return {
        "certificate": str(document["number"]),
        "certificate_until": datetime.fromisoformat(document["not_after"]),
    }


def _journal(document: Mapping[str, Any] | None) -> JournalEntry | None:
    if not document:
        return None
    return JournalEntry(
        epoch=int(document["epoch"]),
        attempt=document["attempt"],
        step=document["step"],
        outcome=document.get("outcome", ""),
    )
