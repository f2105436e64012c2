"""Bundles as RAUC sees them."""

from __future__ import annotations

import json

from fleet_unit.bundles import complete
from fleet_unit.endings import Refused
from fleet_unit.programs import program, run
from fleet_unit.update import staged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document

INFO_TIMEOUT_S = 120.0


def refuse_foreign(sha256: str, version: str, compatible: str, what: str) -> None:
    """Refuse a bundle that is not staged, that RAUC does not believe, or that is not what it should be.

    Args:
        sha256: of the bundle.
        version: that it has to be of.
        compatible: that it has to be for.
        what: will take it, in words.
    """
    known = staged() or {}
    if known.get("sha256") != sha256 or not known["ready"]:
        raise Refused(f"bundle {sha256[:12]} is not staged here")
    told = _manifest(complete(sha256))
    if told.get("version") != version:
        raise Refused(f"the bundle is of version {told.get('version')}, not {version}")
    if told.get("compatible") != compatible:
        raise Refused(f"the bundle is for {told.get('compatible')}, {what} is {compatible or 'of no known kind'}")


def _manifest(path: str) -> Document:
    """Return what RAUC reads in a bundle, after it has checked the signature."""
    code, said = run([program("rauc"), "info", "--output-format=json", path], INFO_TIMEOUT_S)
    lines = said.splitlines() or ["it does not say why"]
    if code != 0:
        raise Refused(f"RAUC does not take the bundle: {lines[-1][-300:]}")
    try:
        told = json.loads(next((line for line in lines if line.startswith("{")), ""))
    except ValueError:
        raise Refused("what RAUC says of the bundle cannot be read") from None
    return told if isinstance(told, dict) else {}
