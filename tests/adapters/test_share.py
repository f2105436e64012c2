"""Templates and playbooks: where they are found, and how a fleet's own files take their place."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import fleetctl
from fleetctl.adapters.share import TemplateFolders, playbooks_folder, shared_folder
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.problems import InvalidInput
from fleetctl.core.render import Renderer
from tests.builders.fleets import a_fleet

CHECKOUT = Path(fleetctl.__file__).resolve().parent.parent
FLEET = a_fleet()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    return tmp_path


def rendered(folder: Path | None) -> dict[str, dict[str, str]]:
    configs = Renderer(TemplateFolders(folder).read(), FLEET).configs(FLEET.units())
    return {config.unit: {file.path: file.content for file in config.files} for config in configs}


def refused(folder: Path, manifest: str) -> list[tuple[str, int]]:
    (folder / "templates" / "manifest.yaml").write_text(manifest)
    with pytest.raises(InvalidInput) as caught:
        TemplateFolders(folder).read()
    assert all(problem.file.endswith("templates/manifest.yaml") for problem in caught.value.problems)
    return [(problem.code, problem.line) for problem in caught.value.problems]


def test_in_a_checkout_they_stand_beside_the_package() -> None:
    assert shared_folder("templates") == CHECKOUT / "templates"


def test_every_kind_has_its_files_and_every_template_is_used() -> None:
    templates = TemplateFolders().read()

    assert all(len(templates.rules[kind]) >= 8 for kind in Kind)
    assert set(templates.used) == set(templates.sources)


def test_a_file_of_the_same_name_takes_the_place_of_ours(folder: Path) -> None:
    (folder / "templates" / "heat").mkdir()
    (folder / "templates" / "heat" / "radiator.toml.j2").write_text("mine for {{ unit.id }}\n")
    ours, mine = rendered(None), rendered(folder)

    assert mine["les-sables/a101-1"]["/etc/fleet/heat.toml"] == "mine for a101-1\n"
    assert mine["hot-water/boiler-1"] == ours["hot-water/boiler-1"]
    assert TemplateFolders(folder).digest != TemplateFolders().digest


def test_a_problem_in_a_fleets_own_template_names_its_file(folder: Path) -> None:
    (folder / "templates" / "hosts.j2").write_text("\n{{ nope }}\n")

    with pytest.raises(InvalidInput) as caught:
        rendered(folder)

    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(folder / "templates" / "hosts.j2"), 2)


def test_a_fleets_own_manifest_decides_what_is_rendered(folder: Path) -> None:
    (folder / "templates" / "motd.j2").write_text("{{ unit.name }}\n")
    (folder / "templates" / "manifest.yaml").write_text(
        "api: fleetctl/templates/v1\nfiles:\n  motd.j2: {path: /etc/motd, kinds: [boiler], mode: 0640}\n"
    )

    files = rendered(folder)

    assert files["hot-water/boiler-1"] == {"/etc/motd": "hot-water/boiler-1\n"}
    assert files["hot-water/gw-1"] == {}


def test_the_digest_is_of_names_and_texts(folder: Path) -> None:
    plain = TemplateFolders(folder).digest
    (folder / "templates" / "README.md").write_text("not a template")
    (folder / "templates" / ".draft.j2").write_text("hidden")
    ignored = TemplateFolders(folder).digest
    (folder / "templates" / "more.j2").write_text("")

    assert plain == ignored == TemplateFolders().digest
    assert TemplateFolders(folder).digest != plain


def test_a_template_that_is_not_text_is_refused(folder: Path) -> None:
    (folder / "templates" / "hosts.j2").write_bytes(b"caf\xe9\n")

    with pytest.raises(InvalidInput, match="not UTF-8"):
        TemplateFolders(folder).read()


HEAD = "api: fleetctl/templates/v1\nfiles:\n"


@pytest.mark.parametrize(
    ("manifest", "problems"),
    [
        ("- not\n", [("wrong-type", 1)]),
        ("api: fleetctl/templates/v2\nfiles: {}\n", [("not-one-of", 1)]),
        (HEAD + "  hosts.j2: {path: /etc/hosts, kinds: [radiator], mod: 0644}\n", [("unknown-key", 3)]),
        (HEAD + "  hosts.j2: {path: etc/hosts, kinds: [radiator]}\n", [("bad-path", 3)]),
        (HEAD + "  hosts.j2: {path: /etc/../hosts, kinds: [radiator]}\n", [("bad-path", 3)]),
        (HEAD + "  hosts.j2: {path: '/etc/a b', kinds: [radiator]}\n", [("bad-path", 3)]),
        (HEAD + "  hosts.j2: {path: /etc/hosts, kinds: [radiator], mode: 644}\n", [("bad-mode", 3)]),
        (HEAD + "  hosts.j2: {path: /etc/hosts, kinds: [radiator], service: a/b}\n", [("bad-name", 3)]),
        (HEAD + "  hosts.j2: {path: /etc/hosts, kinds: [fridge]}\n", [("not-one-of", 3)]),
        (HEAD + "  hosts.j2: {path: /etc/hosts, kinds: []}\n", [("no-kinds", 3)]),
        (HEAD + "  nosts.j2: {path: /etc/hosts, kinds: [radiator]}\n", [("unknown-template", 3)]),
        (
            HEAD + "  hosts.j2: {path: /a, kinds: [radiator, gateway]}\n  boot.conf.j2: {path: /a, kinds: [gateway]}\n",
            [("duplicate-path", 3)],
        ),
        (HEAD + "  hosts.j2: {path: /a}\n  hosts.j2: {path: /b}\n", [("duplicate-key", 4), ("missing-key", 3)]),
    ],
)
def test_a_wrong_manifest_is_refused_at_its_line(folder: Path, manifest: str, problems: list[tuple[str, int]]) -> None:
    assert sorted(refused(folder, manifest)) == sorted(problems)


def test_playbooks_are_ours_unless_the_fleet_has_some(tmp_path: Path) -> None:
    assert playbooks_folder() == playbooks_folder(tmp_path) == CHECKOUT / "playbooks"


def test_a_fleets_own_playbooks_are_put_together_with_ours(tmp_path: Path) -> None:
    ours = {path.name for path in (CHECKOUT / "playbooks").glob("*") if path.is_file()}
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "verify.yml").write_text("- hosts: all\n")

    folder = playbooks_folder(tmp_path)

    assert {path.name for path in folder.glob("*") if path.is_file()} == ours | {"verify.yml"}
    assert (folder / "verify.yml").read_text() == "- hosts: all\n"
    assert playbooks_folder(tmp_path) == folder
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_changed_playbooks_go_to_another_folder(tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "hook.sh").write_text("#!/bin/sh\n")
    before = playbooks_folder(tmp_path)
    (tmp_path / "playbooks" / "hook.sh").chmod(0o755)

    after = playbooks_folder(tmp_path)

    assert after != before
    assert (after / "hook.sh").stat().st_mode & 0o100


def test_a_wheel_carries_them(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    look = "from fleetctl.adapters.share import *; TemplateFolders().read(); print(shared_folder('templates'))"

    found = subprocess.run(
        [sys.executable, "-c", look], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "site")}, capture_output=True
    )

    assert found.stdout.decode().strip() == str(tmp_path / "site" / "fleetctl" / "_share" / "templates")
