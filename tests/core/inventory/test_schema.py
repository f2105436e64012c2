from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fleetctl.core.inventory.schema import NAMES, schema, schemas
from fleetctl.core.starter import schema_files
from tests.builders.inventories import FLEET, SITE, a_folder, document

COMMITTED = Path(__file__).parents[3] / "inventories" / "schema"


def is_valid(name: str, text: str) -> bool:
    return bool(Draft202012Validator(schema(name)).is_valid(document(text).data))


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_valid_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


def test_committed_schemas_are_the_generated_ones() -> None:
    committed = {path.name: path.read_text() for path in COMMITTED.iterdir()}
    assert committed == schema_files(), "run 'fleetctl schema --out inventories/schema'"


def test_a_good_folder_fits() -> None:
    assert is_valid("fleet", FLEET)
    assert is_valid("site", SITE)
    assert is_valid("site-part", "radiators:\n" + SITE.partition("radiators:\n")[2])


@pytest.mark.parametrize(
    "edit",
    [
        ("QR-2,", "QR-2, adress: 10.77.1.9,"),
        ("{model: qb,", "{modell: qb,"),
        ("  a101-2:", "  a101-2;reboot:"),
        ("mac: 02:00:00:00:00:12", "mac: nonsense"),
        ("area_m2: 60", "area_m2: sixty"),
        ("{kind: boiler", "{kind: boilr"),
        ("{max_in_progress: 4}", "{max_in_progress: 0}"),
        ("{max_in_progress: 4}", "{waves: [{name: a, percnt: 5}]}"),
        ("{max_in_progress: 4}", "{waves: [{name: a, percent: 101}]}"),
        ("{max_in_progress: 4}", "{windows: [{days: [mon-fry], opens: 22:00, closes: 05:00}]}"),
        ("{max_in_progress: 4}", "{windows: [{days: [mon], opens: 22:00, closes: 25:00}]}"),
        ("{max_in_progress: 4}", "{freeze: [{first: 20/12/2026, last: 2027-01-03}]}"),
        ("    heat_loss_w_k: 50\n", ""),
        ("title: A test site", "titel: A test site"),
        ("disinfection_at: 03:00", "disinfection_at: 3 am"),
    ],
)
def test_what_an_editor_can_see_is_not_valid(edit: tuple[str, str]) -> None:
    texts = a_folder(edit)
    assert not (is_valid("fleet", texts["fleet.yaml"]) and is_valid("site", texts["sites/here.yaml"]))


def test_every_key_has_a_description() -> None:
    lacking = [
        f"{name}: {where}.{key}"
        for name, body in schemas().items()
        for where, definition in {"": body, **body["$defs"]}.items()
        for key, value in definition.get("properties", {}).items()
        if not _described(value, body)
    ]
    assert lacking == []


def _described(value: dict[str, Any], body: dict[str, Any]) -> bool:
    target = body["$defs"].get(value.get("$ref", "").rpartition("/")[2], {})
    return bool(value.get("description") or target.get("description"))


def test_schema_files_are_json() -> None:
    assert [json.loads(text)["$schema"] for text in schema_files().values()] == [
        "https://json-schema.org/draft/2020-12/schema"
    ] * len(NAMES)
