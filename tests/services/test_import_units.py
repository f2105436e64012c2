"""Spreadsheets against a declared fleet: what they change, what they may not, and that nothing else moves."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl.adapters.site_cache import NoCache
from fleetctl.core.document import SourceFile
from fleetctl.core.export import csv_text
from fleetctl.core.importing.mapping import Mapped
from fleetctl.core.importing.sheets import Sheet, Value
from fleetctl.core.inventory.edit import Put
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.services.import_units import import_units
from tests.builders.inventories import SITE, TextFiles, a_folder, examined
from tests.builders.spreadsheets import HEADER, a_sheet, applied, import_into, refused

SWAPPED = (
    ("A101", "living", "QR-2", "02:00:00:00:00:12", "10.77.1.12", "sw1/12"),
    ("A101", "bedroom", "QR-1", "02:00:00:00:00:11", "10.77.1.11", "sw1/11"),
)
NEW = ("A102", "living", "QR-9", "02-00-00-00-00-19", "10.77.1.19", "sw1/19")


def shown(*rows: tuple[Value, ...], header: tuple[str, ...] = HEADER) -> Iterator[str]:
    """Yield what rows change, a line each."""
    for change in import_into(a_folder(), a_sheet(*rows, header=header)).changes:
        pairs = (f"{key} {change.before.get(key, '')}>{value}" for key, value in change.after.items())
        yield f"{change.name}: {', '.join(pairs)}"


@pytest.mark.parametrize(
    ("row", "change"),
    [
        (("A101", "living", "QR-1", "", "10.77.1.11", ""), None),
        (("Appt. a 101", "Living", "qr 1", "0200.0000.0011", "", "SW1/11"), None),
        (("A101", "living", "QR-7", "", "10.77.1.11", ""), "here/a101-1: serial QR-1>QR-7"),
        (("A101", "living", "QR-7", "", "", ""), "here/a101-1: serial QR-1>QR-7"),
        (("A101", "Chambre", "QR-2", "", "", "sw1/33"), "here/a101-2: port sw1/12>sw1/33"),
        (("", "", "QR-2", "", "10.77.1.33", ""), "here/a101-2: address 10.77.1.12>10.77.1.33"),
        (
            NEW,
            "here/a102-2: dwelling >A102, room >living, serial >QR-9, mac >02:00:00:00:00:19, address >10.77.1.19, "
            "port >sw1/19",
        ),
    ],
)
def test_a_row_finds_its_place(row: tuple[Value, ...], change: str | None) -> None:
    assert list(shown(row)) == ([change] if change else [])


def test_two_machines_that_changed_places_are_two_changes_of_machines() -> None:
    assert list(shown(*SWAPPED)) == [
        "here/a101-1: serial QR-1>QR-2, mac 02:00:00:00:00:11>02:00:00:00:00:12, "
        "address 10.77.1.11>10.77.1.12, port sw1/11>sw1/12",
        "here/a101-2: serial QR-2>QR-1, mac 02:00:00:00:00:12>02:00:00:00:00:11, "
        "address 10.77.1.12>10.77.1.11, port sw1/12>sw1/11",
    ]


@pytest.mark.parametrize("name", ["here/a101-1", "a101-1", "A101-1", "A 101 1"])
def test_a_name_counts_more_than_a_place(name: str) -> None:
    header = ("unit", "dwelling", "room")
    assert list(shown((name, "A102", "living"), header=header)) == ["here/a101-1: dwelling A101>A102"]


def test_names_that_differ_only_in_a_word_for_what_they_are_stay_apart() -> None:
    texts = a_folder(("a101-1: {", "lot-1: {"), ("a101-2: {", "apt-1: {"))
    changes = import_into(texts, a_sheet(("lot-1", "QR-7"), ("Apt 1", "QR-8"), header=("id", "serial"))).changes
    assert [(change.name, change.is_new) for change in changes] == [("here/lot-1", False), ("here/apt-1", False)]


def test_a_boiler_and_a_model_that_is_not_inherited() -> None:
    texts = a_folder(("  qb:", "  qh-2: {kind: radiator, compatible: heat-qh, power_w: 900}\n  qb:"))
    header = ("id", "kind", "model", "loop", "building", "dwelling", "ip", "power")
    rows: list[tuple[Value, ...]] = [
        ("boiler-2", "Chaudière", "qb", "DHW", "plant", "", "10.77.1.4", "2 kW"),
        ("a102-9", "", "qh-2", "", "Bât. A", "A102", "10.77.1.9", "900,0"),
        ("a102-8", "", "qh", "", "", "A102", "10.77.1.8", 650.0),
    ]
    result = import_into(texts, a_sheet(*rows, header=header))
    after = applied(texts, result)["sites/here.yaml"]
    assert "\n  boiler-2: {model: qb, building: plant, loop: dhw, address: 10.77.1.4}\n" in after
    assert "\n  a102-9: {model: qh-2, dwelling: A102, address: 10.77.1.9}\n" in after
    assert "\n  a102-8: {dwelling: A102, address: 10.77.1.8}\n" in after


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("A199", *NEW[1:])], ["2:1 unknown-dwelling"]),
        ([("A102", "sauna", *NEW[2:])], ["2:2 unknown-room"]),
        ([("", *NEW[1:])], ["2:2 room-without-dwelling"]),
        ([("", "", *NEW[2:])], ["2:1 no-place"]),
        ([NEW, ("A101", "living", "QR-9", "", "10.77.1.11")], ["3:3 duplicate-serial"]),
        ([(*NEW[:2], "qr1", *NEW[3:])], ["2:3 duplicate-serial"]),
        ([(*NEW[:3], "0200.0000.0012", *NEW[4:])], ["2:4 duplicate-mac"]),
        ([(*NEW[:4], "10.77.1.1", "")], ["2:5 duplicate-address"]),
        ([(*NEW[:4], "10.99.1.1", "")], ["2:5 address-outside"]),
        ([(*NEW[:4], "10.77.1.255", "")], ["2:5 address-reserved"]),
        ([("A102", "living", "QR-3"), (*NEW[:4], "", "")], ["3:5 no-address"]),
        ([(*NEW[:3], "03:00:00:00:00:19", *NEW[4:])], ["2:4 multicast-mac"]),
        ([(*NEW[:5], "sw1/12")], ["2:6 duplicate-port"]),
        ([(*NEW[:2], "QR 9", *NEW[3:])], ["2:3 bad-serial"]),
        ([(*NEW[:2], "1,23E+11"), ("A199", "", "", "", "10.77.1.20")], ["2:3 mangled-serial", "3:1 unknown-dwelling"]),
        ([SWAPPED[0]], ["2:3 duplicate-serial", "2:4 duplicate-mac", "2:5 duplicate-address", "2:6 duplicate-port"]),
    ],
)  # fmt: skip
def test_every_problem_comes_at_once_with_its_cell_and_a_cure(rows: list[tuple[str, ...]], expected: list[str]) -> None:
    problems = refused(a_sheet(*rows))
    assert [f"{p.line}:{p.column} {p.code}" for p in problems] == expected
    assert all(problem.hint and problem.file == "units.csv" for problem in problems)


@pytest.mark.parametrize(
    ("header", "row", "code"),
    [
        (("id", "site", "ip"), ("a101-1", "elsewhere", "10.77.1.11"), "unknown-site"),
        (("unit", "ip"), ("there/a101-1", "10.77.1.11"), "unknown-site"),
        (("id", "kind", "ip"), ("a101-1", "Chaudière", "10.77.1.11"), "kind-differs"),
        (("id", "kind", "ip"), ("a102-7", "Pompe", "10.77.1.17"), "unknown-kind"),
        (("id", "bâtiment", "ip"), ("a101-1", "B", "10.77.1.11"), "building-differs"),
        (("id", "puissance", "ip"), ("a101-1", "1000", "10.77.1.11"), "power-differs"),
        (("id", "model", "ip"), ("a101-1", "qh-9", "10.77.1.11"), "unknown-model"),
        (("id", "ip"), ("a102-7", "10.77.1.17"), "no-dwelling"),
        (("id", "ip"), ("!!", "10.77.1.17"), "bad-name"),
    ],
)
def test_a_row_that_contradicts_what_is_declared_is_refused(
    header: tuple[str, ...], row: tuple[str, ...], code: str
) -> None:
    assert code in [problem.code for problem in refused(a_sheet(row, header=header))]


def test_a_unit_in_two_rows_is_refused() -> None:
    (problem,) = refused(a_sheet(("a101-1", "QR-1"), ("A101-1", ""), header=("id", "serial")))
    assert (problem.code, problem.line, problem.column) == ("unit-twice", 3, 1)
    assert "row 2" in problem.message


@pytest.mark.parametrize("named", ["there", "Résidence du Lac", "du lac"])
def test_sites_are_found_by_id_title_or_a_part_of_it(named: str) -> None:
    changes = (("A test site", "Résidence du Lac"), ("10.7", "10.8"), ("Q", "T"), ("02:00", "06:00"))
    there = SITE
    for old, new in changes:
        there = there.replace(old, new)
    texts = a_folder(there=there)
    rows = a_sheet(("A101", "living", "TR-7"), header=HEADER[:3], name=named)
    (change,) = import_into(texts, rows).changes
    assert change.name == "there/a101-1"
    (problem,) = refused(a_sheet(("A101", "living", "TR-7"), header=HEADER[:3]), texts=texts)
    assert problem.code == "no-site"
    (problem,) = refused(rows, texts=texts, mapped=Mapped(site="nowhere"))
    assert (problem.code, problem.file) == ("unknown-site", "")


def test_a_site_in_several_files_is_edited_where_its_units_are() -> None:
    head, radiators = SITE.split("radiators:")
    texts = {
        "fleet.yaml": a_folder()["fleet.yaml"],
        "sites/here/a.yaml": head,
        "sites/here/b.yaml": f"radiators:{radiators}",
    }
    result = import_into(
        texts, a_sheet(("A101", "living", "QR-7"), NEW), a_sheet(("gw-a", "QG-7"), header=("id", "serial"))
    )
    assert [one.source.path for one in result.files] == ["sites/here/a.yaml", "sites/here/b.yaml"]
    assert "serial: QG-7" in applied(texts, result)["sites/here/a.yaml"]
    assert applied(texts, result)["sites/here/b.yaml"].count("QR-7") == 1


def test_warnings_of_the_result_are_told_once() -> None:
    texts = a_folder(("subscribed_power_w: 20000", "subscribed_power_w: 2900"))
    before = {problem.message for problem in examined(texts).problems}
    for warning in import_into(texts, a_sheet(NEW[:5])).warnings if examined(texts).valid else ():
        assert warning.message not in before


def test_an_editor_that_does_something_else_is_found_out() -> None:
    def careless(file: SourceFile, puts: Sequence[Put]) -> bytes:
        return file.content

    with pytest.raises(CouldNot, match="cannot be edited in place"):
        import_units([a_sheet(NEW)], Mapped(), TextFiles(a_folder()), NoCache(), careless)


def exported(texts: Mapping[str, str]) -> Sheet:
    """Return a fleet's own export as a spreadsheet."""
    fleet = examined(texts).fleet
    assert fleet is not None
    return Sheet("e.csv", "", list(csv.reader(io.StringIO(csv_text(fleet.units())))))


def test_an_export_changes_nothing() -> None:
    result = import_into(a_folder(), exported(a_folder()))
    assert (result.changes, result.files, result.unchanged) == ((), (), 6)


NOTATIONS: tuple[Callable[[str], str], ...] = (
    lambda mac: mac.upper(),
    lambda mac: mac.replace(":", "-"),
    lambda mac: "{}{}.{}{}.{}{}".format(*mac.split(":")),
    lambda mac: mac.replace(":", ""),
)


@settings(max_examples=40)
@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 3), min_size=1, max_size=24))
def test_a_building_comes_in_once_whatever_its_order_and_notation(rng: random.Random, rooms: list[int]) -> None:
    head = SITE.split("radiators:")[0].replace("subscribed_power_w: 20000", "subscribed_power_w: 90000")
    texts = a_folder() | {"sites/here.yaml": head}
    places = [("A101", "living"), ("A101", "bedroom"), ("A102", "living"), ("A102", "")]
    rows = [
        (*places[room], f"QR-{n}", f"02:00:00:00:01:{n:02x}", f"10.77.1.{n + 50}", f"sw2/{n}")
        for n, room in enumerate(rooms)
    ]

    first = import_into(texts, a_sheet(*rows))
    rng.shuffle(rows)
    again = a_sheet(*((*row[:3], rng.choice(NOTATIONS)(row[3]), *row[4:]) for row in rows))
    second = import_into(applied(texts, first), again)

    assert len(first.changes) == len(rows)
    assert second.changes == ()
    assert import_into(applied(texts, first), exported(applied(texts, first))).changes == ()
    declared = examined(applied(texts, first)).sites["here"].units.values()
    assert {(u.dwelling, u.room, u.serial, u.mac, u.address, u.port) for u in declared} >= set(rows)


POOLS: dict[str, tuple[Value, ...]] = {
    "unit": ("", "here/a101-1", "a102-9"),
    "id": ("", "", "a101-1", "A101-2", "gw-a", "boiler-1", "boiler-2", "!!"),
    "kind": ("", "", "radiateur", "Chaudière", "gateway"),
    "dwelling": ("", "A101", "a 101", "A102", "A199"),
    "room": ("", "living", "Chambre", "sauna"),
    "loop": ("", "", "DHW"),
    "serial": ("", "QR-1", "QR-2", "QR-8", "QR-9", "QB-1", "QR 9", "1,23E+11", 1e16, True),
    "mac": ("", "02-00-00-00-00-11", "02:00:00:00:00:98", "020000000099", "03:00:00:00:00:01"),
    "address": ("10.77.1.3", "10.77.1.97", "10.77.1.98", "10.77.1.99", "10.9.9.9", ""),
    "port": ("", "sw1/11", "sw1/98", "sw1/99"),
    "model": ("", "", "qh", "qb"),
    "building": ("", "", "a", "Bâtiment A", "plant"),
    "gateway": ("", "", "gw-a", "gw-p"),
    "uplink address": ("", "", "10.76.1.9"),
    "power": ("", "", "650,0", 650.0, "0,65 kW"),
}
SHEETS = st.lists(st.sampled_from(sorted(POOLS)), min_size=2, unique=True).flatmap(
    lambda header: st.tuples(
        st.just(["serial", "address", *(title for title in header if title not in ("serial", "address"))]),
        st.randoms(use_true_random=False),
        st.integers(1, 4),
    )
)


@settings(max_examples=80)
@given(SHEETS)
def test_whatever_comes_is_refused_at_its_cells_or_leaves_a_valid_fleet(
    sheet: tuple[list[str], random.Random, int],
) -> None:
    header, rng, size = sheet
    rows = [[rng.choice(POOLS[title]) for title in header] for _ in range(size)]
    texts = a_folder()
    try:
        result = import_into(texts, a_sheet(*rows, header=header))
    except InvalidInput as invalid:
        elsewhere = [problem for problem in invalid.problems if problem.file != "units.csv" or not problem.line]
        lost = [problem for problem in elsewhere if not problem.message.startswith("the result of the import")]
        assert not lost
        return
    assert examined(applied(texts, result)).valid
    assert import_into(applied(texts, result), a_sheet(*rows, header=header)).changes == ()
