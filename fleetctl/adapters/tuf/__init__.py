"""Signed releases in the form of The Update Framework: metadata, keys, the ceremony of the root."""
