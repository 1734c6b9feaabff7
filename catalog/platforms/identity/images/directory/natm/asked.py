# SPDX-License-Identifier: AGPL-3.0-or-later
"""What natm may ask for: every value of a request looked at before anything is done with it."""

from __future__ import annotations

import re
from typing import Any

NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
PROOF = "natm-proof-"
EMAIL = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
# The two that the house looks at; the first of them is for every member who may sign in.
HOUSE = ("members", "stewards")
Request = dict[str, Any]


class Refused(Exception):
    """Why it is not done: a code for programs, a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def name_of(request: Request, key: str = "name") -> str:
    """An account's name, which is the same on all platforms; a group's has the same form."""
    name = request.get(key)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Refused(
            "invalid", f"a {key} is 2 to 31 small letters, digits and hyphens, a letter first")
    return name


def new_name_of(request: Request) -> str:
    """A name that a member may be given."""
    name = name_of(request)
    if name.startswith("natm-") and not name.startswith(PROOF):
        raise Refused("invalid", f"names that begin with natm- are not for members: {name}")
    return name


def names_of(request: Request) -> list[str]:
    """Several accounts' names."""
    names = request.get("names")
    if not isinstance(names, list) or not names:
        raise Refused("invalid", "at least one name is needed")
    return [name_of({"name": name}) for name in dict.fromkeys(names)]


def password_of(request: Request) -> str:
    """A password that can be typed, and hashed in reasonable time."""
    password = request.get("password")
    if not isinstance(password, str) or not 8 <= len(password) <= 200 or "\0" in password:
        raise Refused("invalid", "a password has 8 to 200 characters")
    return password


def display_name_of(request: Request) -> str:
    """The name that others see, in any script."""
    shown = " ".join(str(request.get("display_name") or request["name"]).split())
    if not shown.isprintable() or not 0 < len(shown) <= 100:
        raise Refused("invalid", "a display name has at most 100 characters, all of them visible")
    return shown


def email_of(request: Request) -> str | None:
    """An address, if one was given; nobody needs one."""
    email = request.get("email") or None
    if email is not None and not (isinstance(email, str) and len(email) <= 200
                                  and EMAIL.fullmatch(email)):
        raise Refused("invalid", f"this is no e-mail address: {email}")
    return email


def groups_of(request: Request) -> list[str]:
    """Groups beside the one of all members."""
    groups = request.get("groups") or []
    if not isinstance(groups, list):
        raise Refused("invalid", "groups are a list of names")
    named = [name_of({"group": group}, "group") for group in groups if group != "members"]
    return sorted({*named, *(["stewards"] if request.get("steward") is True else [])})
