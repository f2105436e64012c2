"""The kinds of values that an inventory holds, with their checks.

A failed check raises `PydanticCustomError`; its type becomes the problem's code and its `hint` the problem's hint.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

from fleetctl.core.names import LABEL, is_label
from fleetctl.core.written import as_text


class Declared(BaseModel):
    """Base of everything declared: frozen, no unknown keys, no conversions."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


_PATH = re.compile(r"[^\x00-\x1f\x7f]+")
_MAC_PLAIN = re.compile(r"[0-9a-f]{12}")
_MAC_FORMS = re.compile(
    r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}"
    r"|[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}|[0-9A-Fa-f]{12}"
)
ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
SERIAL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,62}[A-Za-z0-9])?")
PORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9._-]+){1,3}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,63}")
TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_TIME_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_ENDPOINT = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](?::[0-9]{1,5})?")
HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")


def refusal(code: str, message: str, hint: str) -> PydanticCustomError:
    """Make the error of a failed check.

    Args:
        code: the problem's code; a literal in kebab case.
        message: the fact, without the place.
        hint: the next step.
    """
    # The message goes in as a value, because braces in a template would be taken for fields.
    return PydanticCustomError(code, "{fact}", {"fact": message, "hint": hint})


def _label(text: str) -> str:
    if is_label(text):
        return text
    hint = "use 1 to 63 of a-z, 0-9 and '-', with a letter or digit at both ends: it becomes a host name"
    raise refusal("bad-name", f"'{text}' is not a host name label", hint)


def _id(text: str) -> str:
    if ID.fullmatch(text):
        return text
    raise refusal("bad-name", f"'{text}' cannot be a name", "use letters, digits, '.', '_' and '-'")


def _host(text: str) -> str:
    if HOST.fullmatch(text) and len(text) <= 253:
        return text
    raise refusal("bad-host", f"'{text}' is neither a host name nor an address", "write a name such as ntp.example.net")


def _user(text: str) -> str:
    if _USER.fullmatch(text):
        return text
    raise refusal("bad-user", f"'{text}' is not a login name", "use a-z, 0-9, '_' and '-', such as root")


def _endpoint(text: str) -> str:
    if _ENDPOINT.fullmatch(text):
        return text
    raise refusal("bad-host", f"'{text}' is neither a host nor host:port", "write one such as slurm.example.net:6817")


def _time_zone(text: str) -> str:
    if _TIME_ZONE.fullmatch(text):
        return text
    raise refusal("bad-time-zone", f"'{text}' is not a time zone", "write its IANA name, such as Europe/Paris")


def _mac(text: str) -> str:
    if _MAC_FORMS.fullmatch(text) is None:
        raise refusal("bad-mac", f"'{text}' is not a MAC address", "write six pairs such as 02:00:5e:10:00:01")
    plain = re.sub("[:.-]", "", text).lower()
    return ":".join(plain[i : i + 2] for i in range(0, 12, 2))


def _serial(text: str) -> str:
    if SERIAL.fullmatch(text):
        return text
    hint = "write the serial as on the label; a spreadsheet may have turned it into 1,23E+11"
    raise refusal("bad-serial", f"'{text}' is not a serial number", hint)


def _address(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise refusal("bad-address", f"'{text}' is not an IP address", "write one such as 10.77.1.11") from None
    return text


def _cidr(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        hint = "write the network's own address and its length, such as 10.77.1.0/24"
        raise refusal("bad-network", f"'{text}' is not a network: {error}", hint) from None
    return text


def _clock_time(text: str) -> str:
    if TIME.fullmatch(text):
        return text
    raise refusal("bad-time", f"'{text}' is not a time of day", "write hours and minutes, such as 03:30")


def _hours(text: str) -> str:
    start, dash, end = text.partition("-")
    if dash and TIME.fullmatch(start) and TIME.fullmatch(end):
        return text
    raise refusal("bad-hours", f"'{text}' is not a span of hours", "write start and end, such as 22:00-07:00")


def _path(text: str) -> str:
    if _PATH.fullmatch(text) and not text.startswith("-"):
        return text
    raise refusal("bad-path", f"{text!r} is not a usable path", "leave out control characters and a leading '-'")


def _port(text: str) -> str:
    if PORT.fullmatch(text):
        return text
    raise refusal("bad-port", f"'{text}' is not a switch port", "write switch and port, such as sw1/11")


def _version(text: str) -> str:
    if VERSION.fullmatch(text):
        return text
    raise refusal("bad-version", f"'{text}' is not a version", "use letters, digits, '.', '_', '+', '~' and '-'")


def _sha256(text: str) -> str:
    if re.fullmatch(r"[0-9a-f]{64}", text):
        return text
    raise refusal("bad-sha256", "this is not a SHA-256 digest", "write the 64 hexadecimal digits that sha256sum prints")


Text = Annotated[str, BeforeValidator(as_text)]
Label = Annotated[Text, AfterValidator(_label), Field(json_schema_extra={"pattern": f"^(?:{LABEL.pattern})$"})]
Id = Annotated[Text, AfterValidator(_id), Field(json_schema_extra={"pattern": f"^(?:{ID.pattern})$"})]
Host = Annotated[Text, AfterValidator(_host)]
Mac = Annotated[Text, AfterValidator(_mac), Field(json_schema_extra={"pattern": f"^(?:{_MAC_FORMS.pattern})$"})]
Serial = Annotated[Text, AfterValidator(_serial), Field(json_schema_extra={"pattern": f"^(?:{SERIAL.pattern})$"})]
Address = Annotated[Text, AfterValidator(_address)]
Cidr = Annotated[Text, AfterValidator(_cidr)]
ClockTime = Annotated[Text, AfterValidator(_clock_time), Field(json_schema_extra={"pattern": f"^{TIME.pattern}$"})]
Hours = Annotated[
    Text, AfterValidator(_hours), Field(json_schema_extra={"pattern": f"^{TIME.pattern}-{TIME.pattern}$"})
]
User = Annotated[Text, AfterValidator(_user)]
Endpoint = Annotated[Text, AfterValidator(_endpoint)]
TimeZone = Annotated[Text, AfterValidator(_time_zone)]
FilePath = Annotated[Text, AfterValidator(_path)]
SwitchPort = Annotated[Text, AfterValidator(_port), Field(json_schema_extra={"pattern": f"^(?:{PORT.pattern})$"})]
Version = Annotated[Text, AfterValidator(_version)]
Sha256 = Annotated[Text, AfterValidator(_sha256), Field(json_schema_extra={"pattern": "^[0-9a-f]{64}$"})]

Texts = Annotated[tuple[Text, ...], Strict(False)]
Hosts = Annotated[tuple[Host, ...], Strict(False)]
Watts = Annotated[float, Field(ge=0)]
MachineWatts = Annotated[float, Field(ge=10)]
"""Power of a machine that heats; less than 10 W is a value in kW."""
WattList = Annotated[tuple[Watts, ...], Strict(False)]
SquareMetres = Annotated[float, Field(gt=0)]
Celsius = Annotated[float, Field(ge=-60, le=100)]
Setpoint = Annotated[float, Field(ge=5, le=30)]
Percent = Annotated[float, Field(gt=0, le=100)]
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
