# SPDX-License-Identifier: AGPL-3.0-or-later
"""A member's network drive, on the server itself: one request with name and password."""

from __future__ import annotations

import json

from natm_stack.testing.volunteer import Volunteer

SCRIPT = """
import base64, http.client, json, socket, ssl, sys
host, name, password, method, data = json.loads(sys.stdin.readline())
context = ssl.create_default_context(cafile="/srv/natm/public/ca.crt")
drive = http.client.HTTPSConnection(host, context=context)
drive.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", 443), 20),
                                 server_hostname=host)
word = base64.b64encode(f"{name}:{password}".encode()).decode()
drive.request(method, f"/~{name}/before.txt", data or None, {"Authorization": f"Basic {word}"})
print(drive.getresponse().status)
"""


def drive(volunteer: Volunteer, name: str, password: str, method: str, data: str = "") -> str:
    """Put or get a file in the member's own folder; the status of the answer."""
    line = json.dumps(["files.commons.test", name, password, method, data])
    return volunteer.server.exec(["python3", "-c", SCRIPT], data=line + "\n").stdout.strip()
