# SPDX-License-Identifier: AGPL-3.0-or-later
"""The accounts of programs: as services.json has them, each with its password, and no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ldap
from connection import BASE

FILE = Path("/etc/natm/services.json")
PLACE = f"ou=services,{BASE}"
POLICY = f"cn=services,ou=policies,{BASE}".encode()
# These two have no password and are always there.
OWN = {"nobody", "natm"}


def update(connection: Any) -> None:
    """Add what is new, take away what is gone; set a password where the one told does not fit."""
    wanted: dict[str, str] = json.loads(FILE.read_text("utf-8"))
    found = connection.search_s(PLACE, ldap.SCOPE_ONELEVEL, "(cn=*)", ["cn"])
    there = {entry["cn"][0].decode() for _dn, entry in found}
    for name in sorted(there - set(wanted) - OWN):
        connection.delete_s(f"cn={name},{PLACE}")
    for name in sorted(set(wanted) - there):
        connection.add_s(f"cn={name},{PLACE}", [
            ("objectClass", [b"applicationProcess", b"simpleSecurityObject"]),
            ("cn", [name.encode()]), ("userPassword", [wanted[name].encode()]),
            ("pwdPolicySubentry", [POLICY])])
    for name in sorted(set(wanted) & there):
        if not fits(connection, name, wanted[name]):
            connection.modify_s(f"cn={name},{PLACE}", [
                (ldap.MOD_REPLACE, "userPassword", [wanted[name].encode()])])


def fits(connection: Any, name: str, password: str) -> bool:
    """Whether the account has this password already: then a second start writes nothing."""
    probe = ldap.initialize(connection.get_option(ldap.OPT_URI))
    try:
        probe.simple_bind_s(f"cn={name},{PLACE}", password)
    except ldap.INVALID_CREDENTIALS:
        return False
    finally:
        probe.unbind_s()
    return True
