"""Recipes, the texts of an image, and what it is called."""

from __future__ import annotations

import os
from configparser import ConfigParser
from pathlib import Path

import pytest

from fleetctl.adapters.yaml_reader import read
from fleetctl.core.document import SourceFile
from fleetctl.core.images import image, texts
from fleetctl.core.images.disk import Disk
from fleetctl.core.images.naming import identity_of
from fleetctl.core.images.recipe import Recipe, recipe_of
from fleetctl.core.images.texts import Identity
from fleetctl.core.inventory.fleet import Kind, Model
from fleetctl.core.problems import InvalidInput
from fleetctl.core.releases.manifest import parse

RECIPES = Path(__file__).parents[3] / "images/recipes.yaml"
MODELS = {"qh-1": Model("qh-1", Kind.RADIATOR, "heat-qh-1", 650.0)}
IDENTITY = Identity(Kind.RADIATOR, "qh-1", "heat-qh-1", "2026.12")


def recipe(kind: Kind, text: str | None = None) -> Recipe:
    content = RECIPES.read_bytes() if text is None else text.encode()
    return recipe_of(read(SourceFile("recipes.yaml", content)), kind)


@pytest.mark.parametrize("kind", Kind)
def test_the_shipped_recipe_has_what_the_contract_asks_for(kind: Kind) -> None:
    found = recipe(kind)
    assert {"openssh-server", "python3", "rauc", "systemd-sysv", "busybox-static"} <= set(found.packages)
    assert {"fleet-identity.service", "fleet-boot.service", "fleet-good.service", "ssh.service"} <= set(found.enable)
    assert not set(found.enable) & set(found.mask)
    assert ("fleet-heat.service" in found.enable) == (kind is not Kind.GATEWAY)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.GATEWAY])
def test_what_heats_has_a_program_that_makes_a_load_and_what_that_computes_with(kind: Kind) -> None:
    found = recipe(kind)
    programs = [RECIPES.parent / name / "usr/lib/fleet/load" for name in found.overlays]
    (program,) = [place for place in programs if place.is_file()]
    assert os.access(program, os.X_OK)
    assert "exec setpriv --pdeathsig KILL nice -n 19 stress-ng" in program.read_text()
    assert "stress-ng" in found.packages


def test_a_gateway_also_serves() -> None:
    found = recipe(Kind.GATEWAY)
    assert {"dnsmasq", "ipxe"} <= set(found.packages)
    assert "fleet-cache.service" in found.enable


@pytest.mark.parametrize("kind", Kind)
def test_one_program_alone_keeps_the_clock(kind: Kind) -> None:
    """Debian's packages that do are in conflict, and such an image cannot be built."""
    found = recipe(kind)
    assert len({"chrony", "systemd-timesyncd"} & set(found.packages)) == 1
    assert len({"chrony.service", "systemd-timesyncd.service"} & set(found.enable)) == 1


def test_every_unit_of_ours_that_is_started_is_in_an_overlay() -> None:
    for kind in Kind:
        found = recipe(kind)
        places = [RECIPES.parent / name / "usr/lib/systemd/system" for name in found.overlays]
        ours = [unit for unit in found.enable if unit.startswith("fleet-")]
        assert [unit for unit in ours if not any((place / unit).is_file() for place in places)] == []


def test_mistakes_are_told_at_their_line() -> None:
    text = RECIPES.read_text().replace("boot_mib: 16", "boot_mib: 1").replace("suite:", "sweet:")
    with pytest.raises(InvalidInput) as refused:
        recipe(Kind.RADIATOR, text)
    assert {problem.code for problem in refused.value.problems} >= {"unknown-key"}
    assert all(problem.line for problem in refused.value.problems)


def test_rauc_is_told_two_slots_and_not_to_activate_what_it_installs() -> None:
    ini = ConfigParser()
    ini.read_string(texts.rauc_system(IDENTITY, Disk()))
    assert ini["system"]["activate-installed"] == "false"
    slots = [(ini[name]["bootname"], ini[name]["device"][-2:]) for name in ("slot.rootfs.0", "slot.rootfs.1")]
    assert slots == [("A", "02"), ("B", "03")]


@pytest.mark.parametrize("form", ["plain", "verity"])
def test_a_bundle_says_what_it_is(form: str) -> None:
    manifest = parse(texts.bundle_manifest(IDENTITY, form, "rootfs.ext4"))
    assert (manifest.compatible, manifest.version, manifest.form) == ("heat-qh-1", "2026.12", form)


def test_the_release_file_lacks_only_what_is_the_machines() -> None:
    assert texts.release(IDENTITY) == "VERSION=2026.12\nMODEL=qh-1\nKIND=radiator\nCOMPATIBLE=heat-qh-1\n"


def test_a_model_of_the_fleet_brings_its_compatible_string() -> None:
    assert identity_of(Kind.RADIATOR, "2026.12", "qh-1", "", MODELS) == IDENTITY
    assert identity_of(Kind.BOILER, "1", "", "", None) == Identity(Kind.BOILER, "boiler", "fleet-boiler", "1")


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ((Kind.BOILER, "1", "qh-1", "", MODELS), ["wrong-kind"]),
        ((Kind.RADIATOR, "../1", "qh-2", "", MODELS), ["bad-version", "unknown-model"]),
        ((Kind.RADIATOR, "1", "qh-1", "", None), ["no-fleet"]),
        ((Kind.RADIATOR, "1", "qh-1", "a\nb", None), ["bad-name"]),
    ],
)
def test_everything_that_is_wrong_with_a_name_is_told(
    given: tuple[Kind, str, str, str, dict[str, Model] | None], codes: list[str]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        identity_of(*given)
    assert [problem.code for problem in refused.value.problems] == codes


def test_a_description_names_every_file_with_its_digest() -> None:
    files = {"disk": {"file": "disk.img", "size_bytes": 5, "sha256": "a" * 64}}
    content = image.describe(IDENTITY, Disk(), files, "b" * 64)
    assert image.files_of(content, "image.json") == {"disk.img": (5, "a" * 64)}
    with pytest.raises(InvalidInput, match="does not describe an image"):
        image.files_of(b'{"schema": "fleetctl/plan/v1"}', "image.json")
