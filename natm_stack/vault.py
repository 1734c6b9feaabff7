# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ansible's own vault, so that what natm encrypts can be opened without natm."""

from __future__ import annotations

from typing import Any

from .model.secret import Secret, Secrets


def vault(key: Secret) -> Any:
    """The vault of this key."""
    from ansible.parsing.vault import VaultLib, VaultSecret

    return VaultLib([("default", VaultSecret(key.reveal().encode()))])


def encrypt(data: bytes, secrets: Secrets) -> bytes:
    """A whole ansible-vault file."""
    encrypted: bytes = vault(secrets.vault_key).encrypt(data)
    return encrypted
