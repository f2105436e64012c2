"""`fleetctl inventory import`, from files on disk to files on disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.builders.command import call
from tests.builders.spreadsheets import a_workbook

CSV = """\
Logement;Pièce;N° de série;Adresse MAC;Adresse IP;Puissance (W);Nom
A101;Séjour;QR-7;02-00-00-00-00-17;10.77.1.11;650,0;x
Appt A101;Chambre;QR-8;0200.0000.0018;10.77.1.18;;y
TOTAL;;2;;;1300,0;
"""
MAPPING = "values: {room: {Séjour: living, Chambre: bedroom}}\n"


@pytest.fixture
def site(fleet_folder: Path) -> Path:
    file = fleet_folder / "sites" / "les-sables.yaml"
    file.write_text("# kept\n" + file.read_text().replace("radiators:\n", "radiators:   # two\n"))
    file.chmod(0o640)
    return file


@pytest.fixture
def units(tmp_path: Path) -> Path:
    file = tmp_path / "units.csv"
    file.write_bytes(CSV.replace("\n", "\r\n").encode("cp1252"))
    return file


def test_an_import_shows_the_difference_and_writes_it(fleet_folder: Path, site: Path, units: Path) -> None:
    before = site.read_text()
    called = call("inventory", "import", units, inventory=fleet_folder)

    assert called.code == 0, called.err
    assert called.lines == [
        "~ les-sables/a101-1",
        "  - serial: QR-1",
        "  + serial: QR-7",
        "  - mac: 02:00:00:00:00:11",
        "  + mac: 02:00:00:00:00:17",
        "+ les-sables/a101-3  dwelling: A101, room: bedroom, serial: QR-8, mac: 02:00:00:00:00:18, address: 10.77.1.18",
    ]
    assert "row 4: a total" in called.err
    assert "columns without a meaning here: Nom" in called.err
    assert f"2 rows: 1 added, 1 changed, 0 as declared; wrote {site}" in called.err
    changed = before.replace("QR-1,", "QR-7,").replace("00:00:11", "00:00:17")
    added = "  a101-3: {dwelling: A101, room: bedroom, serial: QR-8, mac: 02:00:00:00:00:18, address: 10.77.1.18}\n"
    assert site.read_text() == changed + added
    assert stat.S_IMODE(site.stat().st_mode) == 0o640
    assert call("validate", inventory=fleet_folder).code == 0


def test_importing_twice_changes_nothing(fleet_folder: Path, site: Path, units: Path) -> None:
    call("inventory", "import", units, inventory=fleet_folder)
    written = site.read_bytes()

    called = call("inventory", "import", units, inventory=fleet_folder)

    assert (called.code, called.out) == (0, "")
    assert "0 added, 0 changed, 2 as declared; nothing to write" in called.err
    assert site.read_bytes() == written


def test_a_dry_run_shows_and_writes_nothing(fleet_folder: Path, site: Path, units: Path) -> None:
    before = site.read_bytes()
    document = call("-o", "json", "inventory", "import", units, "--dry-run", inventory=fleet_folder).document

    assert (document["schema"], document["dry_run"], document["rows"]) == ("fleetctl/import/v1", True, 2)
    assert document["changes"][0] == {
        "unit": "les-sables/a101-1",
        "action": "change",
        "sheet": "",
        "row": 2,
        "before": {"serial": "QR-1", "mac": "02:00:00:00:00:11"},
        "after": {"serial": "QR-7", "mac": "02:00:00:00:00:17"},
    }
    assert document["files"] == [str(site)]
    assert document["passed_over"] == [{"sheet": str(units), "row": 4, "reason": "a total"}]
    assert site.read_bytes() == before


def test_a_workbook_with_problems_changes_nothing_and_names_every_cell(
    fleet_folder: Path, site: Path, tmp_path: Path
) -> None:
    before = site.read_bytes()
    rows = [
        ["Logement", "Pièce", "S/N", "MAC", "IP"],
        ["A101", "living", "1,23E+11", "02:00:00:00:00:17", "10.77.1.11"],
        ["", "sauna", "QR-9", "02:00:00:00:00:19", "10.99.1.19"],
        ["B7", "living", "QR-9", "02:00:00:00:00:20", "10.77.1.20"],
        ["", "bedroom", "QR-12", "02:00:00:00:00:21", "10.77.1.21"],
    ]
    book = a_workbook(tmp_path / "units.xlsx", {"Lot 1": rows}, {"Lot 1": ["A2:A3"]})

    called = call("-o", "json", "inventory", "import", book, inventory=fleet_folder)

    assert called.code == 2
    places = [
        f"{p['file'].rpartition('/')[2]}:{p['line']}:{p['column']} {p['code']}" for p in called.document["problems"]
    ]
    assert places == [
        "units.xlsx!Lot 1:2:3 mangled-serial",
        "units.xlsx!Lot 1:3:2 unknown-room",
        "units.xlsx!Lot 1:3:5 address-outside",
        "units.xlsx!Lot 1:4:1 unknown-dwelling",
        "units.xlsx!Lot 1:4:3 duplicate-serial",
        "units.xlsx!Lot 1:5:2 room-without-dwelling",
    ]
    assert all(problem["hint"] for problem in called.document["problems"])
    assert "C2 (S/N): '1,23E+11' was a longer serial" in called.err
    assert site.read_bytes() == before


def test_a_mapping_file_and_a_site_are_taken(fleet_folder: Path, site: Path, units: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(MAPPING + "columns: {Nom: port}\n")
    called = call("inventory", "import", units, "--mapping", mapping, "--site", "les-sables", inventory=fleet_folder)
    assert called.code == 2  # 'x' is no switch port, so the mapping was followed
    assert "G2 (Nom)" in called.err

    mapping.write_text("columns: {Nom: prot}\n")
    called = call("inventory", "import", units, "--mapping", mapping, inventory=fleet_folder)
    assert called.code == 2
    assert "mapping.yaml:1:16: error: 'prot' is not a column of a unit" in called.err
    assert call("inventory", "import", units, "--site", "there", inventory=fleet_folder).code == 2
    assert call("inventory", "import", units, "--mapping", tmp_path / "none", inventory=fleet_folder).code == 1
    assert call("inventory", "import", tmp_path / "none.csv", inventory=fleet_folder).code == 1
