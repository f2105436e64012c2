"""The key that signs the log: made private, read by OpenSSH's own tools, and trusted only if named."""

from __future__ import annotations

import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fleetctl.adapters.log_key import LogKey, forgery, read_public
from fleetctl.core.log_heads import Head, SignedHead
from fleetctl.core.problems import CouldNot
from tests.builders.world import START


def signed_by(key: LogKey) -> SignedHead:
    unsigned = SignedHead("u-1", Head(7, "d7"), START, key.public)
    return replace(unsigned, signature=key.sign(unsigned.message))


@pytest.fixture
def key(tmp_path: Path) -> LogKey:
    return LogKey(tmp_path / "config" / "log-key")


def test_a_key_is_made_for_its_owner_alone_and_used_again(key: LogKey, tmp_path: Path) -> None:
    public, file = key.public, tmp_path / "config" / "log-key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert LogKey(file).public == public
    assert [path.name for path in file.parent.iterdir()] == ["log-key"]


def test_openssh_reads_the_key(key: LogKey, tmp_path: Path) -> None:
    public = key.public
    said = subprocess.run(
        ["ssh-keygen", "-y", "-f", tmp_path / "config" / "log-key"], capture_output=True, text=True, check=True
    )
    assert said.stdout.split()[:2] == public.split()


def test_a_key_that_ssh_keygen_made_signs(tmp_path: Path) -> None:
    file = tmp_path / "own"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "audit", "-f", file], check=True)
    head = signed_by(LogKey(file))
    assert forgery(head, read_public(file.with_suffix(".pub"))) is None


def test_what_a_trusted_key_signed_is_genuine(key: LogKey) -> None:
    assert forgery(signed_by(key), {key.public}) is None


def test_what_was_changed_after_it_was_signed_is_not(key: LogKey) -> None:
    head = signed_by(key)
    for changed in (
        replace(head, head=Head(8, "d7")),
        replace(head, state="u-2"),
        replace(head, signature="AAAA"),
        replace(head, signature="%"),
    ):
        assert forgery(changed, {key.public}) == "its signature is wrong"


def test_another_key_vouches_for_nothing(key: LogKey, tmp_path: Path) -> None:
    other = LogKey(tmp_path / "other")
    assert forgery(signed_by(other), {key.public}) == "it is signed with a key that is not trusted"


def test_a_key_that_others_may_read_is_not_used(key: LogKey, tmp_path: Path) -> None:
    assert key.public
    file = tmp_path / "config" / "log-key"
    file.chmod(0o640)
    with pytest.raises(CouldNot, match="can be read by others"):
        LogKey(file).sign(b"x")


@pytest.mark.parametrize(
    "content", ["", "no key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_not_replaced(tmp_path: Path, content: str) -> None:
    file = tmp_path / "log-key"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(CouldNot, match="does not hold a key that can sign"):
        LogKey(file).sign(b"x")
    assert file.read_text() == content


def test_a_place_where_nothing_can_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CouldNot, match="cannot be had"):
        LogKey(tmp_path / "file" / "log-key").sign(b"x")


def test_public_keys_are_read_as_authorized_keys_are(key: LogKey, tmp_path: Path) -> None:
    file = tmp_path / "trusted"
    file.write_text(f"# who may sign\n\n{key.public} audit@here\n")
    assert read_public(file) == {key.public}
    file.write_text("ssh-rsa AAAA\n")
    with pytest.raises(CouldNot, match="not a public key of ed25519"):
        read_public(file)
