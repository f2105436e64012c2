"""The resolved fleet: every default applied, every reference checked.

These are plain frozen values that the rest of the program works on. What a person writes, with its defaults and
its possible mistakes, is in `declared`; the step from there to here is in `resolve`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from fleetctl.core.names import alias, unit_name
from fleetctl.core.policy import Policy


class Kind(StrEnum):
    """What a unit is."""

    RADIATOR = "radiator"
    BOILER = "boiler"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class BurnIn:
    """How a machine of a model is burned in, and in which bands it has to stay; see `declared.fleet.BurnIn`."""

    seconds: float = 1800.0
    power_tolerance: float = 0.1
    min_heatsink_rise_k: float = 5.0
    max_heatsink_rise_k: float = 60.0
    max_throttles: int = 0
    max_nic_errors: int = 0
    sensor_tolerance_k: float = 1.0


@dataclass(frozen=True, slots=True)
class Model:
    """A hardware model, as its maker describes it."""

    id: str
    kind: Kind
    compatible: str
    power_w: float
    modules: tuple[float, ...] = ()
    """Electrical power of each compute module, in watts; their sum is at most 1.1 times `power_w`."""
    aux_heater_w: float = 0.0
    water_max_c: float | None = None
    heats_without_gateway: bool = False
    reboot_p99_s: float = 300.0
    verify_s: float = 300.0
    slot_size_bytes: int = 0
    """Size of one slot of the system; 0 if it is not declared."""
    burn_in: BurnIn = field(default_factory=BurnIn)
    components: Mapping[str, str] = field(default_factory=dict)
    """Release of each component that is flashed apart from the system, by its name."""

    def compatible_of(self, component: str) -> str:
        """Return the compatible string of a component's releases."""
        return f"{self.compatible}-{component}"


@dataclass(frozen=True, slots=True)
class Release:
    """A version of the system for one kind of unit; its bundle is a RAUC bundle."""

    version: str
    compatible: str
    bundle: str = ""
    sha256: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """A room of a dwelling."""

    id: str
    area_m2: float


@dataclass(frozen=True, slots=True)
class Dwelling:
    """A dwelling (or an office) that units heat; one zone unless the site couples its rooms.

    Attributes:
        heat_loss_w_k: H, in W/K.
        capacity_kj_k: C, in kJ/K.
    """

    id: str
    building: str
    floor: int
    area_m2: float
    heat_loss_w_k: float
    capacity_kj_k: float
    rooms: tuple[Room, ...] = ()
    setpoint_c: float = 20.0
    cap_down_w: float | None = None
    quiet_hours: str = ""
    vulnerable: bool = False
    never: bool = False


@dataclass(frozen=True, slots=True)
class Zone:
    """A heated space where rooms exchange heat, declared when a dwelling is not one space."""

    id: str
    dwelling: str
    rooms: tuple[str, ...]
    heat_loss_w_k: float
    capacity_kj_k: float
    neighbours_w_k: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loop:
    """A hydraulic circuit with its tank.

    Attributes:
        volume_l: stored water; 400 L or more needs a disinfection mode and a backup.
        demand_w: heat that the loop must be able to deliver.
        backup_w: power of the conventional boilers that are in service.
    """

    id: str
    volume_l: float
    demand_w: float
    ua_w_k: float = 0.0
    ambient_c: float = 18.0
    backup_w: float = 0.0
    disinfection: str = ""
    disinfection_at: str = ""


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor of its own (not built into a unit) that proves heat in a room or on a loop."""

    id: str
    measures: str
    room: str = ""
    dwelling: str = ""
    loop: str = ""


@dataclass(frozen=True, slots=True)
class Ssh:
    """How fleetctl logs in."""

    user: str = "root"
    port: int = 22
    key: str = ""
    """Path of the private key, relative to the fleet's folder; empty for the agent's keys."""
    become: bool = False


@dataclass(frozen=True, slots=True)
class HeatSettings:
    """What the heat agent is told. The resident's own setpoint is not among it."""

    min_setpoint_c: float = 16.0
    max_setpoint_c: float = 26.0
    default_setpoint_c: float = 20.0
    watchdog_s: int = 60
    max_power_w: float = 0.0


@dataclass(frozen=True, slots=True)
class ComputeSettings:
    """What the compute platform's node daemon is told; `platform` is `none` for heat only."""

    platform: str = "none"
    controller: str = ""
    partition: str = "heat"
    cpus: int = 0
    secret: str = ""
    """Name of the secret that the node daemon authenticates with; see the fleet's `secrets`."""
    kind: str = ""
    """Kind of a platform of the fleet's `platforms`; empty for any other, which fleetctl does not speak with."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A place where a machine stands: a radiator, a boiler or a gateway, with every default applied."""

    site: str
    id: str
    kind: Kind
    model: str
    address: str
    building: str = ""
    serial: str = ""
    mac: str = ""
    gateway: str = ""
    """Id of the gateway that serves it; empty for a gateway."""
    dwelling: str = ""
    room: str = ""
    loop: str = ""
    port: str = ""
    channel: str = "stable"
    release: str = ""
    """Version that the unit should run: its own, or its channel's."""
    ssh: Ssh = field(default_factory=Ssh)
    heat: HeatSettings = field(default_factory=HeatSettings)
    compute: ComputeSettings = field(default_factory=ComputeSettings)
    labels: Mapping[str, str] = field(default_factory=dict)
    dial: tuple[str, ...] = ()
    """Command that reaches a gateway's SSH port on its standard input and output; empty for a direct connection."""
    uplink_address: str = ""
    """Address of a gateway's uplink, where the controller finds it; empty if `dial` is used."""

    @property
    def name(self) -> str:
        """Return `site/unit`."""
        return unit_name(self.site, self.id)

    @property
    def alias(self) -> str:
        """Return the name for SSH and Ansible."""
        return alias(self.name)

    @property
    def host_name(self) -> str:
        """Return the host name that the unit gives itself."""
        return self.id


@dataclass(frozen=True, slots=True)
class SiteNetwork:
    """The network behind a site's gateways."""

    cidr: str
    dns: tuple[str, ...] = ()
    ntp: tuple[str, ...] = ()
    domain: str = ""


@dataclass(frozen=True, slots=True)
class ForecastSource:
    """Where a site's weather forecast comes from: a file, relative to the fleet's folder, or an address."""

    file: str = ""
    url: str = ""


@dataclass(frozen=True)
class Site:
    """A site: buildings, their dwellings and loops, and the units in them."""

    id: str
    title: str
    time_zone: str
    design_temperature_c: float
    subscribed_power_w: float
    other_load_w: float
    network: SiteNetwork
    dwellings: Mapping[str, Dwelling] = field(default_factory=dict)
    zones: Mapping[str, Zone] = field(default_factory=dict)
    loops: Mapping[str, Loop] = field(default_factory=dict)
    sensors: Mapping[str, Sensor] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    """By the unit's id (without the site), in the order of the file, gateways first."""
    forecast: ForecastSource | None = None
    """None: the heat guard reckons with the design temperature."""
    digest: str = ""
    """Digest of the site's validated content; a plan binds to it."""


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret comes from. The value is never part of the inventory, of a digest or of a plan."""

    name: str
    backend: str
    """`env`, `age`, `vault` or `sops`."""
    locator: str
    """Environment variable, or `file#key`."""
    version: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """Somebody who is told what happens, over HTTP.

    Attributes:
        events: which of `notify.EVENTS`.
        secret: name of the secret that messages are signed with.
    """

    url: str
    secret: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Authority:
    """The fleet's own CA, whose certificates say which machine a unit is. Fleets without one register nothing.

    Attributes:
        root_sha256: of its root certificate, in hexadecimal: whoever changes the certificate changes no trust.
        valid_days: how long a machine's certificate holds.
        renew_days: how long before its end it is renewed.
        crl_url: where the list of revoked certificates can be had; empty if that is nowhere.
    """

    root_sha256: str
    valid_days: int = 90
    renew_days: int = 30
    crl_url: str = ""


@dataclass(frozen=True, slots=True)
class PlatformRef:
    """A compute platform that fleetctl speaks with.

    Attributes:
        kind: `slurm`.
        url: of its REST interface.
        token: name of the secret that is shown there.
        command: what runs its own programs; empty if none is needed.
    """

    id: str
    kind: str
    url: str
    token: str
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fleet:
    """Everything that is declared."""

    name: str
    models: Mapping[str, Model] = field(default_factory=dict)
    releases: Mapping[str, Release] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    secrets: Mapping[str, SecretRef] = field(default_factory=dict)
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    platforms: Mapping[str, PlatformRef] = field(default_factory=dict)
    sites: Mapping[str, Site] = field(default_factory=dict)
    authority: Authority | None = None
    """None: no unit is registered with anybody."""
    digest: str = ""
    """Digest of `fleet.yaml`'s validated content."""

    def units(self) -> Iterator[Unit]:
        """Yield every unit, site by site, in the order of the files."""
        for site in self.sites.values():
            yield from site.units.values()

    @cached_property
    def by_name(self) -> Mapping[str, Unit]:
        """Map `site/unit` to the unit."""
        return {unit.name: unit for unit in self.units()}

    def gateway_of(self, unit: Unit) -> Unit | None:
        """Return the gateway that serves `unit`, or None for a gateway itself."""
        return self.sites[unit.site].units[unit.gateway] if unit.gateway else None
