# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates by ACME, from an issuer of the test's own: Caddy's, in a container of its own.

Runs after the story, on the same server, which is bare again by then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from natm_stack.testing.docker_cli import docker
from natm_stack.testing.images import ensure
from natm_stack.testing.server import LABEL, ThrowawayServer, address
from natm_stack.testing.volunteer import Volunteer, new_volunteer

NAME = "natm-throwaway-issuer"
DOMAIN = "public.test"
SETTINGS = """\
{{
	admin off
	skip_install_trust
}}
https://{address} {{
	tls internal
	acme_server
}}
"""


@pytest.fixture(scope="module")
def volunteer(server: ThrowawayServer, tmp_path_factory: pytest.TempPathFactory) -> Volunteer:
    """A volunteer with a front page under a public name."""
    return new_volunteer(
        server, tmp_path_factory.mktemp("public"), "--name", "public", "--domain", DOMAIN,
        "--platform", "portal", "--tls", "acme", "--email", "stewards@public.test")


@pytest.fixture(scope="module")
def issuer(server: ThrowawayServer, volunteer: Volunteer) -> Iterator[str]:
    """The directory address of an issuer that the server trusts and that finds the server."""
    ensure(volunteer.workspace, ["edge"])
    tag = volunteer.workspace.deployment.instance("edge").service("caddy").image.tag
    docker("rm", "--force", NAME, check=False)
    docker("run", "--detach", "--name", NAME, "--label", f"{LABEL}=1", "--user", "0:0",
           "--env", "HOME=/data", "--add-host", f"{DOMAIN}:{server.host}", tag, "sleep", "1800")
    try:
        here = address(NAME)
        docker("exec", "--interactive", NAME, "sh", "-c", "mkdir -p /data && cat > /data/Caddyfile",
               data=SETTINGS.format(address=here))
        docker("exec", "--detach", NAME, "caddy", "run", "--config", "/data/Caddyfile")
        root = docker("exec", NAME, "sh", "-c", (
            "f=/data/.local/share/caddy/pki/authorities/local/root.crt;"
            "for n in $(seq 60); do [ -s $f ] && break; sleep 1; done; cat $f")).stdout
        server.exec(["sh", "-c", "cat > /usr/local/share/ca-certificates/issuer.crt && "
                     "update-ca-certificates"], data=root)
        yield f"https://{here}/acme/local/directory"
    finally:
        docker("rm", "--force", NAME, check=False)


def test_a_name_that_leads_nowhere_is_refused_before_anything_is_asked(
    volunteer: Volunteer,
) -> None:
    said = volunteer.natm("deploy", "--yes", "--json")
    assert said.code == 1
    assert said.json["error"]["code"] == "acme.name-missing"
    assert DOMAIN in said.json["error"]["message"]
    assert not volunteer.on_server(
        "sh", "-c", "! command -v docker >/dev/null || docker ps --all --quiet").strip()


def test_an_issuer_is_tried_before_it_is_asked_and_members_need_trust_nothing(
    volunteer: Volunteer, issuer: str
) -> None:
    stack = volunteer.folder / "stack.yml"
    stack.write_text(stack.read_text().replace(
        '  mode: "acme"\n', f'  mode: "acme"\n  issuer: "{issuer}"\n  staging: "{issuer}"\n'))
    volunteer.on_server("sh", "-c", f"echo {volunteer.server.host} {DOMAIN} >> /etc/hosts")
    said = volunteer.natm("deploy", "--yes", "--json")
    assert said.code == 0, said.out + said.err
    notes = said.json["result"]["notes"]
    assert any("trial certificate for every name" in note for note in notes), notes
    kept = volunteer.on_server("ls", "/srv/natm/data/edge/data/caddy/certificates").split()
    assert kept
    assert "local" not in kept
    assert {p["outcome"] for p in said.json["result"]["verified"]["proofs"]
            if p["platform"] == "edge"} == {"passed"}


def test_a_name_the_issuer_cannot_reach_fails_in_the_trial(
    volunteer: Volunteer, issuer: str
) -> None:
    assert issuer
    volunteer.natm("remove", "--purge", "--yes")
    docker("exec", NAME, "sh", "-c",
           f"sed /{DOMAIN}/d /etc/hosts > /tmp/h; cat /tmp/h > /etc/hosts")
    said = volunteer.natm("deploy", "--yes", "--json", timeout=2400)
    assert said.code == 1
    assert json.loads(said.out)["error"]["code"] == "acme.trial-failed"
    assert Path(volunteer.folder / "stack.yml").exists()
    assert not volunteer.on_server("sh", "-c", (
        "ls /srv/natm/data/edge/data/caddy/certificates 2>/dev/null || true")).strip()
