"""`fleet.yaml` as it is written: what all sites share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fleetctl.core.inventory.declared.authority import Authority
from fleetctl.core.inventory.declared.notify import Webhook
from fleetctl.core.inventory.declared.platforms import Platform
from fleetctl.core.inventory.declared.policy import Policy
from fleetctl.core.inventory.declared.quantities import (
    Count,
    Declared,
    FilePath,
    Id,
    Kelvins,
    Label,
    MachineWatts,
    Seconds,
    Sha256,
    Text,
    Version,
    WattList,
    Watts,
)
from fleetctl.core.inventory.declared.site import SiteDefaults, SiteSettings

KindName = Literal["radiator", "boiler", "gateway"]


class BurnIn(Declared):
    """How a machine of a model is burned in, and in which bands it has to stay."""

    seconds: Annotated[float, Field(ge=60, le=14_400)] = 1800.0
    """How long it runs at full load, in s."""
    power_tolerance: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """How far its electrical power may be off the nominal one, as a share."""
    min_heatsink_rise_k: Kelvins = 5.0
    """Least that its heatsink becomes warmer than the room, in K: if less, its sensor sits wrongly."""
    max_heatsink_rise_k: Kelvins = 60.0
    """Most that its heatsink may become warmer than the room, in K: more is a fan that stands still."""
    max_throttles: Count = 0
    """How often its processors may throttle."""
    max_nic_errors: Count = 0
    """How many errors its network interface may count."""
    sensor_tolerance_k: Annotated[float, Field(gt=0, le=10)] = 1.0
    """How far its temperature sensor may be off a reference before it heats, in K."""


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
    slot_size_bytes: Count = 0
    """Size of one slot of the system; a release whose image is larger is refused. 0: not known."""
    burn_in: BurnIn = BurnIn()
    """How a machine is burned in when it is commissioned."""
    components: dict[Id, Version] = Field(default_factory=dict)
    """Release, or channel, of each component that is flashed apart from the system, such as `controller`."""


class Release(Declared):
    """A version of the system for one kind of hardware."""

    compatible: Id
    """RAUC's compatible string: which models it fits; of a component the model's, a hyphen and its name."""
    bundle: FilePath = ""
    """Path or address of the RAUC bundle."""
    sha256: Sha256 | None = None
    """SHA-256 of the bundle."""
    size_bytes: Count = 0
    """Size of the bundle."""


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
    authority: Authority | None = None
    """The fleet's own CA; without one no unit is registered."""
    platforms: dict[Id, Platform] = Field(default_factory=dict)
    """Compute platforms that fleetctl drains units on; a unit names one in `compute.platform`."""
    notify: dict[Id, Webhook] = Field(default_factory=dict)
    """Who is told when a rollout halts, waits for an approval, ends or fails."""
