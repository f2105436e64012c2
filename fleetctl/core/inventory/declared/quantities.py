"""The kinds of values that an inventory holds, with their checks.

A failed check raises `PydanticCustomError`; its type becomes the problem's code and its `hint` the problem's hint.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, Strict
from pydantic_core import PydanticCustomError

from fleetctl.core.mac import MAC, normal_mac
from fleetctl.core.names import ID, LABEL, VERSION
from fleetctl.core.written import as_text


class Declared(BaseModel):
    """Base of everything declared: frozen, no unknown keys, no conversions."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


SERIAL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,62}[A-Za-z0-9])?")
TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
HOURS = re.compile(f"{TIME.pattern}-{TIME.pattern}")
HOST = re.compile(f"(?=.{{1,253}}$){LABEL.pattern}(?:\\.{LABEL.pattern})*|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+")
"""A host name, an IPv4 address (its parts are labels too), or what can only be an IPv6 address."""
ENDPOINT = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](?::[0-9]{1,5})?")
USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
TIME_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")
SWITCH_PORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9._-]+){1,3}")
PATH = re.compile(r"[^\x00-\x1f\x7f-][^\x00-\x1f\x7f]*")
SHA256 = re.compile(r"[0-9a-f]{64}")


def _refusal(code: str, fact: str, hint: str) -> PydanticCustomError:
    # The fact goes in as a value, because braces in a message template would be taken for fields.
    return PydanticCustomError(code, "{fact}", {"fact": fact, "hint": hint})


def form(pattern: re.Pattern[str], code: str, fault: str, hint: str) -> AfterValidator:
    """Make the check that a text has a form; `fault` completes the sentence that the text begins."""

    def check(text: str) -> str:
        if pattern.fullmatch(text):
            return text
        raise _refusal(code, f"{text!r} {fault}", hint)

    return AfterValidator(check)


def _ip(read: Callable[[str], object], code: str, what: str, hint: str) -> AfterValidator:
    """Make the check that `read` accepts a text. It stays a text: that is three times faster than address objects."""

    def check(text: str) -> str:
        try:
            read(text)
        except ValueError as error:
            raise _refusal(code, f"{text!r} is not {what}: {error}", hint) from None
        return text

    return AfterValidator(check)


def in_schema(pattern: re.Pattern[str] | None = None, *, digits: bool = False) -> Any:
    """Say what an editor is told: a pattern, and that digits alone, which an editor takes for a number, will do."""
    shape: dict[str, JsonValue] = {"pattern": f"^(?:{pattern.pattern})$"} if pattern else {}
    return Field(json_schema_extra=shape | ({"type": ["string", "number"]} if digits else {}))


_Text = Annotated[str, BeforeValidator(as_text)]
Text = Annotated[_Text, in_schema(digits=True)]
Label = Annotated[
    _Text,
    form(
        LABEL,
        "bad-name",
        "is not a host name label",
        "use 1 to 63 of a-z, 0-9 and '-', with a letter or digit at both ends: it becomes a host name",
    ),
    in_schema(LABEL, digits=True),
]
Id = Annotated[
    _Text,
    form(ID, "bad-name", "cannot be a name", "use letters, digits, '.', '_' and '-'"),
    in_schema(ID, digits=True),
]
Serial = Annotated[
    _Text,
    form(
        SERIAL,
        "bad-serial",
        "is not a serial number",
        "write the serial as on the label; a spreadsheet may have turned it into 1,23E+11",
    ),
    in_schema(SERIAL, digits=True),
]
Mac = Annotated[
    _Text,
    form(MAC, "bad-mac", "is not a MAC address", "write six pairs such as 02:00:5e:10:00:01"),
    AfterValidator(normal_mac),
    in_schema(MAC, digits=True),
]
Version = Annotated[
    _Text,
    form(VERSION, "bad-version", "is not a version", "use letters, digits, '.', '_', '+', '~' and '-'"),
    in_schema(VERSION, digits=True),
]
Host = Annotated[
    _Text,
    form(HOST, "bad-host", "is neither a host name nor an address", "write one such as ntp.example.net"),
    in_schema(HOST),
]
Endpoint = Annotated[
    _Text,
    form(ENDPOINT, "bad-host", "is neither a host nor host:port", "write one such as slurm.example.net:6817"),
    in_schema(ENDPOINT),
]
Address = Annotated[_Text, _ip(ipaddress.ip_address, "bad-address", "an IP address", "write one such as 10.77.1.11")]
Cidr = Annotated[
    _Text,
    _ip(
        ipaddress.ip_network,
        "bad-network",
        "a network",
        "write the network's own address and its length, such as 10.77.1.0/24",
    ),
]
ClockTime = Annotated[
    _Text,
    form(TIME, "bad-time", "is not a time of day", "write hours and minutes, such as 03:30"),
    in_schema(TIME),
]
Hours = Annotated[
    _Text,
    form(HOURS, "bad-hours", "is not a span of hours", "write start and end, such as 22:00-07:00"),
    in_schema(HOURS),
]
TimeZone = Annotated[
    _Text,
    form(TIME_ZONE, "bad-time-zone", "is not a time zone", "write its IANA name, such as Europe/Paris"),
    in_schema(TIME_ZONE),
]
User = Annotated[
    _Text,
    form(USER, "bad-user", "is not a login name", "use a-z, 0-9, '_' and '-', such as root"),
    in_schema(USER),
]
SwitchPort = Annotated[
    _Text,
    form(SWITCH_PORT, "bad-port", "is not a switch port", "write switch and port, such as sw1/11"),
    in_schema(SWITCH_PORT),
]
FilePath = Annotated[
    _Text, form(PATH, "bad-path", "is not a usable path", "leave out control characters and a leading '-'")
]
Sha256 = Annotated[
    _Text,
    form(SHA256, "bad-sha256", "is not a SHA-256 digest", "write the 64 hexadecimal digits that sha256sum prints"),
    in_schema(SHA256),
]

Texts = Annotated[tuple[Text, ...], Strict(False)]
Hosts = Annotated[tuple[Host, ...], Strict(False)]
Ids = Annotated[tuple[Id, ...], Strict(False)]

Watts = Annotated[float, Field(ge=0)]
MachineWatts = Annotated[float, Field(ge=1)]
WattList = Annotated[tuple[Watts, ...], Strict(False)]
WattsPerKelvin = Annotated[float, Field(gt=0)]
KilojoulesPerKelvin = Annotated[float, Field(gt=0)]
Litres = Annotated[float, Field(ge=0)]
SquareMetres = Annotated[float, Field(gt=0)]
Celsius = Annotated[float, Field(ge=-60, le=100)]
Kelvins = Annotated[float, Field(ge=0)]
Setpoint = Annotated[float, Field(ge=5, le=30)]
Percent = Annotated[float, Field(gt=0, le=100)]
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
