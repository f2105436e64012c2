"""A site as it is written: its places, its network, its units."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from fleetctl.core.inventory.declared.quantities import (
    Celsius,
    Cidr,
    ClockTime,
    Declared,
    FilePath,
    Host,
    Hosts,
    Hours,
    Id,
    Ids,
    KilojoulesPerKelvin,
    Label,
    Litres,
    Setpoint,
    SquareMetres,
    Text,
    TimeZone,
    Watts,
    WattsPerKelvin,
    form,
    in_schema,
)
from fleetctl.core.inventory.declared.units import (
    Boiler,
    BoilerDefaults,
    Gateway,
    HeaterDefaults,
    Radiator,
    Ssh,
    UnitDefaults,
)

_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?][!-~]*)?")
ForecastUrl = Annotated[
    Text,
    form(
        _URL,
        "bad-url",
        "is not the address of a forecast",
        "write one such as https://api.open-meteo.com/v1/forecast?latitude=43.7&longitude=1.5&hourly=temperature_2m",
    ),
    in_schema(_URL),
]


class Network(Declared):
    """The network behind a site's gateways."""

    cidr: Cidr | None = None
    """Network that all units of the site have their addresses in, such as `10.77.1.0/24`."""
    dns: Hosts | None = None
    """DNS servers that units use."""
    ntp: Hosts | None = None
    """Time servers that units use."""
    domain: Host | None = None
    """DNS domain of the units' host names."""


class Forecast(Declared):
    """Where the weather forecast comes from: either a file or an address."""

    file: FilePath | None = None
    """CSV, EPW or Open-Meteo's JSON, relative to the fleet's folder."""
    url: ForecastUrl | None = None
    """Address that answers with one of these."""


class DwellingDefaults(Declared):
    """What dwellings have in common."""

    building: Id | None = None
    """Building that the dwelling is in."""
    setpoint_c: Setpoint | None = None
    """Temperature that is planned with, in °C; the resident's own is never touched."""
    cap_down_w: Watts | None = None
    """Most heating power that may be down at once, in W."""
    quiet_hours: Hours | None = None
    """Hours without work, such as `22:00-07:00`, in the site's time zone."""
    vulnerable: bool | None = None
    """Someone here needs special care: stricter limits."""
    never: bool | None = None
    """No voluntary work here at all."""


class Dwelling(DwellingDefaults):
    """A dwelling or an office; one zone unless `zones` couples its rooms."""

    floor: Annotated[int, Field(ge=-9, le=99)] = 0
    """Floor, 0 at ground level."""
    area_m2: SquareMetres
    """Floor area, in m²."""
    heat_loss_w_k: WattsPerKelvin
    """Heat loss H, in W/K."""
    capacity_kj_k: KilojoulesPerKelvin
    """Thermal capacity C, in kJ/K."""
    rooms: dict[Id, SquareMetres] = Field(default_factory=dict)
    """Rooms and their floor areas, in m²."""


class Zone(Declared):
    """A heated space, where the rooms of a dwelling are not one space."""

    dwelling: Id
    """Dwelling that it belongs to."""
    rooms: Ids
    """Rooms that it consists of."""
    heat_loss_w_k: WattsPerKelvin
    """Heat loss to the outside, in W/K."""
    capacity_kj_k: KilojoulesPerKelvin
    """Thermal capacity, in kJ/K."""
    neighbours_w_k: dict[Id, WattsPerKelvin] = Field(default_factory=dict)
    """Zones that it exchanges heat with, and how much, in W/K."""


class Loop(Declared):
    """A hydraulic circuit with its tank."""

    volume_l: Litres
    """Stored water, in litres."""
    demand_w: Watts
    """Heat that the loop must be able to deliver, in W."""
    ua_w_k: Annotated[float, Field(ge=0)] = 0.0
    """Heat loss of the tank, in W/K."""
    ambient_c: Celsius = 18.0
    """Temperature around the tank, in °C."""
    backup_w: Watts = 0.0
    """Power of the conventional boilers that are in service, in W."""
    disinfection: Literal["continuous-55", "daily-60", "daily-65", "daily-70"] | None = None
    """How stored water is kept safe: always at 55 °C, or raised daily to 60 (1 h), 65 (4 min) or 70 °C (2 min)."""
    disinfection_at: ClockTime | None = None
    """When the daily raise starts, in the site's time zone."""


class Sensor(Declared):
    """A sensor of its own, not built into a unit."""

    measures: Literal["temperature", "water_out_temperature", "water_return_temperature", "power", "humidity", "co2"]
    """What it measures."""
    dwelling: Id | None = None
    """Dwelling that it is in."""
    room: Id | None = None
    """Room that it is in."""
    loop: Id | None = None
    """Loop that it is on."""


class SiteSettings(Declared):
    """What sites have in common; a site may say otherwise."""

    time_zone: TimeZone | None = None
    """Time zone by its IANA name, such as `Europe/Paris`."""
    design_temperature_c: Celsius | None = None
    """Outdoor temperature that the heating is designed for, in °C."""
    network: Network | None = None
    """The network behind the gateways."""
    ssh: Ssh | None = None
    """How fleetctl logs in to the site's units."""
    forecast: Forecast | None = None
    """Weather forecast for the heat guard; without one it reckons with the design temperature."""


class SiteDefaults(Declared):
    """Defaults inside a site."""

    dwelling: DwellingDefaults | None = None
    """For dwellings."""
    gateway: UnitDefaults | None = None
    """For gateways."""
    boiler: BoilerDefaults | None = None
    """For boilers."""
    radiator: HeaterDefaults | None = None
    """For radiators."""


class Site(SiteSettings):
    """A site; the file's (or the folder's) name is its id."""

    title: Text = ""
    """Name for people."""
    subscribed_power_w: Annotated[float, Field(gt=0)]
    """Electrical power that the site may draw, in W."""
    other_load_w: Watts = 0.0
    """Electrical power that anything else on the same connection may draw, in W."""
    defaults: SiteDefaults = SiteDefaults()
    """Defaults for the objects of this site."""
    gateways: dict[Label, Gateway] = Field(default_factory=dict)
    """Gateways by their host name."""
    dwellings: dict[Id, Dwelling] = Field(default_factory=dict)
    """Dwellings and offices."""
    zones: dict[Id, Zone] = Field(default_factory=dict)
    """Heated spaces where rooms of a dwelling exchange heat; without any a dwelling is one."""
    loops: dict[Id, Loop] = Field(default_factory=dict)
    """Hydraulic circuits."""
    sensors: dict[Label, Sensor] = Field(default_factory=dict)
    """Sensors that are not built into a unit."""
    boilers: dict[Label, Boiler] = Field(default_factory=dict)
    """Boilers by their host name."""
    radiators: dict[Label, Radiator] = Field(default_factory=dict)
    """Radiators by their host name."""
