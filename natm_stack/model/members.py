# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `natm members` commands find out and do: the same for people and for --json."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class MemberAccount:
    """One member, and the platforms that know the name."""

    name: str
    display_name: str
    steward: bool
    platforms: tuple[str, ...]
    groups: tuple[str, ...] = ()
    disabled: bool = False
    email: str = ""


@dataclass(frozen=True)
class MembersReport:
    """What a `natm members` command did or found, platform by platform."""

    members: tuple[MemberAccount, ...] = ()
    done: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    first_password: str | None = None
    name: str | None = None
    remains: dict[str, str] = field(default_factory=dict)
    """What stays of a member who was removed, by platform."""

    @property
    def ok(self) -> bool:
        """Whether every platform did it."""
        return not self.failed


@dataclass(frozen=True)
class ShownMember:
    """All that is known of one member."""

    member: MemberAccount
    removed: bool = False
    since: str = ""
    password_since: str = ""
    second_factor: bool = False
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every platform could be asked."""
        return not self.failed


@dataclass(frozen=True)
class Group:
    """A group, with the names of its members."""

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class GroupsReport:
    """Groups of the account platform."""

    groups: tuple[Group, ...]
    ok: bool = True


@dataclass(frozen=True)
class Invitation:
    """A link by which one person makes the account meant for them."""

    name: str
    url: str
    until: str
    email: str = ""
    sent: bool = False
    why: str = ""


@dataclass(frozen=True)
class Problem:
    """What is wrong with one line of a file, or with one account, and where."""

    where: str
    message: str


@dataclass(frozen=True)
class NewMembers:
    """Many members at once: made, invited, or only looked at."""

    count: int
    made: bool = False
    problems: tuple[Problem, ...] = ()
    first_passwords: dict[str, str] = field(default_factory=dict)
    invitations: tuple[Invitation, ...] = ()
    kept_in: str | None = None
    """The file that the passwords or links went to, instead of here."""
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with any of them."""
        return not self.problems and not self.failed and not any(
            one.why for one in self.invitations)


@dataclass(frozen=True)
class ForeignAccount:
    """An account that natm did not make, as its name shows."""

    platform: str
    name: str
    display_name: str = ""
    belongs_to: str = ""
    """The member whom a steward said it belongs to."""


@dataclass(frozen=True)
class Adoption:
    """Accounts of the platforms' own, taken into the account platform."""

    adopted: tuple[str, ...]
    locked: tuple[str, ...]
    """Names of people who were removed: kept, so that nobody else gets them."""
    foreign: tuple[ForeignAccount, ...]
    people: NewMembers
    failed: dict[str, str] = field(default_factory=dict)
    stewards: tuple[str, ...] = ()
    called_stewards: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Whom platforms of their own call stewards, and which ones: it makes nobody a steward."""

    @property
    def ok(self) -> bool:
        """Whether every platform was asked and every account was made."""
        return self.people.ok and not self.failed
