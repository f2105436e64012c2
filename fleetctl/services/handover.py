"""Issue handover reports, and hold their files against what a state remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fleetctl.core.digest import digest, digest_of
from fleetctl.core.handover.check import Memory, issue_of, misfits, unchained
from fleetctl.core.handover.document import to_document
from fleetctl.core.handover.issue import Issue, issue_draft, issued, next_issue
from fleetctl.core.handover.report import Fingerprint, Handover, handover
from fleetctl.core.handover.seal import Seal, Sealed, html_file, json_file
from fleetctl.core.inventory.fleet import Site
from fleetctl.ports import Signer, State


@dataclass(frozen=True)
class Request:
    """Which report is asked for; `dwelling` is empty for the whole site."""

    site: Site
    dwelling: str
    actor: str
    at: datetime


def issue(state: State, request: Request) -> Handover:
    """Return the report of a site or a dwelling; that it was issued is written to the ledger.

    If nothing has changed since the last report of the same place, it is that report again: its French page, its
    English page and its data are one report, whenever each is asked for.
    """
    site = request.site
    entries = state.ledger.entries(site.id)
    known = fingerprints(state, [unit.name for unit in site.units.values()])
    before = issued(entries)
    for last in reversed(before):
        if last.issue.dwelling == request.dwelling and last.issue.state == state.uuid:
            again = handover(site, entries, last.issue, known)
            if digest_of(to_document(again)) == last.digest:
                return again
            break
    new = next_issue(before, site.id, request.dwelling, request.at, state.uuid, state.chain_head())
    report = handover(site, entries, new, known)
    state.ledger.append([issue_draft(new, digest_of(to_document(report)), request.actor)])
    return report


def fingerprints(state: State, units: Sequence[str]) -> Mapping[str, Sequence[Fingerprint]]:
    """Return what the machines of units prove their identity with: pinned host keys, and certificates in force."""
    found: dict[str, list[Fingerprint]] = {unit: [] for unit in units}
    for unit, pins in state.units.pins(units).items():
        found[unit] += [Fingerprint(pin.key_type, pin.fingerprint) for pin in pins]
    for registration in state.registry.registrations(units).values():
        certificate = state.registry.certificate(registration.number)
        if certificate is not None and certificate.revoked is None:
            found[registration.unit].append(Fingerprint("certificate", f"SHA256:{certificate.fingerprint}"))
    return found


def sealed_json(document: Mapping[str, Any], signer: Signer) -> bytes:
    """Return the JSON file of a report, signed.

    Raises:
        CouldNot: if the key cannot be had.
    """
    of = digest_of(document)
    return json_file(document, _signed(Seal(of, of, signer.public), signer))


def sealed_html(document: Mapping[str, Any], page: str, signer: Signer) -> bytes:
    """Return the HTML file of a report, signed over every byte.

    Raises:
        CouldNot: if the key cannot be had.
    """
    content = page.encode()
    return html_file(content, _signed(Seal(digest_of(document), digest(content), signer.public), signer))


def flaws(
    files: Mapping[str, Sealed], forgery: Callable[[Seal], str | None], state: State | None
) -> Mapping[str, tuple[str, ...]]:
    """Return in words what is wrong with each file, and under an empty name with how they follow each other.

    What was changed or is not signed by a trusted key is held against nothing: who knows who wrote it.

    Args:
        files: by name.
        forgery: returns what is wrong with a seal's signature, or None.
        state: that they were made by; None to look at the files alone.
    """
    alone = {name: sealed.changed or forgery(sealed.seal) for name, sealed in files.items()}
    genuine = {name: files[name] for name, flaw in alone.items() if flaw is None}
    found: dict[str, tuple[str, ...]] = {name: (flaw,) if flaw else () for name, flaw in alone.items()}
    if state is not None and genuine:
        memory = _memory(state, map(issue_of, genuine.values()))
        found |= {name: misfits(sealed, memory) for name, sealed in genuine.items()}
    return {**found, "": unchained(genuine.values())}


def _memory(state: State, issues: Iterable[Issue]) -> Memory:
    heads = [each.head.number for each in issues]
    return Memory(state.uuid, state.ledger.entries(), state.chain_digests(heads), state.chain_flaw())


def _signed(seal: Seal, signer: Signer) -> Seal:
    return replace(seal, signature=signer.sign(seal.message))
