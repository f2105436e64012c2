"""What the unit is, as a probe sees it. Runs nothing but `rauc status`, changes nothing but the fence."""

from __future__ import annotations

from fleet_unit import compute, heat, update
from fleet_unit.active import edited, pointed, previous
from fleet_unit.files import read_document, size
from fleet_unit.journal import newest_entry
from fleet_unit.paths import CHANGE, COMPONENTS_TOLD, LOAD, REGISTRATION
from fleet_unit.slots import slots
from fleet_unit.system import boot_id, booted_slot, reboot_needed, release
from fleet_unit.trees import manifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document

STATUS_SCHEMA = "fleetctl/unit-status/v1"


def load_state() -> Document | None:
    """Return the load that the unit was given last; only a unit that was given one pays for reading the module."""
    if not size(LOAD):
        return None
    from fleet_unit.load import state

    return state()


def status(epoch: int = 0) -> Document:
    """Return what the unit is; runs nothing but `rauc status`, changes nothing but the fence."""
    if epoch:
        from fleet_unit.fence import raise_fence

        raise_fence(epoch)
    slot = booted_slot()
    active = manifest(pointed(slot))
    registered = read_document(REGISTRATION)
    return {
        "schema": STATUS_SCHEMA,
        "boot_id": boot_id(),
        "release": release(),
        "slots": slots(),
        "config": {
            "digest": active["digest"],
            "changed": edited(active),
            "unconfirmed": read_document(CHANGE).get("digest", ""),
            "files": {f["path"]: f["source_digest"] for f in active["files"]},
            "reboot_needed": reboot_needed(),
            "previous": manifest(previous(slot))["digest"],
        },
        "compute": compute.state(),
        "heat": heat.state(),
        "journal": newest_entry(),
        "update": update.state(),
        "components": read_document(COMPONENTS_TOLD),
        "load": load_state(),
        "registration": registered.get("digest", ""),
        "certificate": {key: registered.get(key, "") for key in ("number", "not_after")} if registered else None,
    }
