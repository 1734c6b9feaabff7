# SPDX-License-Identifier: AGPL-3.0-or-later
"""In the directory's container: entries by plain LDAP adds, one after the other; prints seconds."""

from __future__ import annotations

import sys
import time

sys.path.insert(0, "/opt/natm")

from connection import BASE, connect

prefix, count, password = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
connection = connect()
started = time.monotonic()
for number in range(count):
    name = f"{prefix}-{number}"
    shown = [f"Person {number}".encode()]
    fields = [("objectClass", [b"inetOrgPerson"]), ("uid", [name.encode()]), ("cn", shown),
              ("sn", shown), ("displayName", shown)]
    fields += [("userPassword", [password])] if password else []
    connection.add_s(f"uid={name},ou=people,{BASE}", fields)
print(time.monotonic() - started)
