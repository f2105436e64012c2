"""The committed example fleets: valid without a warning, of the press's sizes, the same at each generation."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench import generate as bench_generate
from fleetctl.adapters.fleet_files import FolderFiles
from fleetctl.adapters.site_cache import NoCache
from fleetctl.core.inventory.fleet import Fleet, Kind
from fleetctl.services.load import examine
from inventories import generate

INVENTORIES = Path(__file__).parents[3] / "inventories"
FLEETS = ("demo", "florestine", "hot-water", "les-sables")


def example(name: str) -> Fleet:
    found = examine(FolderFiles(INVENTORIES / name), NoCache())
    assert found.problems == ()
    assert found.fleet is not None
    return found.fleet


def kinds(fleet: Fleet) -> Counter[Kind]:
    return Counter(unit.kind for unit in fleet.units())


@pytest.mark.parametrize("name", FLEETS)
def test_example_has_neither_errors_nor_warnings(name: str) -> None:
    assert example(name).name == name


def test_committed_examples_are_the_generated_ones(tmp_path: Path) -> None:
    generate.write(tmp_path)
    for path in tmp_path.rglob("*.yaml"):
        committed = INVENTORIES / path.relative_to(tmp_path)
        assert committed.read_text() == path.read_text(), "run 'python -m inventories.generate'"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(FLEETS)


def test_les_sables_has_its_size() -> None:
    fleet = example("les-sables")
    (site,) = fleet.sites.values()
    assert kinds(fleet) == {Kind.RADIATOR: 178, Kind.GATEWAY: 2}
    assert len(site.dwellings) == 59
    assert {dwelling.building for dwelling in site.dwellings.values()} == {"a", "b"}


def test_florestine_has_its_size() -> None:
    fleet = example("florestine")
    (site,) = fleet.sites.values()
    homes = [dwelling for dwelling in site.dwellings.values() if dwelling.building == "a"]
    offices = [dwelling for dwelling in site.dwellings.values() if dwelling.building == "b"]
    assert kinds(fleet) == {Kind.RADIATOR: 346, Kind.GATEWAY: 2}
    assert len(homes) == 49
    assert sum(home.area_m2 for home in homes) == pytest.approx(3000, rel=0.02)
    assert sum(office.area_m2 for office in offices) == 1752


def test_hot_water_has_its_size() -> None:
    fleet = example("hot-water")
    sizes = {site.id: len(site.units) for site in fleet.sites.values()}
    assert sizes == {"bordeaux-aiguillon": 4, "brescia-lamarmora": 31}
    assert kinds(fleet) == {Kind.BOILER: 33, Kind.GATEWAY: 2}


def test_demo_is_some_dwellings_of_les_sables_and_the_small_plant() -> None:
    demo, whole = example("demo"), example("les-sables").sites["launaguet-les-sables"]
    part = demo.sites["launaguet-les-sables"]
    radiators = [unit for unit in part.units.values() if unit.kind is Kind.RADIATOR]
    assert (len(radiators), len(part.dwellings)) == (24, 9)
    assert max(Counter(unit.dwelling for unit in radiators).values()) == 3
    assert all(whole.units[unit.id].serial == unit.serial for unit in part.units.values())
    assert len([unit for unit in demo.units() if unit.kind is Kind.BOILER]) == 3


@pytest.mark.parametrize("name", ["les-sables", "florestine", "demo"])
def test_radiators_cover_the_heat_loss_at_design_temperature(name: str) -> None:
    fleet = example(name)
    for site in fleet.sites.values():
        power_w = Counter[str]()
        for unit in site.units.values():
            power_w[unit.dwelling] += int(fleet.models[unit.model].power_w)
        for dwelling in site.dwellings.values():
            assert power_w[dwelling.id] >= dwelling.heat_loss_w_k * (18 - site.design_temperature_c)


def test_three_radiators_stand_for_65_to_80_watts_per_kelvin() -> None:
    (site,) = example("les-sables").sites.values()
    rooms = Counter(unit.dwelling for unit in site.units.values())
    of_three = [dwelling for dwelling in site.dwellings.values() if rooms[dwelling.id] == 3]
    assert of_three
    assert all(65 <= dwelling.heat_loss_w_k <= 80 for dwelling in of_three)


def test_every_machine_of_all_examples_is_made_up_and_unique() -> None:
    fleets = [example(name) for name in ("les-sables", "florestine", "hot-water")]
    units = [unit for fleet in fleets for unit in fleet.units()]
    assert all(unit.mac.startswith("02:") for unit in units)
    assert len({unit.mac for unit in units}) == len({unit.serial for unit in units}) == len(units)


def test_networks_of_the_examples_are_distinct() -> None:
    sites = {site.id: site.network.cidr for name in FLEETS for site in example(name).sites.values()}
    assert len(set(sites.values())) == len(sites)
    uplinks = {u.uplink_address for name in FLEETS for u in example(name).units() if u.kind is Kind.GATEWAY}
    assert all(address.startswith("10.76.") for address in uplinks)


@pytest.mark.parametrize(("units", "per_site"), [(1, 100), (250, 100), (301, 100), (600, 600)])
def test_generated_fleet_has_the_size_that_was_asked_for(tmp_path: Path, units: int, per_site: int) -> None:
    bench_generate.write(tmp_path, units, per_site)
    found = examine(FolderFiles(tmp_path), NoCache())
    assert found.problems == ()
    assert found.unit_count == units
    assert len(found.sites) == -(-units // per_site)


def test_generated_fleet_is_the_same_at_each_run(tmp_path: Path) -> None:
    for run in ("one", "two"):
        bench_generate.write(tmp_path / run, 120)
    one = {path.name: path.read_text() for path in (tmp_path / "one").rglob("*.yaml")}
    assert one == {path.name: path.read_text() for path in (tmp_path / "two").rglob("*.yaml")}
