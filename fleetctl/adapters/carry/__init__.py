"""Brings bundles from the depot near the units that need them: one copy a gateway, whoever asks for it."""
