"""A root that its holders are signing: what they compare with each other before they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Role:
    """Who may sign for a role.

    Attributes:
        keys: identifiers, sorted.
        threshold: how many of them have to.
    """

    keys: tuple[str, ...]
    threshold: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A root before or after enough holders have signed it.

    Attributes:
        version: of the root, from 1.
        digest: SHA-256 of what is signed, the same before and after each signature.
        roles: who may sign what, by role.
        expires: in UTC.
        signed: root keys that have signed it.
        missing: how many signatures it lacks.
        published: it is in force.
    """

    version: int
    digest: str
    roles: Mapping[str, Role]
    expires: datetime
    signed: tuple[str, ...]
    missing: int
    published: bool = False

    @property
    def next_step(self) -> str:
        """Return in words what is to be done now."""
        if self.published:
            return f"root {self.version} is in force"
        if self.missing:
            return (
                f"{self.missing} more of its holders sign with 'fleetctl release keys sign {self.digest}', "
                "after comparing this digest with each other"
            )
        return f"'fleetctl release keys sign {self.digest}' on the machine with the other roles' keys puts it in force"
