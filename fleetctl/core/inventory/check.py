"""Checks one file or site from its documents to its resolved value, and says all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

LEAVES = ("radiators", "boilers", "sensors")
"""Sections whose objects nothing else refers to: one of them can be left out, and the rest still be judged."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Shared:
    """What all sites share: the fleet without sites, and the defaults that sites are resolved with."""

    fleet: resolved.Fleet
    defaults: FleetDefaults


def check_fleet(document: Document, locator: Locator) -> tuple[Shared | None, tuple[Problem, ...]]:
    """Check `fleet.yaml` by itself.

    Returns:
        What it says, None if it cannot be used at all; and its problems.
    """
    if document.data is None and document.problems:
        return None, document.problems
    declared, flaws = _validated(DeclaredFleet, document.data, FLEET)
    if declared is None:
        return None, (*document.problems, *locator.problems(flaws))
    shared = Shared(resolve_fleet(declared), declared.defaults)
    return shared, (*document.problems, *locator.problems(invariants.of_shared(shared.fleet)))


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
    declared, flaws = _salvaged(id, data)
    if not is_label(id):
        flaws.append(_bad_site_name(id))
    if declared is None or shared is None:
        return None, (*problems, *locator.problems(flaws))
    site, more = resolve_site(id, declared, shared.defaults, shared.fleet)
    more += invariants.of_site(site, shared.fleet, zones)
    if flaws:  # a sum over fewer units than were meant would warn of what is not so
        more = [flaw for flaw in more if flaw.severity is Severity.ERROR]
    return site, (*problems, *locator.problems([*flaws, *more]))


def _salvaged(site: str, data: dict[str, Any]) -> tuple[DeclaredSite | None, list[Flaw]]:
    """Validate; if only units and sensors are malformed, leave those out so that the others are judged too."""
    declared, flaws = _validated(DeclaredSite, data, site_path(site))
    if declared is not None or not all(len(f.path) > 3 and f.path[2] in LEAVES for f in flaws):
        return declared, flaws
    malformed = {flaw.path[2:4] for flaw in flaws}
    kept = {
        section: {id: value for id, value in content.items() if (section, id) not in malformed}
        if section in LEAVES
        else content
        for section, content in data.items()
    }
    return _validated(DeclaredSite, kept, site_path(site))[0], flaws


def _validated(model: type[M], data: Any, root: Path) -> tuple[M | None, list[Flaw]]:
    if data is None:
        return None, [
            Flaw(root, "empty-file", "the file declares nothing", "see 'fleetctl schema' for what it may hold")
        ]
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, list(flaws_of(error, model, root))


def _bad_site_name(id: str) -> Flaw:
    hint = "name the file with 1 to 63 of a-z, 0-9 and '-'"
    return Flaw(site_path(id), "bad-name", f"site '{id}' is not a host name label", hint)


def check_together(sites: Sequence[resolved.Site]) -> Iterator[Flaw]:
    """Yield what is wrong between sites."""
    yield from invariants.of_sites(sites)
