"""Kits: made, taken in again, shown, revoked."""
