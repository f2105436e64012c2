"""Checks one file or site from its documents to its resolved value, and says all that is wrong with it.

What is malformed is left out where nothing else depends on it, and the rest is judged all the same, so that one reading
shows every problem. What would be wrong only because something was left out is not said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fleetctl.core.document import Document, Path
from fleetctl.core.inventory import fleet as resolved
from fleetctl.core.inventory import invariants
from fleetctl.core.inventory.declared.fleet import Fleet as DeclaredFleet
from fleetctl.core.inventory.declared.fleet import FleetDefaults
from fleetctl.core.inventory.declared.site import Site as DeclaredSite
from fleetctl.core.inventory.explain import flaws_of
from fleetctl.core.inventory.flaws import FLEET, Flaw, Locator, site_path
from fleetctl.core.inventory.merge import joined
from fleetctl.core.inventory.resolve import resolve_fleet, resolve_site
from fleetctl.core.names import is_label
from fleetctl.core.problems import Problem, Severity

FLEET_ENTRIES = ("models", "releases", "channels", "policies", "secrets", "platforms", "notify")
SITE_LEAVES = ("radiators", "boilers", "sensors")
"""Sections of a site whose objects nothing else refers to."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Shared:
    """What all sites share.

    Attributes:
        fleet: the fleet without sites.
        defaults: what sites are resolved with.
        whole: nothing was left out, so a reference that leads nowhere is wrong.
    """

    fleet: resolved.Fleet
    defaults: FleetDefaults
    whole: bool = True


def check_fleet(document: Document, locator: Locator) -> tuple[Shared | None, tuple[Problem, ...]]:
    """Check `fleet.yaml` by itself.

    Returns:
        What it says, None if it cannot be used at all; and its problems.
    """
    if document.data is None and document.problems:
        return None, document.problems
    declared, flaws = _salvaged(DeclaredFleet, document.data, FLEET, FLEET_ENTRIES)
    if declared is None:
        return None, (*document.problems, *locator.problems(flaws))
    whole = not flaws and not document.problems
    shared = Shared(resolve_fleet(declared), declared.defaults, whole)
    flaws += invariants.of_policies(shared.fleet)
    if whole:
        flaws += invariants.of_shared(shared.fleet)
    return shared, (*document.problems, *locator.problems(flaws))


def check_site(
    id: str, documents: Sequence[Document], shared: Shared | None, zones: frozenset[str], locator: Locator
) -> tuple[resolved.Site | None, tuple[Problem, ...]]:
    """Check one site by itself.

    Args:
        id: the site's id.
        documents: its files.
        shared: None if `fleet.yaml` cannot be used; then only the form of the site is checked.
        zones: time zones that this machine knows; empty to accept any.
        locator: finds lines.

    Returns:
        The resolved site, None if it cannot be resolved, and its problems.
    """
    data, problems = joined(documents)
    problems += [problem for document in documents for problem in document.problems]
    if any(document.data is None and document.problems for document in documents):
        return None, tuple(problems)
    declared, flaws = _salvaged(DeclaredSite, data or None, site_path(id), SITE_LEAVES)
    if not is_label(id):
        flaws.append(_bad_site_name(id))
    if declared is None or shared is None:
        return None, (*problems, *locator.problems(flaws))
    site, more = resolve_site(id, declared, shared.defaults, shared.fleet)
    more += _judged(site, shared, zones)
    if flaws:  # a sum over fewer units than are meant would warn of what is not so
        more = [flaw for flaw in more if flaw.severity is Severity.ERROR]
    return site, (*problems, *locator.problems([*flaws, *more]))


def _judged(site: resolved.Site, shared: Shared, zones: frozenset[str]) -> list[Flaw]:
    flaws = list(invariants.of_site(site))
    if shared.whole:
        flaws += invariants.in_fleet(site, invariants.Context(shared.fleet, zones))
    return flaws


def _salvaged(model: type[M], data: Any, root: Path, sections: Sequence[str]) -> tuple[M | None, list[Flaw]]:
    """Validate; if only objects in `sections` are malformed, leave those out and keep the others."""
    value, flaws = _validated(model, data, root)
    malformed = {flaw.path[len(root) : len(root) + 2] for flaw in flaws}
    if value is not None or not all(len(place) == 2 and place[0] in sections for place in malformed):
        return value, flaws
    kept = {key: _without(key, content, malformed) if key in sections else content for key, content in data.items()}
    return _validated(model, kept, root)[0], flaws


def _without(section: str, content: dict[str, Any], malformed: set[Path]) -> dict[str, Any]:
    return {id: value for id, value in content.items() if (section, id) not in malformed}


def _validated(model: type[M], data: Any, root: Path) -> tuple[M | None, list[Flaw]]:
    if data is None:
        hint = "'fleetctl schema' shows what it may hold"
        return None, [Flaw(root, "empty-file", "the file declares nothing", hint)]
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, list(flaws_of(error, model, root))


def _bad_site_name(id: str) -> Flaw:
    hint = "name the file with 1 to 63 of a-z, 0-9 and '-'"
    return Flaw(site_path(id), "bad-name", f"site '{id}' is not a host name label", hint)
