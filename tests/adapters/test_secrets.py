"""Secrets from every backend, with real encryption and keys that are made here."""

from __future__ import annotations

import json
import os
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from fleetctl.adapters.secrets import SecretResolver
from fleetctl.core.inventory.fleet import SecretRef
from fleetctl.core.problems import CouldNot

CANARY = "c4n4ry-of-this-test"
DOCUMENT = f"token: {CANARY}\ndeep:\n  er: {CANARY}-deep\nnumber: 12345678\nshort: abc\n"

Make = Callable[[str], SecretResolver]


def resolver(folder: Path, backend: str, locator: str, **environ: str) -> SecretResolver:
    refs = {"token": SecretRef("token", backend, locator, "1")}
    return SecretResolver(refs, folder, {"PATH": os.environ["PATH"], **environ})


def refused(resolver: SecretResolver, name: str = "token") -> CouldNot:
    """Return the refusal, after making sure that neither it nor its traceback shows the canary."""
    with pytest.raises(CouldNot) as caught:
        resolver.resolve(name)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caught.value.hint
    assert CANARY not in shown
    return caught.value


@pytest.fixture
def age(tmp_path: Path) -> Make:
    identity = pyrage.x25519.Identity.generate()
    key = tmp_path / "age.txt"
    key.write_text(f"# created by a test\n# public key: {identity.to_public()}\n{identity}\n")
    key.chmod(0o600)
    encrypted = pyrage.encrypt(DOCUMENT.encode(), [identity.to_public()])
    (tmp_path / "secrets.age").write_bytes(encrypted)
    (tmp_path / "armoured.age").write_bytes(pyrage.encrypt(DOCUMENT.encode(), [identity.to_public()], armored=True))
    (tmp_path / "whole.age").write_bytes(pyrage.encrypt(f"{CANARY}\n".encode(), [identity.to_public()]))
    (tmp_path / "broken.age").write_bytes(pyrage.encrypt(f"a: [{CANARY}".encode(), [identity.to_public()]))
    (tmp_path / "binary.age").write_bytes(pyrage.encrypt(b"\xff\xfe\xfd", [identity.to_public()]))
    return lambda locator: resolver(tmp_path, "age", locator, FLEETCTL_AGE_IDENTITY=str(key))


@pytest.fixture
def vault(tmp_path: Path) -> Make:
    (tmp_path / "password").write_text("the vault's password\n")
    secret = VaultSecret(b"the vault's password")
    (tmp_path / "vault.yml").write_bytes(VaultLib([("default", secret)]).encrypt(DOCUMENT, secret))
    return lambda locator: resolver(tmp_path, "vault", locator, ANSIBLE_VAULT_PASSWORD_FILE=str(tmp_path / "password"))


@pytest.fixture
def sops(tmp_path: Path) -> Make:
    """Put a program called `sops` on the path that answers as the real one does."""
    program = tmp_path / "bin" / "sops"
    program.parent.mkdir()
    document = json.dumps({"token": CANARY, "deep": {"er": f"{CANARY}-deep"}})
    program.write_text(
        "#!/bin/sh\n"
        '[ "$1 $2 $3" = "--decrypt --output-type json" ] || exit 64\n'
        'case "$4" in *bad*) echo "Failed to get the data key required to decrypt" >&2; exit 128;; esac\n'
        f"echo '{document}'\n"
    )
    program.chmod(0o755)
    (tmp_path / "secrets.json").write_text("{}")
    (tmp_path / "bad.json").write_text("{}")
    path = f"{program.parent}:{os.environ['PATH']}"
    return lambda locator: resolver(tmp_path, "sops", locator, PATH=path)


def test_a_secret_from_the_environment(tmp_path: Path) -> None:
    assert resolver(tmp_path, "env", "TOKEN", TOKEN=CANARY).resolve("token") == CANARY


@pytest.mark.parametrize("file", ["secrets.age", "armoured.age"])
def test_a_secret_from_an_age_file(age: Make, file: str) -> None:
    assert age(f"{file}#token").resolve("token") == CANARY
    assert age(f"{file}#deep.er").resolve("token") == f"{CANARY}-deep"


def test_a_whole_age_file_is_a_secret_without_its_last_line_break(age: Make) -> None:
    assert age("whole.age").resolve("token") == CANARY


def test_an_age_file_for_an_ssh_key(age: Make, tmp_path: Path) -> None:
    (tmp_path / "age.txt").unlink()
    key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(tmp_path / "age.txt")]
    subprocess.run(key, check=True)
    recipient = pyrage.ssh.Recipient.from_str((tmp_path / "age.txt.pub").read_text().strip())
    (tmp_path / "ssh.age").write_bytes(pyrage.encrypt(CANARY.encode(), [recipient]))

    assert age("ssh.age").resolve("token") == CANARY


def test_a_secret_from_an_ansible_vault_file(vault: Make) -> None:
    assert vault("vault.yml#token").resolve("token") == CANARY


def test_a_secret_from_a_sops_file(sops: Make) -> None:
    assert sops("secrets.json#deep.er").resolve("token") == f"{CANARY}-deep"


def test_a_file_is_decrypted_once(age: Make, tmp_path: Path) -> None:
    found = age("secrets.age#token")
    found.resolve("token")
    (tmp_path / "secrets.age").unlink()

    assert found.resolve("token") == CANARY


def test_an_unset_variable_names_the_secret_and_the_cure(tmp_path: Path) -> None:
    error = refused(resolver(tmp_path, "env", "TOKEN"))

    assert str(error) == "secret 'token': environment variable TOKEN is not set"
    assert error.hint == "export TOKEN before the command"


def test_an_undeclared_secret_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    assert refused(resolver(tmp_path, "env", "TOKEN"), "tokken").hint == "did you mean 'token'?"


def test_a_secret_that_cannot_be_redacted_is_refused(age: Make) -> None:
    assert "shorter than 6 characters" in str(refused(age("secrets.age#short")))


@pytest.mark.parametrize(
    ("locator", "fact"),
    [
        ("missing.age#token", "cannot be read"),
        ("secrets.age#tokken", "has no key 'tokken'"),
        ("secrets.age#number", "is not text"),
        ("secrets.age#deep", "is not text"),
        ("secrets.age#token.more", "has no key"),
        ("broken.age#a", "is not YAML"),
        ("binary.age#a", "does not hold text"),
    ],
)
def test_what_is_wrong_with_an_encrypted_file_is_said_without_its_content(age: Make, locator: str, fact: str) -> None:
    error = refused(age(locator))

    assert str(error).startswith("secret 'token': ")
    assert fact in str(error)


def test_a_file_for_somebody_else_is_refused(age: Make, tmp_path: Path) -> None:
    (tmp_path / "age.txt").write_text(str(pyrage.x25519.Identity.generate()))

    assert "cannot be decrypted with the identity in" in str(refused(age("secrets.age#token")))


def test_an_identity_that_others_can_read_is_refused(age: Make, tmp_path: Path) -> None:
    (tmp_path / "age.txt").chmod(0o644)

    assert refused(age("secrets.age#token")).hint == f"chmod 600 {tmp_path / 'age.txt'}"


@pytest.mark.parametrize("content", ["", "not an identity", "-----BEGIN OPENSSH PRIVATE KEY-----\nno\n"])
def test_an_identity_file_without_an_identity_is_refused(age: Make, tmp_path: Path, content: str) -> None:
    (tmp_path / "age.txt").write_text(content)

    assert "age-keygen" in refused(age("secrets.age#token")).hint


def test_without_an_identity_the_hint_says_how_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "secrets.age").write_bytes(b"age-encryption.org/v1\n")
    nowhere = resolver(tmp_path, "age", "secrets.age#token", FLEETCTL_AGE_IDENTITY=str(tmp_path / "none"))

    assert "age-keygen -o" in refused(nowhere).hint


def test_a_wrong_vault_password_is_refused(vault: Make, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("another\n")

    assert "cannot be decrypted with the vault's password" in str(refused(vault("vault.yml#token")))


def test_a_vault_without_a_password_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n")

    assert "ANSIBLE_VAULT_PASSWORD_FILE is not set" in str(refused(resolver(tmp_path, "vault", "vault.yml#a")))


def test_what_sops_says_is_passed_on(sops: Make) -> None:
    assert "Failed to get the data key" in str(refused(sops("bad.json#token")))


def test_without_sops_the_error_says_so(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{}")

    assert "not installed" in str(refused(resolver(tmp_path, "sops", "secrets.json#a", PATH=str(tmp_path))))


def test_what_was_resolved_is_redacted(age: Make) -> None:
    found = age("secrets.age#token")
    before = found.redact(f"x {CANARY}")
    found.resolve("token")

    assert before == f"x {CANARY}"
    assert found.redact(f"x {CANARY}") == "x <secret token>"
    assert CANARY not in repr(found) + repr(found.redactor)
