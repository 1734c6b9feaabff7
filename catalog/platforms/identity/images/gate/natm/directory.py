# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the gate asks of the directory: who somebody is, and whether a password fits."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import ldap
from entries import person_of
from identity import Person

BASE = "ou=people,dc=natm"
SELF = "cn=gate,ou=services,dc=natm"
FIELDS = ["uid", "displayName", "cn", "mail", "memberOf", "pwdChangedTime", "pwdAccountLockedTime",
          "pwdEndTime"]
FRESH_S = 25
# With the directory away, members who were let in stay in for so long.
GRACE_S = 3600


class Away(Exception):
    """The directory does not answer, and nothing is remembered."""


class Directory:
    """One connection that is kept, another for each password."""

    def __init__(self, address: str, password: str) -> None:
        self._address, self._password = address, password
        self._connection: Any = None
        self._lock = asyncio.Lock()
        self._binds = asyncio.Semaphore(2)
        self._known: dict[str, tuple[float, Person | None]] = {}

    async def person(self, name: str) -> Person | None:
        """Who that is, at most half a minute old."""
        at, person = self._known.get(name, (-1e9, None))
        now = time.monotonic()
        if now - at < FRESH_S:
            return person
        async with self._lock:
            at, person = self._known.get(name, (-1e9, None))
            if now - at < FRESH_S:
                return person
            try:
                person = await asyncio.to_thread(self._ask, name)
            except ldap.LDAPError as error:
                if now - at < GRACE_S:
                    return person
                raise Away from error
        if len(self._known) > 20_000:
            self._known.clear()
        self._known[name] = (now, person)
        return person

    def _ask(self, name: str) -> Person | None:
        for last in (False, True):
            try:
                self._connection = self._connection or self._bound(SELF, self._password)
                found = self._connection.search_s(
                    BASE, ldap.SCOPE_ONELEVEL, f"(uid={name})", FIELDS)
                return person_of(found[0][1], time.time()) if found else None
            except ldap.LDAPError:
                self._connection = None
                if last:
                    raise
        return None

    async def fits(self, name: str, password: str) -> bool:
        """Whether the password is this member's."""
        async with self._binds:
            try:
                return await asyncio.to_thread(self._fits, name, password)
            except ldap.SERVER_DOWN as error:
                raise Away from error

    def _fits(self, name: str, password: str) -> bool:
        try:
            self._bound(f"uid={name},{BASE}", password).unbind_s()
        except (ldap.INVALID_CREDENTIALS, ldap.UNWILLING_TO_PERFORM):
            return False
        return True

    def _bound(self, dn: str, password: str) -> Any:
        connection = ldap.initialize(self._address)
        connection.set_option(ldap.OPT_NETWORK_TIMEOUT, 5)
        connection.set_option(ldap.OPT_TIMEOUT, 10)
        connection.simple_bind_s(dn, password)
        return connection
