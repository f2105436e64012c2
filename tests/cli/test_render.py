"""`fleetctl render`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.core.facts import Facts
from tests.builders.command import call

CANARY = "c4n4ry-of-the-render-test"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_TEST_TOKEN", CANARY)


def test_it_prints_a_digest_for_each_unit(fleet_folder: Path) -> None:
    called = call("render", inventory=fleet_folder)

    assert called.code == 0
    assert [line.split()[0] for line in called.lines] == [
        "UNIT", "les-sables/gw-a", "les-sables/a101-1", "les-sables/a101-2",
    ]  # fmt: skip


def test_it_writes_the_files_of_the_units_asked_for(fleet_folder: Path, tmp_path: Path) -> None:
    called = call("-o", "json", "render", "kind=radiator", "--out", tmp_path / "out", inventory=fleet_folder)

    files = called.document["units"][0]["files"]
    home = tmp_path / "out" / "les-sables" / "a101-1"
    assert called.document["schema"] == "fleetctl/render/v1"
    assert set(files) == {f"/{path.relative_to(home)}" for path in home.rglob("*") if path.is_file()}
    assert not (tmp_path / "out" / "les-sables" / "gw-a").exists()


def test_digests_are_the_same_from_the_cache_and_in_files(fleet_folder: Path, tmp_path: Path) -> None:
    first, again = (call("-o", "json", "render", inventory=fleet_folder).document for _ in range(2))
    written = call("-o", "json", "render", "--out", tmp_path / "out", inventory=fleet_folder).document

    assert first == again == written


def test_no_secret_is_in_anything_that_rendering_leaves(fleet_folder: Path, tmp_path: Path) -> None:
    called = call("render", "--out", tmp_path / "out", inventory=fleet_folder)

    left = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any("⟦secret:token@1⟧".encode() in content for content in left)
    assert not any(CANARY.encode() in content for content in left)
    assert CANARY not in called.out + called.err


def test_a_folder_with_somebodys_work_is_refused(fleet_folder: Path) -> None:
    called = call("render", "--out", fleet_folder, inventory=fleet_folder)

    assert called.code == 2
    assert "was not written by 'fleetctl render'" in called.err


def test_a_template_that_fails_is_named_with_its_line_and_a_unit(fleet_folder: Path) -> None:
    (fleet_folder / "templates").mkdir()
    (fleet_folder / "templates" / "hosts.j2").write_text("127.0.0.1 localhost\n{{ unit.addres }}\n")

    called = call("render", inventory=fleet_folder)

    assert called.code == 2
    assert "templates/hosts.j2:2: error: 'Unit' has no 'addres'" in called.err
    assert "(for 3 units, the first is les-sables/gw-a)" in called.err


def test_the_difference_of_units_that_were_never_observed_says_so(fleet_folder: Path) -> None:
    called = call("render", "--diff", "kind=radiator", inventory=fleet_folder)

    assert called.code == 0
    assert called.lines == [
        "les-sables/a101-1  ? never observed",
        "les-sables/a101-2  ? never observed",
    ]


def test_a_difference_may_set_the_exit_code(fleet_folder: Path) -> None:
    called = call("-o", "json", "render", "--diff", "--detailed-exitcode", inventory=fleet_folder)

    assert called.code == 3
    assert called.document["schema"] == "fleetctl/render-diff/v1"
    assert {unit["unknown"] for unit in called.document["units"]} == {"never observed"}


def test_the_difference_lists_each_file_and_how_it_differs(fleet_folder: Path) -> None:
    (rendered,) = call("-o", "json", "render", "les-sables/a101-1", inventory=fleet_folder).document["units"]
    files = {**rendered["files"], "/etc/hosts": "0" * 64, "/etc/old": "1" * 64}
    del files["/etc/fleet/heat.toml"]
    observe(fleet_folder, "les-sables/a101-1", files, changed=("/etc/fleet/boot.conf",))

    called = call("render", "--diff", "les-sables/a101-1", inventory=fleet_folder)

    assert called.lines == [
        "les-sables/a101-1",
        "  ! /etc/fleet/boot.conf  (edited)",
        "  + /etc/fleet/heat.toml  (missing)",
        "  ~ /etc/hosts  (different)",
        "  - /etc/old  (left over)",
    ]


def test_there_is_no_difference_when_the_unit_has_what_is_rendered(fleet_folder: Path) -> None:
    (rendered,) = call("-o", "json", "render", "les-sables/a101-1", inventory=fleet_folder).document["units"]
    observe(fleet_folder, "les-sables/a101-1", rendered["files"])

    called = call("render", "--diff", "--detailed-exitcode", "les-sables/a101-1", inventory=fleet_folder)

    assert (called.code, called.out) == (0, "")


def observe(folder: Path, unit: str, files: dict[str, str], changed: tuple[str, ...] = ()) -> None:
    """Store facts of a unit, as a probe would."""
    at = datetime(2026, 11, 23, tzinfo=UTC)
    facts = Facts(unit, at, "boot", "QR-1", "qh-1", "radiator", "1", "A", "A", "d", config_changed=changed, files=files)
    with compose.state(Frame(folder)) as state:
        state.units.save_facts([facts])
