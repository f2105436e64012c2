"""`fleet.yaml` as it is written: what all sites share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fleetctl.core.inventory.declared.quantities import (
    AtLeastOne,
    Count,
    Declared,
    FilePath,
    Id,
    Label,
    MachineWatts,
    Percent,
    Seconds,
    Sha256,
    Text,
    Version,
    WattList,
    Watts,
)
from fleetctl.core.inventory.declared.site import SiteDefaults, SiteSettings

KindName = Literal["radiator", "boiler", "gateway"]


class Model(Declared):
    """A hardware model, as its maker describes it."""

    kind: KindName
    """What it is."""
    compatible: Id
    """RAUC's compatible string: which releases fit it."""
    power_w: MachineWatts
    """Electrical power at full load, all of it heat, in W."""
    module_power_w: WattList = ()
    """Electrical power of each compute module, in W."""
    aux_heater_w: Watts = 0.0
    """Power of the auxiliary resistive heater, in W; not part of `power_w`."""
    water_max_c: Annotated[float, Field(ge=20, le=95)] | None = None
    """Hottest water that it makes, in °C."""
    heats_without_gateway: bool = False
    """It goes on heating while its gateway is down."""
    reboot_p99_s: Seconds = 300.0
    """Time in which 99 of 100 reboots are over, in s."""
    verify_s: Seconds = 300.0
    """Time to prove heat after a reboot, in s."""


class Release(Declared):
    """A version of the system for one kind of hardware."""

    compatible: Id
    """RAUC's compatible string: which models it fits."""
    bundle: FilePath = ""
    """Path or address of the RAUC bundle."""
    sha256: Sha256 | None = None
    """SHA-256 of the bundle."""
    size_bytes: Count = 0
    """Size of the bundle."""


class Policy(Declared):
    """How a rollout goes."""

    max_in_progress: AtLeastOne = 8
    """Units that may be worked on at the same time."""
    max_failed: Count = 1
    """The rollout stops when more units than this have failed."""
    max_failed_percent: Percent | None = None
    """The rollout stops when more than this share of its units has failed; needs `min_executed`."""
    min_executed: AtLeastOne | None = None
    """Units that must have been executed before `max_failed_percent` counts."""
    cap_down_w: Watts | None = None
    """Most heating power of one dwelling that may be down at once, in W; never rounded up."""
    retries: Annotated[int, Field(ge=0, le=10)] = 1
    """Further attempts at a unit that failed."""
    step_timeout_s: Seconds = 180.0
    """Longest time for one step on one unit, in s."""
    unit_timeout_s: Seconds = 1800.0
    """Longest time for one unit, in s."""
    confirm_timeout_s: Annotated[float, Field(ge=5, le=600)] = 120.0
    """After this time without a confirmation a unit restores the files that could have cut it off, in s."""
    unreachable: Literal["fail", "skip", "defer"] = "fail"
    """What becomes of a unit that cannot be reached."""


class Secret(Declared):
    """Where a secret comes from. Its value is never in the inventory."""

    backend: Literal["env", "age", "vault", "sops"]
    """Where the value is kept: an environment variable, or an encrypted file."""
    locator: Text
    """Name of the environment variable, or `file#key`."""
    version: Version
    """Version of the value; a new one makes a new configuration."""


class FleetDefaults(SiteDefaults):
    """Defaults for the objects of all sites."""

    site: SiteSettings | None = None
    """For sites."""


class Fleet(Declared):
    """A fleet: what all its sites share. The sites are files in the folder `sites`."""

    api: Literal["fleetctl/v1"]
    """Version of this format."""
    name: Label
    """Name of the fleet."""
    defaults: FleetDefaults = FleetDefaults()
    """Defaults for sites and for the objects in them."""
    models: dict[Id, Model] = Field(default_factory=dict)
    """Hardware models."""
    releases: dict[Version, Release] = Field(default_factory=dict)
    """Versions of the system."""
    channels: dict[Id, Version] = Field(default_factory=dict)
    """Release that each channel stands for."""
    policies: dict[Id, Policy] = Field(default_factory=dict)
    """How rollouts go; `default` is used if no other is named."""
    secrets: dict[Id, Secret] = Field(default_factory=dict)
    """Secrets by name."""
