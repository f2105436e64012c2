"""Resolves secrets at the edge: from the environment, or from files encrypted with age, ansible-vault or SOPS."""

from fleetctl.adapters.secrets.resolver import SecretResolver

__all__ = ["SecretResolver"]
