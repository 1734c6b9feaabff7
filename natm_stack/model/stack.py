# SPDX-License-Identifier: AGPL-3.0-or-later
"""stack.yml: what one community chose."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from ..i18n import _
from .backup import BackupSpec
from .base import AbsolutePath, Domain, FileModel, Identifier, Key, Language, Texts

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
EmailAddress = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


def _one_value(value: object) -> object:
    if not isinstance(value, str | int | float | bool):
        raise ValueError(_("this should be text, a number, true or false"))
    return value


Scalar = Annotated[str | int | float | bool, BeforeValidator(_one_value)]


class ServerSpec(FileModel):
    """The community's server: this machine, or one reached over SSH."""

    host: str = Field(
        default="local", pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,252}$",
        description="`local` for this machine, else a name or address (also from ~/.ssh/config).",
    )
    user: str | None = Field(default=None, pattern=r"^[a-z_][a-z0-9_-]{0,31}$")
    port: int | None = Field(default=None, ge=1, le=65535)
    root: AbsolutePath = Field(default="/srv/natm", description="The one folder natm keeps there.")

    @field_validator("root")
    @classmethod
    def _own_folder(cls, value: str) -> str:
        parts = value.split("/")
        if len(parts) < 3 or ".." in parts or value.endswith("/"):
            raise ValueError(_("give a folder of its own, for instance /srv/natm"))
        return value

    @property
    def local(self) -> bool:
        """Whether the server is this machine."""
        return self.host == "local"


class TlsSpec(FileModel):
    """Where certificates come from."""

    mode: Literal["own-ca", "acme", "files"] = "own-ca"
    email: EmailAddress | None = Field(default=None, description="ACME: whom the issuer warns.")
    issuer: str | None = Field(
        default=None, pattern=r"^https://[A-Za-z0-9./:_-]+$",
        description="ACME directory; Let's Encrypt where none is given.",
    )
    staging: str | None = Field(
        default=None, pattern=r"^https://[A-Za-z0-9./:_-]+$",
        description="ACME: the issuer's directory for trials; known for Let's Encrypt.",
    )
    certificate: AbsolutePath | None = Field(default=None, description="files: PEM chain.")
    key: AbsolutePath | None = Field(default=None, description="files: PEM private key.")

    @model_validator(mode="after")
    def _complete(self) -> TlsSpec:
        if self.mode == "files" and not (self.certificate and self.key):
            raise ValueError(
                _("tls mode `files` needs certificate and key, paths on this computer"))
        return self


class MailSpec(FileModel):
    """The community's mail server, for every platform that sends mail."""

    host: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$")
    tls: Literal["starttls", "tls", "none"] = "starttls"
    port: int | None = Field(
        default=None, ge=1, le=65535, description="587 for starttls, 465 for tls, 25 for none.")
    user: str = Field(
        default="", max_length=200,
        description="Its password is asked for by `natm secrets set mail.password`.")
    sender: EmailAddress = Field(alias="from", description="From whom the letters come.")

    @model_validator(mode="after")
    def _complete(self) -> MailSpec:
        if self.user and self.tls == "none":
            raise ValueError(_("a password must not go out unencrypted: use starttls or tls"))
        if not self.user.isprintable() or not self.sender.isprintable():
            raise ValueError(_("there is a character nobody can see"))
        return self

    @property
    def number(self) -> int:
        """The port, by itself where none is given."""
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.tls]


class Choice(FileModel):
    """One chosen platform, with what the community sets differently."""

    route: dict[str, Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9-]{0,30})?$")]] = (
        Field(default={}, description="Other names for its routes, for instance {chat: talk}.")
    )
    settings: dict[Key, Scalar] = {}


class CatalogSource(FileModel):
    """A community's own catalog, layered over the one that ships with natm."""

    path: str = Field(min_length=1, max_length=400, description="A folder; from stack.yml's own.")
    trusted: str | None = Field(default=None, pattern=r"^sha256:[0-9a-f]{64}$")


class Stack(FileModel):
    """One community's stack.yml."""

    name: Identifier = Field(description="Short name of the stack.")
    title: str = Field(
        default="", max_length=80, description="The community's name as members read it."
    )
    domain: Domain
    languages: list[Language] = Field(default=["en"], min_length=1, max_length=20)
    server: ServerSpec = ServerSpec()
    tls: TlsSpec = TlsSpec()
    mail: MailSpec | None = None
    prefix: Identifier = Field(default="natm", description="Begins every project and network.")
    network_range: str = Field(
        default="172.28.0.0/16", description="Private addresses natm may use; /16 to /20."
    )
    package_epoch: str = Field(
        default="1", pattern=r"^[0-9][0-9-]{0,15}$",
        description="Date of the packages that images are made of; upgrades move it.",
    )
    catalogs: list[CatalogSource] = []
    backup: BackupSpec = BackupSpec()
    platforms: dict[Identifier, Choice | None] = Field(min_length=1)

    @field_validator("title")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError(_("the title has a line break or another character nobody can see"))
        return value

    @field_validator("network_range")
    @classmethod
    def _private_network(cls, value: str) -> str:
        try:
            network = ipaddress.IPv4Network(value)
        except ValueError as error:
            raise ValueError(
                _("this should be a private IPv4 network like 172.28.0.0/16")) from error
        private = any(network.subnet_of(ipaddress.IPv4Network(whole)) for whole in PRIVATE)
        if not private or not 16 <= network.prefixlen <= 20:
            raise ValueError(_("this should be a private IPv4 network of size /16 to /20"))
        return value

    def choice(self, id_: str) -> Choice:
        """What was set for this platform, or nothing in particular."""
        return self.platforms.get(id_) or Choice()


class Kit(FileModel):
    """A named set of platforms for a kind of community."""

    name: Identifier
    title: dict[Language, str]
    summary: dict[Language, str]
    audience: Texts = Field(default={}, alias="for", description="For whom it is.")
    because: Texts = Field(default={}, description="Why these platforms.")
    policy: Identifier | None = Field(
        default=None, description="The ready-made policy that `init` offers with it.")
    platforms: list[Identifier] = Field(min_length=1)
