# SPDX-License-Identifier: AGPL-3.0-or-later
"""What natm tells the gate: addresses in one file, secrets in one each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

FILE = Path("/etc/natm/gate.json")
SECRETS = Path("/run/secrets")


@dataclass(frozen=True)
class Settings:
    """Everything the gate knows beforehand."""

    community: str
    domain: str
    # The gate's own public address, without a path, and Canaille's, which is the issuer.
    public: str
    issuer: str
    # Where Canaille is from inside: the public name may lead nowhere from a container.
    inner: str
    directory: str
    session_hours: int

    @property
    def port(self) -> int:
        """The port all public addresses of the stack have."""
        return urlsplit(self.issuer).port or 443

    @property
    def home(self) -> str:
        """The address of the domain itself."""
        return f"https://{self.domain}" + ("" if self.port == 443 else f":{self.port}") + "/"


def read() -> Settings:
    """From the file natm wrote."""
    return Settings(**json.loads(FILE.read_text("utf-8")))


def secret(name: str) -> str:
    """A secret's value."""
    return (SECRETS / name).read_text("utf-8")
