# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the gate asks of the directory: who somebody is, and whether a password fits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import ldap
from entries import person_of
from identity import Person
from ldap.controls.ppolicy import PasswordPolicyControl
from ldap.filter import escape_filter_chars

BASE = "ou=people,dc=natm"
SELF = "cn=gate,ou=services,dc=natm"
FIELDS = ["uid", "displayName", "cn", "mail", "memberOf", "pwdChangedTime", "pwdAccountLockedTime",
          "pwdEndTime", "natmGuardedSince"]
FRESH_S = 25
# With the directory away, members who were let in stay in for so long.
GRACE_S = 3600
# How long to wait for an answer, and after none before asking again: nobody waits for long.
PATIENCE_S, PAUSE_S = 4, 10
NEVER = -1e9
MOST_KNOWN = 20_000
# "error: accountLocked", as the answer's control says it in BER.
POLICY_LOCKED = b"\x81\x01\x01"


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
        self._away = NEVER

    async def person(self, name: str, oldest: float = FRESH_S) -> Person | None:
        """Who that is, at most so many seconds old."""
        asked = time.monotonic()
        if asked - self._known.get(name, (NEVER, None))[0] < oldest:
            return self._known[name][1]
        async with self._lock:
            at, person = self._known.get(name, (NEVER, None))
            # Somebody else may have asked while we waited for our turn.
            if at >= asked or asked - at < oldest:
                return person
            try:
                person = await self._patiently(self._ask, name)
            except Away:
                if asked - at < GRACE_S:
                    return person
                raise
            if len(self._known) > MOST_KNOWN:
                self._known.clear()
            self._known[name] = (time.monotonic(), person)
            return person

    async def fits(self, name: str, password: str) -> bool | None:
        """Whether the password is this member's; None: locked, so that nobody looked at it."""
        async with self._binds:
            return await self._patiently(self._fits, name, password)

    async def _patiently(self, ask: Callable[..., Any], *words: str) -> Any:
        if time.monotonic() - self._away < PAUSE_S:
            raise Away
        try:
            return await asyncio.wait_for(asyncio.to_thread(ask, *words), PATIENCE_S)
        except (ldap.LDAPError, TimeoutError) as error:
            self._away = time.monotonic()
            raise Away from error

    def _ask(self, name: str) -> Person | None:
        wanted = f"(uid={escape_filter_chars(name)})"
        for last in (False, True):
            connection, self._connection = self._connection, None
            try:
                connection = connection or self._bound(SELF, self._password)
                found = connection.search_s(BASE, ldap.SCOPE_ONELEVEL, wanted, FIELDS)
            except ldap.LDAPError:
                # One that was kept may be gone; a new one that fails is a failure.
                if last:
                    raise
            else:
                self._connection = connection
                return person_of(found[0][1], time.time()) if found else None
        return None

    def _fits(self, name: str, password: str) -> bool | None:
        connection = self._reached()
        try:
            connection.simple_bind_s(f"uid={name},{BASE}", password, [PasswordPolicyControl()])
        except (ldap.INVALID_CREDENTIALS, ldap.UNWILLING_TO_PERFORM) as error:
            return None if locked(error) else False
        finally:
            connection.unbind_s()
        return True

    def _bound(self, dn: str, password: str) -> Any:
        connection = self._reached()
        connection.simple_bind_s(dn, password)
        return connection

    def _reached(self) -> Any:
        connection = ldap.initialize(self._address)
        connection.set_option(ldap.OPT_NETWORK_TIMEOUT, 3)
        connection.set_option(ldap.OPT_TIMEOUT, 3)
        return connection


def locked(error: Exception) -> bool:
    """Whether it was a lock that refused, not the password."""
    told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return any(kind == PasswordPolicyControl.controlType and POLICY_LOCKED in bytes(value or b"")
               for kind, _critical, value in told.get("ctrls", []))
