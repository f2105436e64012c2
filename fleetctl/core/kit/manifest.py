"""What a kit is and holds: the document that is signed when it leaves, and what a folder is held against.

The signed part of a kit never changes. All that is done with it happens beside it, in `work/`, and comes back as
results that the kit's own key signs (`results`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fleetctl.core.clock import from_text, to_text

SCHEMA = "fleetctl/kit/v1"
NAMESPACE = "fleetctl-kit"
"""Of the manifest's signature: one made for anything else does not count (ssh-keygen(1), `-n`)."""
FILE = "kit.json"
SIGNATURE = "kit.json.sig"
WORK = "work"
"""Folder of what is done with a kit; not signed with the rest."""
CLOCK_SLACK = timedelta(minutes=10)
"""By which a laptop's clock may be behind the clock that a kit was made by."""
MAX_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Held:
    """A file of a kit: its size, and its SHA-256 in hexadecimal."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a kit is.

    Attributes:
        kit: its id; also the identity of its state, and so the writer of its ledger entries.
        fleet, site: that it is for.
        state: UUID of the state that it was exported from, and that it is merged into.
        dwellings: that it is limited to; empty for the whole site.
        engineer: whom it was made for.
        actor: who made it.
        made, expires: aware times.
        signer: public key that signs this, `ssh-ed25519 AAAA…`.
        key: public key that the kit signs its results with.
        known: how many entries of each writer's ledger it was given.
        version: of fleetctl in it.
        pythons: versions of Python that it runs on, such as `3.11`.
        files: everything in it but `work/`, the manifest and its signature, by path.
    """

    kit: str
    fleet: str
    site: str
    state: str
    dwellings: tuple[str, ...]
    engineer: str
    actor: str
    made: datetime
    expires: datetime
    signer: str
    key: str
    known: Mapping[str, int] = field(default_factory=dict)
    version: str = ""
    pythons: tuple[str, ...] = ()
    files: Mapping[str, Held] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """Return the bytes that are signed."""
        return (json.dumps(self._document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()

    def ended(self, now: datetime) -> str | None:
        """Return why nothing may be changed with the kit at a moment; None if it may."""
        if now >= self.expires:
            return f"kit {self.kit} expired on {self.expires:%Y-%m-%d %H:%M} UTC"
        if now < self.made - CLOCK_SLACK:
            return f"the clock of this machine is wrong: it shows {now:%Y-%m-%d %H:%M} UTC, before the kit was made"
        return None

    def flaws(self, found: Mapping[str, Held]) -> Iterator[str]:
        """Yield in words what is not as it was signed.

        Args:
            found: the files of the folder as they are, by path; without `work/`, the manifest and its signature.
        """
        for path, held in sorted(self.files.items()):
            if path not in found:
                yield f"{path} is missing"
            elif found[path] != held:
                yield f"{path} is not what was signed"
        yield from (f"{path} was added" for path in sorted(found.keys() - self.files.keys()))

    def _document(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "kit": self.kit,
            "fleet": self.fleet,
            "site": self.site,
            "state": self.state,
            "dwellings": list(self.dwellings),
            "engineer": self.engineer,
            "actor": self.actor,
            "made": to_text(self.made),
            "expires": to_text(self.expires),
            "signer": self.signer,
            "key": self.key,
            "known": dict(self.known),
            "version": self.version,
            "pythons": list(self.pythons),
            "files": {path: {"size": held.size_bytes, "sha256": held.sha256} for path, held in self.files.items()},
        }


def manifest_of(content: bytes) -> Manifest:
    """Read what `Manifest.content` wrote; whether it was signed is asked elsewhere.

    Raises:
        ValueError: if it is something else.
    """
    try:
        row = json.loads(content)
        if row["schema"] != SCHEMA:
            raise ValueError(f"its schema is {row['schema']!r}")
        return Manifest(
            **{key: str(row[key]) for key in ("kit", "fleet", "site", "state", "engineer", "actor", "signer", "key")},
            dwellings=tuple(map(str, row["dwellings"])),
            made=from_text(row["made"]),
            expires=from_text(row["expires"]),
            known={str(writer): int(number) for writer, number in row["known"].items()},
            version=str(row["version"]),
            pythons=tuple(map(str, row["pythons"])),
            files={str(path): Held(int(of["size"]), str(of["sha256"])) for path, of in row["files"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it lacks or misshapes {error}") from error


def life_of(text: str) -> timedelta:
    """Return a length of time such as `3d` or `36h`.

    Raises:
        ValueError: if it is none, or longer than a kit may live.
    """
    units = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
    number, unit = text[:-1], text[-1:]
    if unit not in units or not number.isascii() or not number.isdigit() or int(number) < 1:
        raise ValueError(f"'{text}' is no length of time such as 3d or 36h")
    if int(number) * units[unit] > MAX_LIFE:
        raise ValueError(f"a kit lives {MAX_LIFE.days} days at most")
    return int(number) * units[unit]
