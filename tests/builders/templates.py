"""Templates for tests: as values, and as a `TemplateFiles` that counts how often it is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from fleetctl.core.digest import digest_of
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.templates import Rule, Source, Templates


def some_templates(mode: int = 0o600, **texts: str) -> Templates:
    """Return templates called by the names given, each of which becomes `/etc/NAME` of every kind of unit.

    A name that starts with an underscore is only there to be included.
    """
    sources = {name: Source(text, f"templates/{name}") for name, text in texts.items()}
    rules = tuple(Rule(name, f"/etc/{name}", mode) for name in sorted(texts) if not name.startswith("_"))
    return Templates(sources, dict.fromkeys(Kind, rules))


@dataclass
class TemplatesInMemory:
    """A `TemplateFiles` without files."""

    templates: Templates
    reads: int = 0

    @property
    def digest(self) -> str:
        return digest_of({name: source.text for name, source in self.templates.sources.items()})

    def read(self) -> Templates:
        self.reads += 1
        return self.templates


@dataclass
class CacheInMemory:
    """A `SiteCache` without files; `written` lists the sites of every write."""

    blobs: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)

    def get(self, site: str, purpose: str, key: str) -> bytes | None:
        kept, blob = self.blobs.get((site, purpose), ("", b""))
        return blob if kept == key else None

    def put(self, site: str, purpose: str, key: str, blob: bytes) -> None:
        self.written.append(site)
        self.blobs[site, purpose] = (key, blob)
