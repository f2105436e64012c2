from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fleetctl.core.document import SourceFile
from fleetctl.core.problems import InvalidInput
from fleetctl.services.load import Examined, examine, load
from tests.builders.inventories import TextFiles, a_folder

THERE = """\
design_temperature_c: -5
subscribed_power_w: 5000
network: {cidr: 10.77.2.0/24}
gateways:
  gw-a: {building: a, address: 10.77.2.1, uplink_address: 10.76.2.1, mac: 02:00:00:00:02:01}
"""
WARNED = ("A102: {", "A102: {setpoint_c: 14, ")


@dataclass
class MemoryCache:
    """Keeps blobs in a dictionary."""

    blobs: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)

    def get(self, site: str, purpose: str, key: str) -> bytes | None:
        held, blob = self.blobs.get((site, purpose), ("", b""))
        return blob if held == key else None

    def put(self, site: str, purpose: str, key: str, blob: bytes) -> None:
        self.blobs[site, purpose] = (key, blob)


@pytest.fixture
def cache() -> MemoryCache:
    return MemoryCache()


def examine_again(texts: dict[str, str], cache: MemoryCache) -> tuple[Examined, list[str]]:
    """Return what is found, and the files that had to be read as YAML."""
    files = TextFiles(texts)
    return examine(files, cache), files.parsed


def test_what_did_not_change_is_not_read_again(cache: MemoryCache) -> None:
    texts = a_folder(there=THERE)
    first, read_first = examine_again(texts, cache)
    second, read_again = examine_again(texts, cache)
    assert sorted(read_first) == ["fleet.yaml", "sites/here.yaml", "sites/there.yaml"]
    assert read_again == []
    assert second == first


def test_an_unchanged_fleet_is_loaded_without_pydantic(tmp_path: Path) -> None:
    for name, text in a_folder().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    program = """
import sys
from pathlib import Path
from fleetctl.adapters.fleet_files import FolderFiles
from fleetctl.adapters.site_cache import FolderCache
from fleetctl.services.load import load
load(FolderFiles(Path(sys.argv[1])), FolderCache(Path(sys.argv[1]) / "cache"))
print("pydantic" in sys.modules)
"""
    runs = [subprocess.check_output([sys.executable, "-c", program, tmp_path], text=True) for _ in range(2)]
    assert runs == ["True\n", "False\n"]


def test_one_changed_site_is_read_with_what_all_sites_share(cache: MemoryCache) -> None:
    texts = a_folder(there=THERE)
    examine_again(texts, cache)
    _, read_again = examine_again({**texts, "sites/there.yaml": THERE + "\n"}, cache)
    assert sorted(read_again) == ["fleet.yaml", "sites/there.yaml"]


def test_a_changed_fleet_file_reads_every_site(cache: MemoryCache) -> None:
    texts = a_folder(there=THERE)
    examine_again(texts, cache)
    changed = {**texts, "fleet.yaml": texts["fleet.yaml"].replace("watchdog", "") + "\n"}
    assert len(examine_again(changed, cache)[1]) == 3


def test_another_version_of_fleetctl_reads_everything(cache: MemoryCache, monkeypatch: pytest.MonkeyPatch) -> None:
    examine_again(a_folder(), cache)
    monkeypatch.setattr("fleetctl.services.load.__version__", "0.0.0")
    assert len(examine_again(a_folder(), cache)[1]) == 2


def test_warnings_come_from_the_cache_too(cache: MemoryCache) -> None:
    first, _ = examine_again(a_folder(WARNED), cache)
    second, read_again = examine_again(a_folder(WARNED), cache)
    assert read_again == []
    assert second.problems == first.problems != ()


def test_cached_warnings_name_files_as_they_are_seen_now(cache: MemoryCache) -> None:
    class Elsewhere(TextFiles):
        def _source(self, name: str) -> SourceFile:
            return replace(super()._source(name), path=f"../fleet/{name}")

    examine_again(a_folder(WARNED), cache)
    files = Elsewhere(a_folder(WARNED))
    (problem,) = examine(files, cache).problems
    assert files.parsed == []
    assert problem.file == "../fleet/sites/here.yaml"


def test_a_site_with_errors_is_never_kept(cache: MemoryCache) -> None:
    broken = a_folder(("serial: QR-2", "serial: QR-1"), ("rooms: [bedroom]", "rooms: [attic]"))
    examine_again(broken, cache)
    assert ("here", "checked") not in cache.blobs


def test_a_changed_site_is_compared_with_cached_ones(cache: MemoryCache) -> None:
    texts = a_folder(there=THERE)
    examine_again(texts, cache)
    clash = {**texts, "sites/there.yaml": THERE.replace("02:00:00:00:02:01", "02:00:00:00:00:11")}
    found, _ = examine_again(clash, cache)
    assert [(p.code, p.file) for p in found.problems] == [("duplicate-mac", "sites/there.yaml")]


def test_a_clash_is_found_when_both_sites_are_cached(cache: MemoryCache) -> None:
    clash = a_folder(there=THERE.replace("02:00:00:00:02:01", "02:00:00:00:00:11"))
    first, _ = examine_again(clash, cache)
    second, _ = examine_again(clash, cache)
    assert ("there", "checked") in cache.blobs
    assert second.problems == first.problems != ()


@pytest.mark.parametrize("blob", [b"", b"{}", b"\x00\xff", b'{"site": 1}', b'{"units": [[]]}'])
def test_an_unusable_blob_is_treated_as_missing(cache: MemoryCache, blob: bytes) -> None:
    first, _ = examine_again(a_folder(), cache)
    cache.blobs = {at: (key, blob) for at, (key, _) in cache.blobs.items()}
    assert examine_again(a_folder(), cache)[0] == first


def test_load_raises_every_problem_at_once(cache: MemoryCache) -> None:
    texts = a_folder(WARNED, ("serial: QR-2", "serial: QR-1"), ("rooms: [bedroom]", "rooms: [attic]"))
    with pytest.raises(InvalidInput) as raised:
        load(TextFiles(texts), cache)
    assert {p.code for p in raised.value.problems} == {"unusual-setpoint", "duplicate-serial", "unknown-room"}


def test_load_lets_warnings_pass(cache: MemoryCache) -> None:
    assert load(TextFiles(a_folder(WARNED)), cache).name == "test-fleet"


@pytest.fixture(params=[True, False])
def collector(request: pytest.FixtureRequest) -> Iterator[bool]:
    was = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if was else gc.disable)()


def test_the_collector_is_left_as_it_was(cache: MemoryCache, collector: bool) -> None:
    examine_again(a_folder(), cache)
    assert gc.isenabled() is collector
