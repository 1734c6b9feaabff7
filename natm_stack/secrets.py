# SPDX-License-Identifier: AGPL-3.0-or-later
"""A stack's secrets: made once, kept in secrets.yml under the vault key, never rewritten."""

from __future__ import annotations

import json
import os
import secrets as random_source
import stat
import string
from pathlib import Path
from typing import Any

from .errors import NatmError
from .files import read_text, write
from .i18n import _
from .model.deployment import Deployment
from .model.secret import Secret, Secrets
from .vault import vault
from .yamlfile import Document, parse

ALPHABET = string.ascii_letters + string.digits
HEADER = (
    "# The stack's secrets, encrypted with the vault key. One value a line, so that git merges.\n"
    "# natm adds what is missing and never changes what is here.\n"
)


def key_file(stack_name: str) -> Path:
    """Where the vault key lies: outside the workspace, and never on the server."""
    given = os.environ.get("NATM_VAULT_KEY_FILE")
    if given:
        return Path(given)
    config = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(config) / "natm" / "keys" / stack_name


def read_key(file: Path) -> Secret:
    """Read the vault key; refuses a file that others can read."""
    text = read_text(file)
    if text is None or not text.strip():
        raise NatmError(
            _("the vault key of this stack is not here: {file}").format(file=file),
            code="secrets.no-key", where=str(file),
            hint=_("bring it from where it was written down, or set NATM_VAULT_KEY_FILE"),
        )
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise NatmError(
            _("other users of this computer can read the vault key"),
            code="secrets.open-key", where=str(file), hint=f"chmod 600 {file}",
        )
    return Secret(text.strip())


def make_key(file: Path) -> Secret:
    """Make the vault key, or read the one that is there."""
    if file.exists():
        return read_key(file)
    key = Secret(_random(40))
    if not file.parent.exists():
        file.parent.mkdir(mode=0o700, parents=True)
    write(file, key.reveal().encode() + b"\n", 0o600)
    return key


def load_secrets(file: Path, key: Secret) -> Secrets:
    """Read and decrypt secrets.yml; a missing file holds nothing."""
    text = read_text(file)
    return Secrets({}, key) if text is None else secrets_of_text(text, file, key)


def secrets_of_text(text: str, file: Path, key: Secret) -> Secrets:
    """Decrypt the text of a secrets.yml; `file` is named in errors."""
    document = parse(text, file, tags=("!vault",))
    values: dict[str, dict[str, Secret]] = {}
    box = vault(key)
    for name, encrypted in _entries(document):
        platform_id, _dot, secret = name.partition(".")
        values.setdefault(platform_id, {})[secret] = _decrypted(box, encrypted, name, document)
    return Secrets(values, key)


def _entries(document: Document) -> list[tuple[str, str]]:
    value = document.value or {}
    if not isinstance(value, dict):
        raise NatmError(_("this file should hold names and values"), code="secrets.invalid",
                        where=document.place())
    for name in value:
        if (name,) not in document.tagged or "." not in name:
            raise NatmError(
                _("{name} is not an encrypted value").format(name=name),
                code="secrets.invalid", where=document.place(name),
                hint=_("take the line out; natm makes what is missing"),
            )
    return list(value.items())


def _decrypted(box: Any, encrypted: str, name: str, document: Document) -> Secret:
    from ansible.errors import AnsibleError

    try:
        return Secret(box.decrypt(encrypted.encode()).decode())
    except AnsibleError as error:
        raise NatmError(
            _("the vault key does not open {name}").format(name=name),
            code="secrets.wrong-key", where=document.place(name),
            hint=_("use the key this stack was made with, or set NATM_VAULT_KEY_FILE"),
        ) from error


def fill_in(file: Path, secrets: Secrets, deployment: Deployment) -> Secrets:
    """Make the secrets that the deployment wants and the file lacks, and append them to it."""
    values = {id_: dict(own) for id_, own in secrets.values.items()}
    made = []
    for instance in deployment.instances:
        for name, spec in instance.platform.secrets.items():
            if name not in values.setdefault(instance.id, {}):
                values[instance.id][name] = Secret(_random(spec.length))
                made.append((f"{instance.id}.{name}", values[instance.id][name]))
    if made:
        _append(file, made, secrets.vault_key)
    return Secrets(values, secrets.vault_key)


def change_value(file: Path, secrets: Secrets, name: str, value: Secret) -> None:
    """Put one value that somebody gave in the place of an older one; no data hangs on it."""
    kept = [line for line in (read_text(file) or "").splitlines(keepends=True)
            if not line.startswith(f"{name}:")]
    _append(file, [(name, value)], secrets.vault_key, "".join(kept))


def keep_value(file: Path, secrets: Secrets, name: str, value: Secret) -> None:
    """Add one value that somebody gave; what is there already is never rewritten."""
    owner, _dot, own = name.partition(".")
    there = secrets.of(owner).get(own)
    if there is not None and there != value:
        raise NatmError(
            _("secrets.yml has another {name} already").format(name=name), code="secrets.there",
            where=str(file), hint=_("take its line out first, if nothing needs it any more"))
    if there is None:
        _append(file, [(name, value)], secrets.vault_key)


def _append(
    file: Path, made: list[tuple[str, Secret]], key: Secret, before: str | None = None
) -> None:
    """After what the file holds, or after this instead; in one step either way."""
    box = vault(key)
    text = (read_text(file) if before is None else before) or HEADER
    text += "" if text.endswith("\n") else "\n"
    for name, value in made:
        encrypted = box.encrypt(value.reveal().encode()).decode()
        text += f"{name}: !vault {json.dumps(encrypted)}\n"
    write(file, text.encode(), 0o600)


def _random(length: int) -> str:
    return "".join(random_source.choice(ALPHABET) for _i in range(length))
