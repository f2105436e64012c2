"""Signatures of manifests and results: ed25519 in OpenSSH's form, so that `ssh-keygen -Y verify` reads them too."""

from __future__ import annotations

import binascii
from base64 import b64decode

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from fleetctl.core.imaging.sshsig import armoured, to_be_signed
from fleetctl.ports import Signer

_SIGNATURE_BYTES = 64


def signed(signer: Signer, message: bytes, namespace: str) -> str:
    """Return the signature of a message.

    Raises:
        CouldNot: if the key cannot be had.
    """
    return armoured(signer.public, b64decode(signer.sign(to_be_signed(message, namespace))), namespace)


def is_signed(text: str, public: str, message: bytes, namespace: str) -> bool:
    """Say whether a signature of a message was made for this namespace with this key, `ssh-ed25519 AAAA…`."""
    try:
        body = "".join(line for line in text.splitlines() if not line.startswith("-----"))
        signature = b64decode(body, validate=True)[-_SIGNATURE_BYTES:]
        key = load_ssh_public_key(public.encode())
        if not isinstance(key, Ed25519PublicKey):  # the key is named by what is being checked
            return False
        key.verify(signature, to_be_signed(message, namespace))
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError):
        return False
    return text == armoured(public, signature, namespace)
