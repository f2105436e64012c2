"""Files encrypted with ansible-vault, opened by Ansible's own library."""

from __future__ import annotations

from pathlib import Path

from fleetctl.adapters.secrets.documents import Environment, encrypted
from fleetctl.core.problems import CouldNot

PASSWORD_VARIABLE = "ANSIBLE_VAULT_PASSWORD_FILE"  # noqa: S105 - the name of a variable


def decrypt(file: Path, environ: Environment) -> str:
    """Return the text of a file. The password file may be a program that prints the password, as Ansible has it.

    Raises:
        CouldNot: if the file or the password cannot be read, or the password is wrong.
    """
    from ansible.errors import AnsibleError
    from ansible.parsing.dataloader import DataLoader
    from ansible.parsing.vault import VaultLib, get_file_vault_secret

    content = encrypted(file)
    try:
        password = get_file_vault_secret(str(password_file(environ)), loader=DataLoader())
        password.load()
    except AnsibleError as error:
        raise CouldNot(
            f"the vault's password cannot be read: {error.message}", hint=f"see {PASSWORD_VARIABLE}"
        ) from None
    try:
        return bytes(VaultLib([("default", password)]).decrypt(content)).decode()
    except AnsibleError:
        hint = f"check that {PASSWORD_VARIABLE} names the right password; 'ansible-vault view {file}' tries the same"
        raise CouldNot(f"{file} cannot be decrypted with the vault's password", hint=hint) from None


def password_file(environ: Environment) -> Path:
    """Return the file that holds the vault's password, or the program that prints it.

    Raises:
        CouldNot: if none is named.
    """
    named = environ.get(PASSWORD_VARIABLE, "")
    if not named:
        raise CouldNot(f"{PASSWORD_VARIABLE} is not set", hint="name the file that holds the vault's password")
    return Path(named).expanduser()
