from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.importing.cells import BadCell, read_cell
from fleetctl.core.importing.sheets import Value

MAC = "02:00:5e:10:0a:ff"


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("mac", "02:00:5E:10:0A:FF", MAC),
        ("mac", "02-00-5e-10-0a-ff", MAC),
        ("mac", "0200.5e10.0aff", MAC),
        ("mac", "02005E100AFF", MAC),
        ("mac", " 02 00 5E 10 0A FF ", MAC),
        ("mac", 223344556677.0, "22:33:44:55:66:77"),
        ("serial", "QR-0001", "QR-0001"),
        ("serial", "\u00a0QR-0001\u200b ", "QR-0001"),
        ("serial", "'00012", "00012"),
        ("serial", '="00012"', "00012"),
        ("serial", 123456789012.0, "123456789012"),
        ("serial", "12E4", "12E4"),
        ("address", "10.77.1.11/24", "10.77.1.11"),
        ("port", "sw1 / 11", "sw1/11"),
        ("power_w", "650,0", "650"),
        ("power_w", "1 250,5 W", "1250.5"),
        ("power_w", "0,65 kW", "650"),
        ("power_w", 650.0, "650"),
        ("room", 3.0, "3"),
        ("room", "", ""),
        ("room", "  ", ""),
    ],
)  # fmt: skip
def test_a_cell_says_what_was_typed(key: str, value: Value, read: str) -> None:
    assert read_cell(key, value) == read


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("serial", "1,23E+11", "mangled-serial"),
        ("serial", "1.23457E+11", "mangled-serial"),
        ("serial", "1E+11", "mangled-serial"),
        ("serial", 1.2345678901234568e17, "mangled-number"),
        ("serial", date(2026, 3, 10), "made-a-date"),
        ("serial", True, "not-text"),
        ("mac", "2,00E+10", "mangled-mac"),
        ("mac", 20000000001.0, "mangled-mac"),
        ("mac", "02:00:5e:10:0a", "bad-mac"),
        ("mac", "02:00:5e:10:0a:fg", "bad-mac"),
        ("address", "10,77,1,11", "bad-address"),
        ("address", 10.77, "bad-address"),
        ("address", "010.077.001.011", "bad-address"),
        ("power_w", "fort", "bad-power"),
        ("dwelling", "#N/A", "formula-error"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_trusted_is_refused_with_its_cure(key: str, value: Value, code: str) -> None:
    read = read_cell(key, value)
    assert isinstance(read, BadCell)
    assert (read.code, bool(read.cure)) == (code, True)


@given(st.binary(min_size=6, max_size=6), st.sampled_from(["colons", "dashes", "dots", "bare"]), st.booleans())
def test_every_notation_of_a_mac_is_one_mac(octets: bytes, notation: str, upper: bool) -> None:
    digits = octets.hex()
    written = {
        "colons": octets.hex(":"),
        "dashes": octets.hex("-"),
        "dots": f"{digits[:4]}.{digits[4:8]}.{digits[8:]}",
        "bare": digits,
    }[notation]
    assert read_cell("mac", written.upper() if upper else written) == octets.hex(":")


@given(st.integers(min_value=10**15, max_value=10**30))
def test_no_serial_that_lost_digits_is_taken(serial: int) -> None:
    shown = f"{serial:.2E}".replace(".", ",")
    assert isinstance(read_cell("serial", shown), BadCell)
    assert isinstance(read_cell("serial", float(serial)), BadCell)
