# SPDX-License-Identifier: AGPL-3.0-or-later
"""People in the directory: one entry each, in the groups they belong to, locked or not."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import ldap
import ldap.dn
import ldap.filter
from connection import BASE

PLACE = f"ou=people,{BASE}"
NOBODY = f"cn=nobody,ou=services,{BASE}".encode()
# Locked until somebody opens it again, as slapd's password policy has it.
FOR_EVER = b"000001010000Z"
LOCKS = ("pwdAccountLockedTime", "pwdEndTime", "pwdFailureTime")
CLASSES = [b"inetOrgPerson"]


@dataclass(frozen=True)
class Person:
    """What the members program tells of someone."""

    name: str
    display_name: str
    groups: frozenset[str]
    disabled: bool


def entry_dn(name: str) -> str:
    """Names are checked before: nothing in them needs escaping."""
    return f"uid={name},{PLACE}"


def find(connection: Any, name: str | None = None) -> dict[str, Person]:
    """Everyone, or the one with this name."""
    wanted = f"(uid={ldap.filter.escape_filter_chars(name)})" if name else "(uid=*)"
    fields = ["uid", "cn", "displayName", "memberOf", *LOCKS[:2]]
    found = connection.search_s(PLACE, ldap.SCOPE_ONELEVEL, wanted, fields)
    return {person.name: person for person in (_person(entry) for _dn, entry in found)}


def _person(entry: dict[str, list[bytes]]) -> Person:
    shown = entry.get("displayName") or entry["cn"]
    groups = frozenset(ldap.dn.str2dn(dn.decode())[0][0][1] for dn in entry.get("memberOf", []))
    # A time in the past, as the account pages lock, or for ever, as this program does.
    locked = (entry.get("pwdAccountLockedTime") == [FOR_EVER]
              or b"" < entry.get("pwdEndTime", [b""])[0] <= _stamp(_now()))
    return Person(entry["uid"][0].decode(), shown[0].decode(), groups,
                  locked or "members" not in groups)


def add(connection: Any, name: str, display_name: str, email: str | None) -> None:
    """An entry that nobody can sign in with yet: it has no password and no group."""
    shown = display_name.encode()
    fields = [("objectClass", CLASSES), ("uid", [name.encode()]), ("cn", [shown]), ("sn", [shown]),
              ("displayName", [shown])]
    fields += [("mail", [email.encode()])] if email else []
    connection.add_s(entry_dn(name), fields)


def set_password(connection: Any, name: str, password: str) -> None:
    """slapd makes the hash; sessions that began before it are over."""
    connection.passwd_s(entry_dn(name), None, password)


def unlock(connection: Any, name: str) -> None:
    """Open again, whoever or whatever locked it."""
    [(_dn, entry)] = connection.search_s(entry_dn(name), ldap.SCOPE_BASE, "(uid=*)", list(LOCKS))
    if entry:
        connection.modify_s(entry_dn(name), [(ldap.MOD_DELETE, lock, None) for lock in entry])


def lock(connection: Any, name: str) -> None:
    """Out everywhere: no password fits, and Canaille ends the sessions it finds locked."""
    connection.modify_s(entry_dn(name), [
        (ldap.MOD_REPLACE, "pwdAccountLockedTime", [FOR_EVER]),
        (ldap.MOD_REPLACE, "pwdEndTime", [_stamp(_now() - datetime.timedelta(seconds=2))])])


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _stamp(moment: datetime.datetime) -> bytes:
    return moment.strftime("%Y%m%d%H%M%SZ").encode()


def belong(connection: Any, name: str, group: str, belongs: bool) -> None:
    """In a group, or out of it."""
    dn, member = f"cn={group},ou=groups,{BASE}", entry_dn(name).encode()
    [(_dn, entry)] = connection.search_s(dn, ldap.SCOPE_BASE, "(cn=*)", ["member"])
    members = [one.lower() for one in entry["member"]]
    changes = [] if NOBODY in members else [(ldap.MOD_ADD, "member", [NOBODY])]
    if belongs != (member in members):
        changes.append((ldap.MOD_ADD if belongs else ldap.MOD_DELETE, "member", [member]))
    if changes:
        connection.modify_s(dn, changes)


def leave_all(connection: Any, name: str) -> None:
    """Out of every group."""
    found = connection.search_s(f"ou=groups,{BASE}", ldap.SCOPE_ONELEVEL,
                                f"(member={entry_dn(name)})", ["cn"])
    for _dn, entry in found:
        belong(connection, name, entry["cn"][0].decode(), False)


def end_tokens(connection: Any, name: str) -> None:
    """What apps were given in this member's name is worth nothing any more."""
    try:
        found = connection.search_s(f"ou=oauth,{BASE}", ldap.SCOPE_SUBTREE,
                                    f"(oauthSubject={entry_dn(name)})", ["1.1"])
    except ldap.NO_SUCH_OBJECT:
        return
    for dn, _entry in found:
        connection.delete_s(dn)


def delete(connection: Any, name: str) -> None:
    """The entry itself; for the proofs' members alone."""
    leave_all(connection, name)
    end_tokens(connection, name)
    connection.delete_s(entry_dn(name))
