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
GROUPS = f"ou=groups,{BASE}"
NOBODY = f"cn=nobody,ou=services,{BASE}".encode()
# Locked until somebody opens it again, as slapd's password policy has it.
FOR_EVER = b"000001010000Z"
LOCKS = ("pwdAccountLockedTime", "pwdEndTime", "pwdFailureTime")
TIMES = ("createTimestamp", "pwdChangedTime")
CLASSES = [b"inetOrgPerson"]
GUARDED = b"natmGuarded"
# As many passwords are hashed side by side as slapd has memory for.
AT_ONCE = 3


@dataclass(frozen=True)
class Person:
    """What the members program tells of someone."""

    name: str
    display_name: str
    groups: frozenset[str]
    disabled: bool
    email: str = ""
    since: str = ""
    password_since: str = ""
    second_factor: bool = False


def entry_dn(name: str) -> str:
    """Names are checked before: nothing in them needs escaping."""
    return f"uid={name},{PLACE}"


def find(connection: Any, name: str | None = None) -> dict[str, Person]:
    """Everyone, or the one with this name."""
    wanted = f"(uid={ldap.filter.escape_filter_chars(name)})" if name else "(uid=*)"
    fields = ["uid", "cn", "displayName", "memberOf", "mail", "objectClass", *TIMES, *LOCKS[:2]]
    found = connection.search_s(PLACE, ldap.SCOPE_ONELEVEL, wanted, fields)
    return {person.name: person for person in (_person(entry) for _dn, entry in found)}


def _person(entry: dict[str, list[bytes]]) -> Person:
    shown = entry.get("displayName") or entry["cn"]
    groups = frozenset(ldap.dn.str2dn(dn.decode())[0][0][1] for dn in entry.get("memberOf", []))
    # A time in the past, as the account pages lock, or for ever, as this program does.
    locked = (entry.get("pwdAccountLockedTime") == [FOR_EVER]
              or b"" < entry.get("pwdEndTime", [b""])[0] <= _stamp(_now()))
    return Person(entry["uid"][0].decode(), shown[0].decode(), groups,
                  locked or "members" not in groups, entry.get("mail", [b""])[0].decode(),
                  *(_moment(entry.get(time)) for time in TIMES),
                  second_factor=GUARDED in entry["objectClass"])


def _moment(stamps: list[bytes] | None) -> str:
    """2026-11-24T09:30:00Z, for slapd's 20261124093000Z."""
    if not stamps:
        return ""
    moment = datetime.datetime.strptime(stamps[0].decode()[:14], "%Y%m%d%H%M%S")
    return moment.isoformat() + "Z"


def add(connection: Any, name: str, display_name: str, email: str | None) -> None:
    """An entry that nobody can sign in with yet: it has no password and no group."""
    connection.add_s(entry_dn(name), _entry(name, display_name, email, None))


def _entry(
    name: str, display_name: str, email: str | None, password: str | None
) -> list[tuple[str, list[bytes]]]:
    shown = display_name.encode()
    fields = [("objectClass", CLASSES), ("uid", [name.encode()]), ("cn", [shown]), ("sn", [shown]),
              ("displayName", [shown])]
    fields += [("mail", [email.encode()])] if email else []
    return fields + ([("userPassword", [password.encode()])] if password else [])


def add_many(
    connection: Any, people: list[tuple[str, str, str | None, str | None]]
) -> None:
    """Entries with name, name for others, address, password; they belong to no group yet."""
    waiting: list[int] = []
    for name, display_name, email, password in people:
        waiting.append(connection.add(
            entry_dn(name), _entry(name, display_name, email, password)))
        if len(waiting) == AT_ONCE:
            connection.result(waiting.pop(0))
    for number in waiting:
        connection.result(number)


def set_password(connection: Any, name: str, password: str) -> None:
    """slapd makes the hash; sessions that began before it are over."""
    connection.passwd_s(entry_dn(name), None, password)


def set_address(connection: Any, name: str, email: str | None) -> None:
    """In place of the one before."""
    connection.modify_s(entry_dn(name), [
        (ldap.MOD_REPLACE, "mail", [email.encode()] if email else None)])


def unlock(connection: Any, name: str) -> None:
    """Open again, whoever or whatever locked it."""
    [(_dn, entry)] = connection.search_s(entry_dn(name), ldap.SCOPE_BASE, "(uid=*)", list(LOCKS))
    if entry:
        connection.modify_s(entry_dn(name), [(ldap.MOD_DELETE, lock, None) for lock in entry])


def no_second_factor(connection: Any, name: str) -> None:
    """The password is enough again: what makes the codes may be lost."""
    if find(connection, name)[name].second_factor:
        connection.modify_s(entry_dn(name), [
            (ldap.MOD_DELETE, "objectClass", GUARDED),
            (ldap.MOD_DELETE, "natmSecondFactor", None),
            (ldap.MOD_DELETE, "natmGuardedSince", None)])


def lock(connection: Any, name: str) -> None:
    """Out everywhere: no password fits, and Canaille ends the sessions it finds locked."""
    connection.modify_s(entry_dn(name), [
        (ldap.MOD_REPLACE, "pwdAccountLockedTime", [FOR_EVER]),
        (ldap.MOD_REPLACE, "pwdEndTime", [_stamp(_now() - datetime.timedelta(seconds=2))])])


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _stamp(moment: datetime.datetime) -> bytes:
    return moment.strftime("%Y%m%d%H%M%SZ").encode()


def groups(connection: Any) -> dict[str, list[str]]:
    """Every group, with the names of its members."""
    found = connection.search_s(GROUPS, ldap.SCOPE_ONELEVEL, "(cn=*)", ["cn", "member"])
    return {entry["cn"][0].decode(): sorted(
        ldap.dn.str2dn(one.decode())[0][0][1] for one in entry["member"]
        if one.lower().endswith(f",{PLACE}".encode())) for _dn, entry in found}


def join(connection: Any, group: str, names: list[str]) -> None:
    """Into a group, in one change; a group that is not there is made."""
    there = _members(connection, group)
    wanted = [dn for dn in (entry_dn(name).encode() for name in names) if dn not in there]
    if not there:
        connection.add_s(_group_dn(group), [
            ("objectClass", [b"groupOfNames"]), ("cn", [group.encode()]),
            ("member", [NOBODY, *wanted])])
    elif wanted:
        own = [] if NOBODY in there else [NOBODY]
        connection.modify_s(_group_dn(group), [(ldap.MOD_ADD, "member", [*own, *wanted])])


def leave(connection: Any, group: str, names: list[str]) -> None:
    """Out of a group, in one change."""
    there = _members(connection, group)
    own = [entry_dn(name).encode() for name in names]
    own = [dn for dn in own if dn in there]
    # A group of the directory must have a member.
    changes = [] if NOBODY in there else [(ldap.MOD_ADD, "member", [NOBODY])]
    changes += [(ldap.MOD_DELETE, "member", own)] if own else []
    if own:
        connection.modify_s(_group_dn(group), changes)


def _group_dn(group: str) -> str:
    return f"cn={ldap.dn.escape_dn_chars(group)},{GROUPS}"


def _members(connection: Any, group: str) -> set[bytes]:
    """The entries in a group; none where there is no such group."""
    try:
        [(_dn, entry)] = connection.search_s(_group_dn(group), ldap.SCOPE_BASE, "(cn=*)",
                                             ["member"])
    except ldap.NO_SUCH_OBJECT:
        return set()
    return {one.lower() for one in entry["member"]}


def leave_all(connection: Any, name: str) -> None:
    """Out of every group."""
    found = connection.search_s(GROUPS, ldap.SCOPE_ONELEVEL, f"(member={entry_dn(name)})", ["cn"])
    for _dn, entry in found:
        leave(connection, entry["cn"][0].decode(), [name])


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
