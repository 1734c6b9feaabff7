# SPDX-License-Identifier: AGPL-3.0-or-later
"""platform.yml: everything the house needs to know about one platform."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from ..i18n import _
from .base import (
    AbsolutePath,
    FileModel,
    Identifier,
    Key,
    Mode,
    Port,
    Text,
    Texts,
    texts_field,
)
from .sign_in import GateSpec, MailUse, MembersSpec, Method, ProvidedSpec, SignIn, unmet_sign_in
from .upgrade import VERSION, UpgradeSpec

FIRST_UID = 58000
LAST_UID = 59999
UIDS_PER_PLATFORM = 10

Category = Literal[
    "base", "portal", "chat", "docs", "files", "video", "voice", "identity", "calendar",
    "social", "site", "library", "tool",
]
PortRange = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}(-[0-9]{1,5})?$")]


def _day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value


class Needs(FileModel):
    """What the server must have to spare, and the platforms that must be there too."""

    memory_mb: int = Field(ge=0, description="Memory in MiB with everything in use.")
    disk_mb: int = Field(ge=0, description="Disk in MiB for images and first data.")
    platforms: list[Identifier] = Field(default=[], description="Ids of platforms it needs.")


class ImageSpec(FileModel):
    """An image of our own (a build recipe), or one from upstream by version and digest."""

    build: str | None = Field(
        default=None, pattern=r"^[a-z0-9][a-z0-9/_-]*$",
        description="Folder with the Dockerfile, inside the platform's folder.",
    )
    base: Literal["debian-12", "debian-13"] = "debian-13"
    on_demand: bool = Field(
        default=False, description="Large and seldom used: built when first asked for."
    )
    reference: str | None = Field(default=None, description="Upstream image, name:tag.")
    digest: str | None = Field(default=None, pattern=r"^sha256:[0-9a-f]{64}$")
    alternatives: list[str] = Field(default=[], description="The same image elsewhere.")

    @model_validator(mode="after")
    def _one_source(self) -> ImageSpec:
        if (self.build is None) == (self.reference is None):
            raise ValueError(_("give either build (a folder) or reference (an upstream image)"))
        return self


class HardeningException(FileModel):
    """A departure from the house's hardening, with the reason shown to people."""

    rule: Literal["capabilities", "writable_root", "new_privileges", "root_user"]
    value: list[str] = []
    reason: Text


class ServiceSpec(FileModel):
    """One container: which image, which user, which limits."""

    image: Identifier
    uid: int | None = Field(
        default=None, ge=FIRST_UID, le=LAST_UID,
        description="User id in the container; by default the platform's first.",
    )
    memory_mb: int = Field(ge=4, description="Hard memory limit in MiB, from measured use.")
    pids: int = Field(default=100, ge=2, description="Highest number of processes and threads.")
    tmpfs: dict[AbsolutePath, int] = Field(
        default={"/tmp": 16}, description="Writable memory folders and their size in MiB."
    )
    networks: list[Literal["front", "inner", "open", "fronts", "tried", "links"]] = Field(
        default=["inner"],
        description="front: shared with the edge; inner: this platform alone; open: has a way "
        "out; fronts: all front networks, for the edge itself; tried: those where proofs knock "
        "past the edge, for the verifier; links: one with each platform that asks the account "
        "platform from inside, for the service it asks.",
    )
    profile: Identifier | None = Field(
        default=None, description="Not started with the platform, only on demand."
    )
    shm_mb: int | None = Field(default=None, ge=1, description="Size of /dev/shm in MiB.")
    one_shot: bool = Field(default=False, description="Does its work and ends, as a set-up job.")
    exceptions: list[HardeningException] = []


class DumpSpec(FileModel):
    """How a database saves itself and takes a dump back: programs in one of the services."""

    service: Identifier
    save: list[str] = Field(min_length=1, description="Writes the dump to standard output.")
    load: list[str] = Field(min_length=1, description="Reads it from standard input.")
    load_while: Literal["running", "stopped"] = Field(
        description="Whether the service itself runs meanwhile; the others never do.")
    ends: str = Field(
        min_length=4, max_length=100, description="How the last line of a whole dump begins.")


class VolumeSpec(FileModel):
    """A folder with data that outlives containers: ROOT/data/<id>/<volume> on the server."""

    uid: int | None = Field(default=None, ge=FIRST_UID, le=LAST_UID)
    mode: Mode = "0700"
    holds: Text = Field(description="What is in it, for people.")
    backup: Literal["files", "dump", "none"] = "files"
    dump: DumpSpec | None = Field(default=None, description="With backup: dump.")
    sqlite: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_*][A-Za-z0-9._*/-]*$")]] = (
        Field(default=[], description="SQLite databases in it, by path; * stands for anything."))

    @model_validator(mode="after")
    def _one_way(self) -> VolumeSpec:
        if (self.backup == "dump") != (self.dump is not None):
            raise ValueError(_("backup: dump needs dump: with its programs, and only it does"))
        return self


class SecretSpec(FileModel):
    """A value made once and kept: random letters and digits."""

    length: int = Field(default=32, ge=16, le=128)
    purpose: Text


class SettingSpec(FileModel):
    """One thing a community may set for this platform in stack.yml."""

    type: Literal["text", "integer", "boolean", "choice"]
    default: str | int | bool
    description: Texts = texts_field("What it does, for people.")
    minimum: int | None = None
    maximum: int | None = None
    choices: list[str] = []
    max_length: int = 200
    opens: list[str | int | bool] = Field(
        default=[], description="Values that open the platform to more people.")

    @model_validator(mode="after")
    def _default_fits(self) -> SettingSpec:
        problem = self.problem(self.default)
        if problem:
            raise ValueError(_("the default does not fit: {why}").format(why=problem))
        return self

    def problem(self, value: Any) -> str | None:
        """What is wrong with a value for this setting, or None."""
        kinds: dict[str, type] = {"text": str, "integer": int, "boolean": bool, "choice": str}
        if type(value) is not kinds[self.type]:
            words = {"text": _("this should be text; put it in quotes"),
                     "integer": _("this should be a whole number"),
                     "boolean": _("this should be true or false"),
                     "choice": _("this should be one of the choices")}
            return words[self.type]
        if self.type == "choice" and value not in self.choices:
            return _("choose one of: {choices}").format(choices=", ".join(self.choices))
        number = value if isinstance(value, int) else 0
        if self.minimum is not None and number < self.minimum:
            return _("the least possible is {n}").format(n=self.minimum)
        if self.maximum is not None and number > self.maximum:
            return _("the most possible is {n}").format(n=self.maximum)
        if isinstance(value, str) and len(value) > self.max_length:
            return _("at most {n} characters").format(n=self.max_length)
        return None


class RouteProbe(FileModel):
    """What `health` asks of a route through the edge."""

    path: str = Field(default="/", pattern=r"^/[A-Za-z0-9_./?=&:;-]*$")
    status: int = 200
    contains: str | None = None


class RouteSpec(FileModel):
    """A web address of the platform: NAME.DOMAIN, or DOMAIN itself where the name is empty."""

    name: str = Field(pattern=r"^([a-z][a-z0-9-]{0,30})?$")
    service: Identifier
    port: Port
    title: Texts | None = Field(default=None, description="Shown on the portal; none hides it.")
    probe: RouteProbe = RouteProbe()
    body_mb: int | None = Field(default=None, ge=1, description="Largest request body in MiB.")
    hidden_paths: list[str] = Field(default=[], description="Paths the edge answers with 404.")
    csp: str | None = Field(
        default=None, max_length=1000,
        description="Content-Security-Policy the edge sends; none leaves the platform's own.",
    )
    gate: GateSpec | None = Field(
        default=None, description="Who comes in, where sign-in is by header; none: not asked.")


class PortSpec(FileModel):
    """A port or range (UDP ones too) published on the server itself, past the edge."""

    service: Identifier
    container: PortRange
    publish: PortRange
    protocol: Literal["tcp", "udp"] = "tcp"
    purpose: Text
    srv: str | None = Field(
        default=None, pattern=r"^[a-z][a-z0-9-]{0,14}$",
        description="Service name of a DNS record (SRV) by which apps find the port.",
    )

    @field_validator("container", "publish")
    @classmethod
    def _ordered(cls, value: str) -> str:
        first, _dash, last = value.partition("-")
        if not 1 <= int(first) <= int(last or first) <= 65535:
            raise ValueError(_("a port is 1 to 65535, a range runs upwards, as in 20000-20040"))
        return value

    @model_validator(mode="after")
    def _same_length(self) -> PortSpec:
        if len(_numbers(self.container)) != len(_numbers(self.publish)):
            raise ValueError(_("container and publish must be ranges of the same length"))
        return self

    def published(self) -> range:
        """The port numbers taken on the server."""
        return _numbers(self.publish)


def _numbers(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


class CertificateSpec(FileModel):
    """A certificate of the edge that a platform speaking TLS itself is given."""

    name: str = Field(
        pattern=r"^([a-z][a-z0-9-]{0,30})?$",
        description="The name before the domain; empty for the domain itself.",
    )
    volume: Key = Field(description="The platform's volume it is copied into.")


class SupportSpec(FileModel):
    """Something the platform stands on that gets security fixes until a known day."""

    what: str = Field(min_length=1, max_length=60, description="In words, with its version.")
    until: Annotated[date, BeforeValidator(_day)] = Field(
        description="The last day with fixes, as in 2028-06-30; `health` warns half a year before.")
    source: Text = Field(description="Where that stands.")


class Egress(FileModel):
    """A connection to the outside that the platform needs, and why."""

    host: Text
    port: PortRange
    reason: Text


class Platform(FileModel):
    """One platform of the catalog: the folder's platform.yml."""

    id: Identifier = Field(description="The software's own name; the folder has the same.")
    name: Text = Field(description="The software's name as people write it.")
    version: str = Field(pattern=VERSION, description="Series shipped.")
    category: Category
    audience: Literal["members", "system"] = "members"
    title: Texts = texts_field("What members call it.")
    summary: Texts = texts_field("One sentence for someone choosing.")
    licence: Text
    homepage: Text
    instead_of: list[Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]] = (
        Field(default=[], description="What people leave for it: whatsapp, google-docs ..."))
    uid: int = Field(ge=FIRST_UID, le=LAST_UID, description="First of its ten user ids.")
    needs: Needs
    images: dict[Identifier, ImageSpec]
    services: dict[Identifier, ServiceSpec]
    volumes: dict[Key, VolumeSpec] = {}
    secrets: dict[Key, SecretSpec] = {}
    settings: dict[Key, SettingSpec] = {}
    routes: list[RouteSpec] = []
    ports: list[PortSpec] = []
    certificates: list[CertificateSpec] = []
    sign_in: list[SignIn] = []
    provides: dict[Method, ProvidedSpec] = Field(
        default={}, description="How other platforms sign members in with accounts kept here.")
    members: MembersSpec | None = None
    mail: MailUse | None = Field(
        default=None, description="Who sends mail here, where the community has a mail server.")
    egress: list[Egress] = []
    upgrade: UpgradeSpec = UpgradeSpec()
    support: list[SupportSpec] = Field(
        default=[], description="Parts whose security fixes end on a known day.")
    only_rendered: bool = Field(
        default=False, description="Its files were rendered and read, and nobody has run it.")
    not_applicable: dict[Key, Text] = Field(
        default={}, description="Rungs of the ladder that do not apply to it, with the reason.")
    carries_proofs: bool = Field(
        default=False, description="Its files hold the proofs of all platforms: the verifier."
    )

    @field_validator("title", "summary")
    @classmethod
    def _english_is_there(cls, value: Texts) -> Texts:
        if "en" not in value:
            raise ValueError(_("the English text (en) is missing"))
        return value

    @model_validator(mode="after")
    def _names_meet(self) -> Platform:
        for problem in _dangling(self):
            raise ValueError(problem)
        return self

    @property
    def live(self) -> bool:
        """Whether nothing in it was written by people: it may be switched while it serves."""
        return self.upgrade.live or all(v.backup == "none" for v in self.volumes.values())

    @property
    def slot(self) -> int:
        """Which block of user ids and of network addresses is the platform's own."""
        return (self.uid - FIRST_UID) // UIDS_PER_PLATFORM


def _dangling(platform: Platform) -> list[str]:
    """Names in one part of the file that another part does not have."""
    services, problems = platform.services, []
    for id_, service in services.items():
        if service.image not in platform.images:
            problems.append(_("service {id} uses image {image}, which images lacks").format(
                id=id_, image=service.image))
    named = [r.service for r in platform.routes] + [p.service for p in platform.ports]
    named += [platform.members.service] if platform.members else []
    named += [platform.mail.service] if platform.mail else []
    named += [platform.members.invites.service] if (
        platform.members and platform.members.invites) else []
    named += [v.dump.service for v in platform.volumes.values() if v.dump]
    named += [step.service for step in platform.upgrade.steps]
    problems += [
        _("a route, port, dump, step or members names service {service}, which services lacks"
          ).format(service=one) for one in named if one not in services]
    problems += unmet_sign_in(
        platform.sign_in, platform.provides.values(), services=services,
        secrets=platform.secrets, routes={route.name for route in platform.routes})
    problems += [
        _("a gate is opened by {setting}, which settings lacks, or which opens nothing").format(
            setting=route.gate.opened_by)
        for route in platform.routes if route.gate and route.gate.opened_by
        and not getattr(platform.settings.get(route.gate.opened_by), "opens", [])]
    problems += [
        _("a certificate names volume {volume}, which volumes lacks").format(volume=one.volume)
        for one in platform.certificates if one.volume not in platform.volumes]
    return problems + _out_of_block(platform)


def _out_of_block(platform: Platform) -> list[str]:
    """User ids that are not the platform's own."""
    problems = []
    if (platform.uid - FIRST_UID) % UIDS_PER_PLATFORM:
        problems.append(_("uid must be {first} plus a multiple of {n}").format(
            first=FIRST_UID, n=UIDS_PER_PLATFORM))
    block = range(platform.uid, platform.uid + UIDS_PER_PLATFORM)
    used = [s.uid for s in platform.services.values()]
    used += [v.uid for v in platform.volumes.values()]
    if any(uid is not None and uid not in block for uid in used):
        problems.append(_("user ids of this platform run from {first} to {last}").format(
            first=block[0], last=block[-1]))
    return problems
