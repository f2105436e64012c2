"""How an effect may end other than well."""

from __future__ import annotations


class Ended(Exception):
    """An effect that did not succeed; the class says how it ended."""

    ending = "failed"


class Refused(Ended):
    """Nothing was changed."""

    ending = "refused"


class RolledBack(Ended):
    """A check failed after the change, and what was before is back."""

    ending = "rolled_back"
