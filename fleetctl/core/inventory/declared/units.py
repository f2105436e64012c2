"""Units as they are written in a site file, and the defaults for a kind of unit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fleetctl.core.inventory.declared.quantities import (
    Address,
    Count,
    Declared,
    Endpoint,
    FilePath,
    Id,
    Label,
    Mac,
    Serial,
    Setpoint,
    SwitchPort,
    Text,
    Texts,
    User,
    Version,
    Watts,
)

Port = Annotated[int, Field(ge=1, le=65535)]


class Ssh(Declared):
    """How fleetctl logs in."""

    user: User | None = None
    """Login name on the unit, `root` if nothing else is said."""
    port: Port | None = None
    """TCP port of the SSH server, 22 if nothing else is said."""
    key: FilePath | None = None
    """Path of the private key, relative to the fleet's folder; without it the agent's keys are used."""
    become: bool | None = None
    """Run commands through `sudo -n`."""


class Heat(Declared):
    """What the heat agent is told. The resident's own setpoint is not among it."""

    min_setpoint_c: Setpoint | None = None
    """Lowest setpoint that a resident may choose, in °C."""
    max_setpoint_c: Setpoint | None = None
    """Highest setpoint that a resident may choose, in °C."""
    default_setpoint_c: Setpoint | None = None
    """Setpoint until a resident chooses one, in °C."""
    watchdog_s: Annotated[int, Field(ge=1, le=3600)] | None = None
    """Seconds after which a silent agent is restarted."""
    max_power_w: Watts | None = None
    """Most electrical power that the agent may draw, in W; the model's power if nothing else is said."""


class Compute(Declared):
    """What the compute platform's node daemon is told."""

    platform: Id | None = None
    """Compute platform: one declared in `fleet.yaml` under `platforms`, or `none` for heat only; `slurm` without such a
    declaration is one that fleetctl only tells the node daemon of."""
    controller: Endpoint | None = None
    """Host name or address of the platform's controller, with its port."""
    partition: Id | None = None
    """Partition or queue that the node joins."""
    cpus: Count | None = None
    """Processors offered; 0 lets the daemon count them."""
    secret: Id | None = None
    """Name of the secret that the node daemon authenticates with; declared in `fleet.yaml` under `secrets`."""


class UnitDefaults(Declared):
    """What units of a kind have in common; a unit may say otherwise."""

    model: Id | None = None
    """Hardware model, declared in `fleet.yaml` under `models`."""
    channel: Id | None = None
    """Release channel, declared in `fleet.yaml` under `channels`."""
    release: Version | None = None
    """Release that the unit must run, in place of its channel's."""
    ssh: Ssh | None = None
    """How fleetctl logs in."""
    labels: dict[Id, Text] | None = None
    """Free labels, for selectors and for monitoring."""


class HeaterDefaults(UnitDefaults):
    """What units that heat have in common."""

    gateway: Label | None = None
    """Gateway that serves the unit; needed only where a building has several."""
    heat: Heat | None = None
    """Settings of the heat agent."""
    compute: Compute | None = None
    """Settings of the compute platform's node daemon."""


class BoilerDefaults(HeaterDefaults):
    """What boilers have in common."""

    building: Id | None = None
    """Building that the boiler stands in; needed only where several buildings have gateways."""
    loop: Id | None = None
    """Hydraulic loop that the boiler heats."""


class Machine(Declared):
    """What is known of the machine at a place, and where it is plugged in."""

    serial: Serial | None = None
    """Serial number as on the label; may be missing until the machine is delivered."""
    mac: Mac | None = None
    """MAC address of the network port."""
    address: Address
    """IP address on the site's network."""
    port: SwitchPort | None = None
    """Switch and port that the unit is plugged into, such as `sw1/11`."""


class Radiator(HeaterDefaults, Machine):
    """A radiator: a place on a dwelling's wall."""

    dwelling: Id
    """Dwelling that it heats; its building and gateway are the dwelling's."""
    room: Id | None = None
    """Room that it stands in."""


class Boiler(BoilerDefaults, Machine):
    """A boiler on a hydraulic loop."""


class Gateway(UnitDefaults, Machine):
    """A gateway: controller, cache and boot server for the units of its building."""

    building: Id
    """Building that it serves."""
    uplink_address: Address | None = None
    """Address where the controller reaches it."""
    dial: Texts | None = None
    """Command whose standard input and output are a connection to its SSH port, in place of the uplink address."""
