"""One cell: the text that was meant, or why it cannot be used.

Spreadsheets turn long digits into floating point, codes into dates, and drop leading zeros. What cannot be undone for
certain is refused, because a serial that is nearly right names another machine.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from fleetctl.core.importing.sheets import Value
from fleetctl.core.mac import MAC, normal_mac

_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+[0-9]+|[0-9]+[.,][0-9]+[eE][0-9]+")
_TEXT_FORMULA = re.compile(r'="(?P<text>.*)"')
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#VALEUR!", "#NOM?"})
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff]")
_EXACT = 10**15
"""Spreadsheets keep fifteen digits of a number; the digits after those are made up."""
_POWER = re.compile(r"(?P<number>[0-9]+(?:[.,][0-9]+)?) ?(?P<unit>k?w)?", re.IGNORECASE)
_AS_TEXT = "format the column as text, then type it again from the label"


@dataclass(frozen=True, slots=True)
class BadCell:
    """Why a cell cannot be used, as a problem's code, message and hint."""

    code: str
    fact: str
    cure: str


def read_cell(key: str, value: Value) -> str | BadCell:
    """Return what a cell of the column `key` says, normalised; an empty text if it says nothing.

    A MAC comes in six pairs with colons, a power in whole watts where it is whole. Names come as they are written.
    """
    text = plain_text(value)
    if isinstance(text, BadCell) or not text:
        return text
    if text.upper() in _ERRORS:
        return BadCell("formula-error", f"the formula failed: {text}", "have it corrected, or type the value")
    reader = _READERS.get(key)
    return reader(text) if reader else text


def plain_text(value: Value) -> str | BadCell:
    """Return a cell as the text that was typed: no outer blanks, no apostrophe or formula that only marks text."""
    if isinstance(value, str):
        text = " ".join(_INVISIBLE.sub("", value).split())
        formula = _TEXT_FORMULA.fullmatch(text)
        return formula["text"].strip() if formula else text.removeprefix("'").strip()
    if isinstance(value, bool):
        return BadCell("not-text", f"the spreadsheet made {value} of it", _AS_TEXT)
    if isinstance(value, int | float):
        return _number(float(value))
    return BadCell("made-a-date", f"the spreadsheet made a date or time of it: {value}", _AS_TEXT)


def _number(value: float) -> str | BadCell:
    if abs(value) >= _EXACT:
        fact = f"a number of {len(str(int(abs(value))))} digits: the spreadsheet made up the last of them"
        return BadCell("mangled-number", fact, _AS_TEXT)
    return str(int(value)) if value.is_integer() else repr(value)


def _serial(text: str) -> str | BadCell:
    if _SCIENTIFIC.fullmatch(text):
        fact = f"'{text}' was a longer serial: the spreadsheet made a number of it and lost its digits"
        return BadCell("mangled-serial", fact, _AS_TEXT)
    return text


def _mac(text: str) -> str | BadCell:
    tight = re.sub(r"\s*([:.-])\s*", r"\1", text)
    candidate = tight.replace(" ", ":") if re.fullmatch(r"(?:[0-9A-Fa-f]{2} ){5}[0-9A-Fa-f]{2}", tight) else tight
    if MAC.fullmatch(candidate):
        return normal_mac(candidate)
    if _SCIENTIFIC.fullmatch(text) or (text.isdigit() and len(text) < 12):
        fact = f"'{text}' was a MAC of digits alone: the spreadsheet made a number of it"
        return BadCell("mangled-mac", fact, _AS_TEXT)
    return BadCell("bad-mac", f"'{text}' is not a MAC address", "write six pairs such as 02:00:5e:10:00:01")


def _address(text: str) -> str | BadCell:
    bare = text.partition("/")[0].strip()
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        cure = "write four numbers joined by dots, without leading zeros, such as 10.77.1.11"
        return BadCell("bad-address", f"'{text}' is not an IP address", cure)


def _port(text: str) -> str:
    return re.sub(r"\s*/\s*", "/", text)


def _power(text: str) -> str | BadCell:
    match = _POWER.fullmatch(re.sub(r"(?<=[0-9])\s(?=[0-9]{3}\b)", "", text))
    if match is None:
        return BadCell("bad-power", f"'{text}' is not a power", "write watts, such as 650 or 650,0")
    watts = float(match["number"].replace(",", ".")) * (1000 if (match["unit"] or "").lower() == "kw" else 1)
    return f"{watts:.15g}"


_READERS = {
    "serial": _serial,
    "mac": _mac,
    "address": _address,
    "uplink_address": _address,
    "port": _port,
    "power_w": _power,
}
