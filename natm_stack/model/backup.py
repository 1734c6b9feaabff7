# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a stack is backed up: the section `backup:` of stack.yml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from ..i18n import _
from .base import FileModel, Identifier, Key

HERE = "here"
"""The repository on the server itself."""

Url = Annotated[str, StringConstraints(max_length=400, pattern=(
    r"^(sftp://([A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?//?"
    r"|sftp:([A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*:/?"
    r"|rest:https?://|s3:(https?://)?|b2:|azure:|gs:|swift:|/)"
    r"[A-Za-z0-9][A-Za-z0-9._~:/@+-]*$"))]
"""A repository's address as restic writes it. No program of somebody's choosing can be named."""

Variable = Annotated[str, StringConstraints(
    pattern=r"^((AWS|B2|AZURE|GOOGLE|OS|ST)_[A-Z0-9_]{1,40}|RESTIC_REST_(USERNAME|PASSWORD))$")]


class Keep(FileModel):
    """How many snapshots stay: the last one of each of so many days, weeks and months."""

    daily: int = Field(default=7, ge=1, le=366)
    weekly: int = Field(default=5, ge=0, le=520)
    monthly: int = Field(default=12, ge=0, le=240)


class CopySpec(FileModel):
    """A repository somewhere else. Secrets are named here; `natm secrets set` takes their values.
    """

    name: Identifier
    url: Url = Field(description="sftp:, rest:, s3: ... as restic has it, or a path on the server.")
    environment: dict[Variable, Key] = Field(
        default={}, description="What restic wants to know, each from a secret of secrets.yml.")
    ssh_key: Key | None = Field(
        default=None, description="sftp: the secret that holds the private key.")
    host_key: str | None = Field(
        default=None, pattern=r"^(ssh-|ecdsa-|sk-)[A-Za-z0-9@.-]+ [A-Za-z0-9+/=]+$",
        description="sftp: the other server's host key, as `ssh-keyscan` prints it.")
    append_only: bool = Field(
        default=False, description="The other side lets nothing be deleted: nothing is tried.")

    @model_validator(mode="after")
    def _fits(self) -> CopySpec:
        if self.name == HERE:
            raise ValueError(_("`here` is the repository on the server; choose another name"))
        if self.url.startswith("sftp:") and not (self.ssh_key and self.host_key):
            raise ValueError(_("sftp needs ssh_key, a secret's name, and host_key, a line"))
        if "/../" in f"{self.url}/":
            raise ValueError(_("an address does not go upwards"))
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets it needs."""
        return (*self.environment.values(), *((self.ssh_key,) if self.ssh_key else ()))


class BackupSpec(FileModel):
    """When, where to, and how much is kept."""

    daily: str = Field(
        default="03:30", pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|off)$",
        description="Time of day on the server, as in \"03:30\"; \"off\": only when asked for.")
    check: Literal["weekly", "monthly", "off"] = Field(
        default="weekly", description="How often the server itself looks through what was saved.")
    here: bool = Field(default=True, description="Keep a repository on the server itself.")
    keep: Keep = Keep()
    copies: list[CopySpec] = Field(default=[], max_length=8)

    @model_validator(mode="after")
    def _somewhere(self) -> BackupSpec:
        names = [copy.name for copy in self.copies]
        if len(set(names)) != len(names):
            raise ValueError(_("two copies have the same name"))
        if not self.here and not names:
            raise ValueError(_("without `here`, name at least one copy"))
        if not self.here and sum(c.url.startswith("sftp:") for c in self.copies) > 1:
            raise ValueError(_("without `here`, only one copy can be reached by sftp"))
        return self
