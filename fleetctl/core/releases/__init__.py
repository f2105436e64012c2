"""Releases as values: what is signed, which bundle may become one, what a channel may stand for. Pure."""
