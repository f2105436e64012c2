"""A kit's private keys: encrypted on disk, in clear only in memory."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fleetctl.adapters.kit import keys
from fleetctl.adapters.kit.keys import Keyring, Lock
from fleetctl.adapters.kit.signing import is_signed, signed
from fleetctl.adapters.log_key import LogKey
from fleetctl.core.imaging.sshsig import allowed_signers
from fleetctl.core.problems import CouldNot, InvalidInput

CANARY = "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary-4711\n"
RING = Keyring(keys.new_key(), {"ssh-1": CANARY}, {"home/r1": "ssh-1"})


@pytest.fixture(scope="module")
def sealed() -> bytes:
    """Encrypted once: a passphrase is stretched on purpose."""
    return keys.encrypted(RING, Lock("correct horse battery"))


def file_of(folder: Path, content: bytes) -> Path:
    (folder / "keys.age").write_bytes(content)
    return folder / "keys.age"


def test_keys_come_back_by_the_passphrase_and_are_nowhere_in_clear(tmp_path: Path, sealed: bytes) -> None:
    assert b"canary" not in sealed
    assert "canary" not in repr(RING)
    assert "horse" not in repr(Lock("correct horse"))
    assert keys.decrypted(file_of(tmp_path, sealed), passphrase="correct horse battery") == RING
    with pytest.raises(CouldNot, match="not its passphrase"):
        keys.decrypted(file_of(tmp_path, sealed), passphrase="wrong")


def test_keys_come_back_by_the_engineers_own_ssh_key(tmp_path: Path) -> None:
    identity = tmp_path / "id"
    identity.write_text(keys.new_key())
    identity.chmod(0o600)
    (tmp_path / "id.pub").write_text(f"# hers\n{keys.public_of(identity.read_text())}\n")
    content = keys.encrypted(RING, Lock(recipients=keys.recipients_of([str(tmp_path / "id.pub")])))
    assert keys.decrypted(file_of(tmp_path, content), identity=identity) == RING
    identity.write_text(keys.new_key())
    with pytest.raises(CouldNot, match="not its identity"):
        keys.decrypted(file_of(tmp_path, content), identity=identity)


def test_what_is_no_recipient_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no recipient"):
        keys.encrypted(RING, Lock(recipients=("age1nonsense",)))
    with pytest.raises(CouldNot, match="cannot be read"):
        keys.recipients_of(["/nowhere.pub"])


def test_a_passphrase_is_long_and_never_the_same() -> None:
    assert len({keys.new_passphrase() for _ in range(50)}) == 50
    assert len(keys.new_passphrase()) == 24


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no folder in memory here")
def test_unlocked_keys_are_in_memory_for_one_user_and_go_away() -> None:
    base = Path("/dev/shm") / f"fleetctl-test-{os.getpid()}"
    folder = keys.session_folder("k-1", {"XDG_RUNTIME_DIR": str(base)})
    try:
        files = keys.unlocked(RING, folder)
        assert Path(files["home/r1"]).read_text() == CANARY
        assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o600"}
        assert keys.locked(folder)
        assert not folder.exists()
        assert not keys.locked(folder)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def test_keys_are_never_unlocked_onto_a_disk(tmp_path: Path) -> None:
    found = subprocess.run(["stat", "-f", "-c", "%T", tmp_path], capture_output=True, text=True).stdout.strip()
    if found in ("tmpfs", "ramfs"):
        pytest.skip("temporary files are in memory here")
    with pytest.raises(CouldNot, match="is on a disk"):
        keys.unlocked(RING, tmp_path / "session")
    assert not list((tmp_path / "session").iterdir())


def test_signatures_are_openssh_s_own(tmp_path: Path) -> None:
    signer = LogKey(tmp_path / "key")
    signature = signed(signer, b"message", "fleetctl-kit")
    (tmp_path / "allowed").write_text(allowed_signers(signer.public, "fleetctl-kit"))
    (tmp_path / "sig").write_text(signature)
    files = ["-f", str(tmp_path / "allowed"), "-s", str(tmp_path / "sig")]
    options = [*files, "-I", "fleetctl-kit", "-n", "fleetctl-kit"]
    ran = subprocess.run(["ssh-keygen", "-Y", "verify", *options], input=b"message", capture_output=True)
    assert ran.returncode == 0, ran.stderr
    assert is_signed(signature, signer.public, b"message", "fleetctl-kit")


@pytest.mark.parametrize("what", ["message", "namespace", "key", "text", "garbage"])
def test_a_signature_of_anything_else_does_not_count(tmp_path: Path, what: str) -> None:
    signer, other = LogKey(tmp_path / "key"), LogKey(tmp_path / "other")
    signature = signed(signer, b"message", "fleetctl-kit")
    message = b"massage" if what == "message" else b"message"
    namespace = "fleetctl-imaging" if what == "namespace" else "fleetctl-kit"
    public = other.public if what == "key" else signer.public
    text = {"text": signature + "\n", "garbage": "garbage"}.get(what, signature)
    assert not is_signed(text, public, message, namespace)


def test_a_signature_by_another_kind_of_key_does_not_count(tmp_path: Path) -> None:
    signature = signed(LogKey(tmp_path / "key"), b"message", "fleetctl-kit")
    named = ec.generate_private_key(ec.SECP256R1()).public_key()
    public = named.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    assert not is_signed(signature, public, b"message", "fleetctl-kit")
