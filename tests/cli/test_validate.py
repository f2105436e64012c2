"""`init`, `validate` and `schema` by the real command line, in the process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.builders.command import Called, call
from tests.builders.inventories import a_folder, document, unmarked
from tests.builders.sarif import objections

EXAMPLES = Path(__file__).parents[2] / "inventories"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, which is a good fleet."""
    write(tmp_path, a_folder())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


BROKEN, (IN_FLEET, IN_SITE) = unmarked(
    a_folder(("serial: QR-2", "serial: ▸QR-1"), ("{max_in_progress: 4}", "{max_in_progress: ▸none}"))
)


def test_a_valid_fleet_is_summed_up_in_one_line(folder: Path) -> None:
    assert call("validate") == Called(0, "test-fleet is valid: 1 site, 6 units, 0 errors, 0 warnings\n", "")


def test_errors_exit_with_2_and_all_are_shown(folder: Path) -> None:
    write(folder, BROKEN)
    ran = call("validate")
    assert ran.code == 2
    assert f"{IN_FLEET}: error: policies.default.max_in_progress must be a whole number" in ran.out
    assert f"{IN_SITE}: error: serial QR-1 of 'here/a101-2' belongs to 'here/a101-1' already" in ran.out
    assert "  hint: check both labels\n" in ran.out
    assert ran.out.endswith("test-fleet is not valid: 1 site, 6 units, 2 errors, 0 warnings\n")


def test_a_policy_that_can_never_admit_anything_exits_with_2_and_says_which_cap_and_why(folder: Path) -> None:
    policy = "{cap_down_w: ▸600, max_unavailable: {site: ▸0}, waves: [{name: a, percent: 60}, {name: b, percent: ▸50}]}"
    texts, places = unmarked(a_folder(("{max_in_progress: 4}", policy)))
    write(folder, texts)
    ran = call("validate")
    assert ran.code == 2
    assert [place in ran.out for place in places] == [True, True, True]
    assert "600 W of a dwelling may be down, the smallest, 'here/a101-1', has 650 W" in ran.out
    assert "0 units of a site may be down" in ran.out
    assert "60 % + 50 % = 110 % of the units" in ran.out


def test_warnings_exit_with_0(folder: Path) -> None:
    write(folder, a_folder(("A102: {", "A102: {setpoint_c: 14, ")))
    ran = call("validate")
    assert ran.code == 0
    assert "warning: setpoint of 'A102' is 14 °C" in ran.out


def test_json_is_one_document(folder: Path) -> None:
    write(folder, BROKEN)
    by_format, by_option = call("validate", "--format", "json"), call("-o", "json", "validate")
    document = json.loads(by_format.out)
    assert by_option.out == by_format.out
    assert (document["schema"], document["valid"], document["units"]) == ("fleetctl/validation/v1", False, 6)
    assert [problem["code"] for problem in document["problems"]] == ["wrong-type", "duplicate-serial"]
    assert "not valid" in by_format.err


def test_github_annotations(folder: Path) -> None:
    write(folder, BROKEN)
    lines = call("validate", "--format", "github").out.splitlines()
    places = [dict(pair.split("=") for pair in line.split("::")[1].removeprefix("error ").split(",")) for line in lines]
    assert [f"{place['file']}:{place['line']}:{place['col']}" for place in places] == [IN_FLEET, IN_SITE]
    assert [place["title"] for place in places] == ["wrong-type", "duplicate-serial"]


def test_sarif_is_one_log(folder: Path) -> None:
    write(folder, BROKEN)
    ran = call("validate", "--format", "sarif")
    log = json.loads(ran.out)
    assert ran.code == 2
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == ["wrong-type", "duplicate-serial"]
    assert objections(log) == []


def test_a_second_run_uses_the_cache_and_says_the_same(folder: Path) -> None:
    first = call("validate")
    assert sorted(path.name for path in (folder / ".fleetctl" / "cache").iterdir()) == [
        "_fleet.checked",
        "here.checked",
    ]
    assert call("validate") == first


def test_paths_are_relative_to_where_one_stands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, BROKEN)
    monkeypatch.chdir(folder / "sites")
    assert f"{folder}/{IN_SITE}" in call("validate").out
    monkeypatch.chdir(folder.parent)
    assert f"\n{folder.name}/{IN_SITE}" in call("-i", folder.name, "validate").out


def test_without_a_fleet_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = call("validate")
    assert ran.code == 2
    assert "fleetctl init DIR" in ran.err


def test_a_new_fleet_is_valid_at_once(tmp_path: Path) -> None:
    assert call("init", tmp_path / "my-town").code == 0
    ran = call("-i", tmp_path / "my-town", "validate")
    assert (ran.code, ran.out) == (0, "my-town is valid: 1 site, 6 units, 0 errors, 0 warnings\n")


def test_a_new_fleet_is_a_repository_with_ci(tmp_path: Path) -> None:
    call("init", tmp_path / "my-town")
    workflow = yaml.safe_load((tmp_path / "my-town/.github/workflows/fleet.yml").read_text())
    steps = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    assert [step.split()[:2] for step in steps[1:]] == [["fleetctl", "validate"], ["fleetctl", "plan"]]
    assert (tmp_path / "my-town/.gitignore").read_text() == ".fleetctl/\n"


def test_a_new_fleet_fits_its_schemas(tmp_path: Path) -> None:
    call("init", tmp_path)
    for name, file in (("fleet", "fleet.yaml"), ("site", "sites/example-site.yaml")):
        text = (tmp_path / file).read_text()
        named = text.splitlines()[0].partition("$schema=")[2]
        schema = json.loads(((tmp_path / file).parent / named).read_text())
        assert schema["title"].startswith(("fleet.yaml", "Site file")), name
        Draft202012Validator(schema).validate(document(text).data)


def test_a_folder_whose_name_is_no_label_gets_another_name(tmp_path: Path) -> None:
    call("init", tmp_path / "My Town")
    assert call("-i", tmp_path / "My Town", "validate").out.startswith("my-fleet is valid")


def test_an_existing_fleet_is_left_alone(folder: Path) -> None:
    ran = call("init", folder)
    assert ran.code == 2
    assert "fleet.yaml exists already" in ran.err
    assert (folder / "fleet.yaml").read_text() == a_folder()["fleet.yaml"]
    assert not (folder / ".gitignore").exists()


def test_schema_prints_one_and_writes_all(tmp_path: Path) -> None:
    assert json.loads(call("schema", "fleet").out)["title"] == "fleet.yaml of fleetctl"
    assert json.loads(call("schema").out)["title"] == "Site file of fleetctl"
    assert call("schema", "--out", tmp_path).code == 0
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in (EXAMPLES / "schema").iterdir()}


@pytest.mark.parametrize("name", ["demo", "florestine", "hot-water", "les-sables"])
def test_examples_name_their_schemas_and_fit_them(name: str) -> None:
    for file in (EXAMPLES / name).rglob("*.yaml"):
        text = file.read_text()
        schema = json.loads((file.parent / text.splitlines()[0].partition("$schema=")[2]).read_text())
        Draft202012Validator(schema).validate(document(text).data)
