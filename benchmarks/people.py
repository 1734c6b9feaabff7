# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one account: adding many people, signing in, and what it takes while nothing happens."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from natm_stack.testing.volunteer import Volunteer

from .measure import Ratio, seconds
from .suite import deployed, done, idle_memory

PEOPLE, ROUNDS = 500, 20
PROGRAMS = Path(__file__).with_name("programs")
DIRECTORY, CANAILLE = "natm-identity-directory-1", "natm-identity-canaille-1"


@contextmanager
def house(home: Path) -> Iterator[Volunteer]:
    """A stack of the portal and the account platform, on a server of its own."""
    with deployed(home, "people", "--platform", "portal", "--platform", "identity") as volunteer:
        yield volunteer


def memory(volunteer: Volunteer) -> str:
    """Of each container; asked before anyone is there."""
    return idle_memory(volunteer)


def imported(volunteer: Volunteer, home: Path) -> Iterator[Ratio | str]:
    """`natm members import` beside plain LDAP adds of as many entries, in the same minute."""
    table = home / "people.csv"
    table.write_text("name,display_name,email\n" + "".join(
        f"person-{n},Person {n},p{n}@example.org\n" for n in range(PEOPLE)), encoding="utf-8")
    words = ("members", "import", str(table), "--yes", "--passwords", str(home / "first.csv"))
    ours = seconds(lambda: done(volunteer.natm(*words)))
    hashed = _raw(volunteer, "raw", "bsn6b-zav3a-mxwff-gpewf")
    bare = _raw(volunteer, "bare", "")
    yield Ratio(f"`natm members import` of {PEOPLE}, from the table to the file of passwords, "
                "against as many plain LDAP adds with a password, one after the other",
                ours, hashed, None)
    yield (f"{PEOPLE / ours:.0f} members a second by import, {PEOPLE / hashed:.0f} by plain LDAP "
           f"adds with a password, {PEOPLE / bare:.0f} without one: what takes time is Argon2id.")


def _raw(volunteer: Volunteer, prefix: str, password: str) -> float:
    program = (PROGRAMS / "raw_adds.py").read_text(encoding="utf-8")
    return float(volunteer.server.exec(
        ["docker", "exec", "-i", DIRECTORY, "python3", "-", prefix, str(PEOPLE), password],
        data=program).stdout)


def sign_in(volunteer: Volunteer) -> Ratio:
    """From authorise to token: through the edge, and at Canaille itself."""
    said = volunteer.natm("--json", "members", "add", "bench")
    done(said)
    deployment = volunteer.workspace.deployment
    routes = {route.key: route for route in deployment.instance("identity").routes}
    address = volunteer.on_server(
        "docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}",
        CANAILLE).split()[0]
    asked = {
        "host": routes["account"].host, "port": deployment.https_port, "bare": address,
        "ca_file": f"{deployment.root}/public/ca.crt", "rounds": ROUNDS, "name": "bench",
        "password": said.json["result"]["first_password"],
        "redirect_uri": f"{routes['gate'].url}/gate/callback",
        "secret": volunteer.workspace.secrets.of("identity")["gate_client"].reveal()}
    program = (PROGRAMS / "sign_in.py").read_text(encoding="utf-8")
    boot = ("import sys;n=int(sys.stdin.readline());"
            "exec(compile(sys.stdin.read(n),'sign_in','exec'))")
    told = volunteer.server.exec(["python3", "-c", boot],
                                 data=f"{len(program)}\n{program}{json.dumps(asked)}\n").stdout
    found: dict[str, list[float]] = json.loads(told)
    return Ratio("sign-in, from authorise to token, through the edge against Canaille itself",
                 statistics.median(found["edge"]), statistics.median(found["bare"]), 1.5)
