# SPDX-License-Identifier: AGPL-3.0-or-later
"""Values that must not be seen."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field


class Secret:
    """A text that prints as ***; `reveal` is the one way to its value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(
            self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written out by accident")


@dataclass(frozen=True)
class Secrets:
    """A stack's secrets by platform and name, and the vault key that guards them."""

    values: dict[str, dict[str, Secret]]
    vault_key: Secret = field(repr=False)

    def of(self, platform_id: str) -> dict[str, Secret]:
        """The secrets of one platform."""
        return self.values.get(platform_id, {})

    def derived(self, purpose: str) -> Secret:
        """A key that follows from the vault key and does not lead back to it."""
        key = hashlib.sha256(b"natm derived\0" + self.vault_key.reveal().encode()).digest()
        return Secret(hmac.new(key, purpose.encode(), hashlib.sha256).hexdigest())

    def fingerprint(self, data: bytes) -> str:
        """A keyed digest: the same for the same data, and of no use without the vault key."""
        key = hashlib.sha256(b"natm fingerprint\0" + self.vault_key.reveal().encode()).digest()
        return hmac.new(key, data, hashlib.sha256).hexdigest()[:32]
