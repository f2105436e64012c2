"""The rules of the heat guard: small pure functions, each of which returns a verdict with its arithmetic in words."""
