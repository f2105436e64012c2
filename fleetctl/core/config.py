"""A unit's rendered configuration: files with a digest, and the payload that carries them to the unit.

A rendered file may hold secret *marks* instead of secrets: `⟦secret:NAME@VERSION⟧`. The config's digest is made from
the files with their marks, so it covers references with versions and never values. `payload` puts the values in, at
the edge.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fleetctl.core.digest import digest, digest_of

SCHEMA = "fleetctl/config/v1"
SECRET_MARK = re.compile(r"⟦secret:(?P<name>[A-Za-z0-9_.-]+)@(?P<version>[A-Za-z0-9_.+~-]+)⟧")


def secret_mark(name: str, version: str) -> str:
    """Return the mark that stands for a secret in a rendered file."""
    return f"⟦secret:{name}@{version}⟧"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One rendered file.

    Attributes:
        path: absolute path on the unit.
        content: text, with marks in the place of secrets.
        mode: permission bits, for instance 0o644.
        service: the service hook that checks and reloads it (`/usr/lib/fleet/hooks/SERVICE check|reload`), or empty.
        confirm: a wrong file could cut the unit off or leave it cold, so the change is commit-confirmed.
        reboot: a change takes effect only after a reboot.
    """

    path: str
    content: str
    mode: int = 0o644
    service: str = ""
    confirm: bool = False
    reboot: bool = False

    @property
    def secrets(self) -> frozenset[str]:
        """Return the names of the secrets that the file refers to."""
        return frozenset(m["name"] for m in SECRET_MARK.finditer(self.content))


@dataclass(frozen=True)
class Config:
    """The rendered configuration of one unit, files sorted by path."""

    unit: str
    files: tuple[ConfigFile, ...]

    @cached_property
    def digest(self) -> str:
        """Return the config's digest: paths, modes, services, flags and contents with their secret marks."""
        return digest_of([[f.path, f.content, f.mode, f.service, f.confirm, f.reboot] for f in self.files])

    @cached_property
    def file_digests(self) -> Mapping[str, str]:
        """Map each path to the digest of its content with marks; lets a plan name the files that differ."""
        return {f.path: digest(f.content.encode()) for f in self.files}


def payload(config: Config, resolve: Callable[[str], str], *, confirm_timeout_s: float = 120.0) -> dict[str, Any]:
    """Return what `fleet-unit configure` reads on its standard input, secrets filled in.

    Args:
        config: the rendered configuration.
        resolve: returns the value of a secret by its name.
        confirm_timeout_s: after this time without a confirmation the unit restores its old files.
    """

    def fill(content: str) -> str:
        return SECRET_MARK.sub(lambda mark: resolve(mark["name"]), content)

    return {
        "schema": SCHEMA,
        "unit": config.unit,
        "digest": config.digest,
        "confirm_timeout_s": confirm_timeout_s,
        "files": [
            {
                "path": f.path,
                "content": fill(f.content),
                "mode": f.mode,
                "service": f.service,
                "confirm": f.confirm,
                "reboot": f.reboot,
                "source_digest": config.file_digests[f.path],
            }
            for f in config.files
        ],
    }
