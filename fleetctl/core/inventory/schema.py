"""JSON Schema (2020-12) of the inventory's files, for editors and for validators that know nothing of fleetctl."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from fleetctl.core.inventory.declared.fleet import Fleet
from fleetctl.core.inventory.declared.site import Site

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLES = {
    "fleet": "fleet.yaml of fleetctl",
    "site": "Site file of fleetctl",
    "site-part": "One of several files of a site of fleetctl",
}
_MODELS: dict[str, type[BaseModel]] = {"fleet": Fleet, "site": Site, "site-part": Site}
NAMES = tuple(_TITLES)


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each kind of file by its name."""
    return {name: schema(name) for name in NAMES}


def schema(name: str) -> dict[str, Any]:
    """Return the schema of one kind of file, one of `NAMES`."""
    body = _MODELS[name].model_json_schema(schema_generator=_Generator)
    if name == "site-part":
        del body["required"]  # what a site must have may stand in another of its files
    return {"$schema": DIALECT, **body, "title": _TITLES[name]}


class _Generator(GenerateJsonSchema):
    """Leaves out what an editor does not need: null for "not written", and titles that repeat the key."""

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        default = schema.get("default")
        if default is None or isinstance(default, BaseModel):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def dict_schema(self, schema: Any) -> JsonSchemaValue:
        body = super().dict_schema(schema)
        return {**body, "additionalProperties": False} if "patternProperties" in body else body

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the base class's signature
        return False
