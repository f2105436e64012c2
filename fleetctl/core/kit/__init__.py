"""The offline kit: what is taken to a building without a network, and what comes back. Pure."""
