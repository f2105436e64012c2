"""An edit of a site file, as a value: keys that one object gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Put:
    """Keys of one object; the object, or its section, is added if it is not there.

    Attributes:
        section: such as `radiators`.
        id: of the object.
        values: text by key.
    """

    section: str
    id: str
    values: Mapping[str, str]
