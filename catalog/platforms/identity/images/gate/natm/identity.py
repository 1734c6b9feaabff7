# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who somebody is, and how platforms are told: in four headers that are always there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# What separates groups must not stand in one.
GROUP = re.compile(r"[^,;\s\x00-\x1f\x7f]+( [^,;\s\x00-\x1f\x7f]+)*")
NEEDED = "members"


@dataclass(frozen=True)
class Person:
    """Somebody, as the directory has them."""

    name: str
    display_name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()
    # Seconds since 1970 of the last change of the password, or of a second factor switched on
    # since; 0 where it is not known.
    changed: int = 0
    locked: bool = False
    # Whether a password alone is not enough: Canaille asks for a code as well, programs cannot.
    guarded: bool = False

    def welcome(self) -> bool:
        """Whether they may go anywhere at all."""
        return not self.locked and NEEDED in self.groups


@dataclass(frozen=True)
class Session:
    """Somebody signed in, in one browser."""

    name: str
    since: int
    ends: int
    id_token: str = field(default="", repr=False)

    def holds(self, person: Person | None, now: int) -> bool:
        """Whether it still lets them in: the account is open, the password the same as then."""
        return (person is not None and person.welcome() and now < self.ends
                and person.changed <= self.since)


def headers(person: Person) -> dict[str, str]:
    """Always all four, empty where there is nothing: a header left out could be a stranger's."""
    groups = sorted(group for group in person.groups if GROUP.fullmatch(group))
    return {
        "Remote-User": person.name,
        "Remote-Name": clean(person.display_name or person.name),
        "Remote-Email": clean(person.email),
        "Remote-Groups": ",".join(groups),
    }


NOBODY = {"Remote-User": "", "Remote-Name": "", "Remote-Email": "", "Remote-Groups": ""}


def clean(text: str) -> str:
    """Text that stays on one line, whatever it was."""
    return CONTROL.sub(" ", text).strip()
