"""Why a certificate is revoked."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a certificate is revoked; the words of RFC 5280, section 5.3.1."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    SUPERSEDED = "superseded"
    """Another one has taken its place."""
    CESSATION_OF_OPERATION = "cessationOfOperation"
    """The machine is retired."""
