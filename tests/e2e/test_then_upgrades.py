# SPDX-License-Identifier: AGPL-3.0-or-later
"""Upgrades from really older versions, with what people wrote in them: they come through, or all is
as before, whoever dies on the way.

Runs after the story, on the same server, which is bare again by then.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from natm_stack.flows.tools import Tools
from natm_stack.flows.workspace import Workspace
from natm_stack.model.secret import Secret
from natm_stack.testing.images import ensure
from natm_stack.testing.older import OLDER, older_catalog
from natm_stack.testing.server import ThrowawayServer
from natm_stack.testing.volunteer import Volunteer, new_volunteer

STATE = "/srv/natm/backup/upgrading/copyparty.json"
WORDS = "We agreed to water the plants."
EVENT = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a1\r\n"
         "DTSTAMP:20260101T000000Z\r\nDTSTART:20260101T100000Z\r\nSUMMARY:Assembly\r\n"
         "END:VEVENT\r\nEND:VCALENDAR\r\n")
ASK = """
import base64, sys, urllib.request
method, path, name, password, data = sys.stdin.read().split("\\0")
request = urllib.request.Request("http://127.0.0.1:5232" + path, data.encode() or None, {
    "Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode(),
    "Content-Type": "text/calendar"}, method=method)
print(urllib.request.urlopen(request).read().decode())
"""


@pytest.fixture(scope="module")
def volunteer(server: ThrowawayServer, tmp_path_factory: pytest.TempPathFactory) -> Volunteer:
    """A volunteer of a community with files and calendars."""
    return new_volunteer(
        server, tmp_path_factory.mktemp("upgrades"), "--name", "moved", "--domain", "moved.test",
        "--platform", "portal", *(word for id_ in OLDER for word in ("--platform", id_)))


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalog of the time before."""
    return older_catalog(tmp_path_factory.mktemp("older"), OLDER)


@pytest.fixture(scope="module")
def password(volunteer: Volunteer) -> str:
    """Amina's, whose account was made in the time before."""
    said = volunteer.natm("members", "add", "amina", "--json")
    assert said.code == 0, said.err
    return str(said.json["result"]["first_password"])


def load(volunteer: Volunteer, *catalogs: Path) -> None:
    """The images of the time before, or of now, that the server lacks; but the browser's, which is
    not used here."""
    there = volunteer.workspace
    workspace = Workspace(there.folder, Tools(
        lambda _host: Secret(""), lambda _event: None, catalogs=catalogs))
    seldom = {i.tag for i in workspace.deployment.instance("verifier").images if i.on_demand}
    ids = [i.id for i in workspace.deployment.instances]
    there_already = volunteer.on_server(
        "docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
    volunteer.server.load_images(
        [t for t in ensure(workspace, ids) if t not in seldom and t not in there_already])


def calendar(volunteer: Volunteer, password: str, method: str, path: str, data: str = "") -> str:
    """What the calendars answer to a program of Amina's."""
    return volunteer.server.exec(
        ["docker", "exec", "--interactive", "natm-radicale-web-1", "python3", "-c", ASK],
        data="\0".join((method, path, "amina", password, data))).stdout


def minutes(volunteer: Volunteer, words: str | None = None, name: str = "minutes") -> str:
    """What a shared file says, after it was written where words are given."""
    inside = ["docker", "exec", "--interactive", "natm-copyparty-web-1", "sh", "-c"]
    path = f"/srv/files/shared/{name}.txt"
    if words is not None:
        volunteer.server.exec([*inside, f"cat > {path}"], data=words)
    return volunteer.server.exec([*inside, f"cat {path}"], check=False).stdout.strip()


def phase(volunteer: Volunteer) -> str:
    """How far the upgrade of the files is; nothing where there is none."""
    said = volunteer.on_server("sh", "-c", f"cat {STATE} 2>/dev/null || true")
    return str(json.loads(said)["phase"]) if said.strip() else ""


def wait_for(volunteer: Volunteer, *wanted: str, seconds: float = 180) -> None:
    """Until it is there."""
    ends = time.monotonic() + seconds
    while phase(volunteer) not in wanted:
        assert time.monotonic() < ends, phase(volunteer)
        time.sleep(0.2)


def begin(volunteer: Volunteer, until: str) -> subprocess.Popen[str]:
    """An upgrade that is on its way."""
    started = volunteer.start("upgrade", "--yes")
    wait_for(volunteer, until)
    return started


def versions(volunteer: Volunteer) -> dict[str, Any]:
    """What the receipts say."""
    said = volunteer.on_server("sh", "-c", "cd /srv/natm/receipts && cat *.json | tr -d '\\n'")
    decoder, found, at = json.JSONDecoder(), {}, 0
    while at < len(said.rstrip()):
        one, at = decoder.raw_decode(said, at)
        found[one.get("id", "host")] = one.get("version")
    return found


def as_before(volunteer: Volunteer) -> None:
    """The version before serves, with what was written in it, and nobody is kept out."""
    assert versions(volunteer)["copyparty"] == OLDER["copyparty"][0]
    assert minutes(volunteer) == WORDS
    assert volunteer.on_server("ls", "/srv/natm/closed").strip() == ""
    health = volunteer.natm("health")
    assert health.code == 0, health.out


def test_a_stack_of_the_time_before_is_in_use(
    volunteer: Volunteer, older: Path, request: pytest.FixtureRequest
) -> None:
    if volunteer.on_server("sh", "-c", "command -v docker || true").strip():
        load(volunteer, older)
    said = volunteer.natm("--catalog", str(older), "deploy", "--yes", "--no-verify", "--json")
    assert said.code == 0, said.out + said.err
    load(volunteer)
    password = request.getfixturevalue("password")
    assert minutes(volunteer, WORDS) == WORDS
    calendar(volunteer, password, "MKCALENDAR", "/amina/garden/")
    calendar(volunteer, password, "PUT", "/amina/garden/a1.ics", EVENT)
    # A newer natm changes nothing of it by itself, and calls nothing unwell.
    plan = volunteer.natm("plan", "--json")
    waits = {p["id"] for p in plan.json["result"]["platforms"] if p["action"] == "upgrade"}
    assert waits == set(OLDER)
    as_before(volunteer)


def test_a_laptop_that_dies_leaves_nobody_locked_out(volunteer: Volunteer) -> None:
    began = begin(volunteer, "trial")
    began.kill()
    began.communicate()
    said = volunteer.natm("upgrade", "--yes", "--json")
    assert said.json["error"]["code"] == "restore.undone", said.out
    as_before(volunteer)


def test_a_power_cut_in_the_middle_leaves_all_as_before(volunteer: Volunteer) -> None:
    began = begin(volunteer, "switched")
    volunteer.server.cut_the_power()
    began.communicate(timeout=120)
    wait_for(volunteer, "")
    wait_for_health(volunteer)
    as_before(volunteer)


def wait_for_health(volunteer: Volunteer) -> None:
    """After a boot, services need a little while."""
    ends = time.monotonic() + 120
    while volunteer.natm("health").code != 0 and time.monotonic() < ends:
        time.sleep(2)


def test_all_of_it_comes_through(volunteer: Volunteer, password: str) -> None:
    said = volunteer.natm("upgrade", "--yes", "--json")
    assert said.code == 0, said.out + said.err
    came = {p["id"]: p for p in said.json["result"]["platforms"]}
    assert {id_: one["came"] for id_, one in came.items() if id_ in OLDER} == dict.fromkeys(
        OLDER, "done")
    for id_ in OLDER:
        assert came[id_]["closed"] > 0
        assert any(p["outcome"] == "passed" for p in came[id_]["proofs"])
    # What came of another Debian says so, package by package.
    assert any(name == "python3-radicale" for name, *_ in came["radicale"]["packages"])
    assert minutes(volunteer) == WORDS
    assert "SUMMARY:Assembly" in calendar(volunteer, password, "GET", "/amina/garden/a1.ics")
    listed = volunteer.natm("members", "list", "--json").json["result"]["members"]
    assert [m["name"] for m in listed] == ["amina"]
    assert volunteer.natm("plan").code == 0
    assert volunteer.natm("health").code == 0


def test_going_back_by_hand_brings_back_what_was_written_then(
    volunteer: Volunteer
) -> None:
    assert minutes(volunteer, "written since", "since") == "written since"
    said = volunteer.natm("rollback", "copyparty", "--yes", "--json")
    assert said.code == 0, said.out + said.err
    (one,) = said.json["result"]["platforms"]
    assert minutes(volunteer, name="since") == ""
    as_before(volunteer)
    # And what was written since is not lost.
    said = volunteer.natm("restore", "copyparty", "--snapshot", one["snapshot"], "--yes", "--json")
    assert said.json["result"]["failed"] == {}, said.out
    assert minutes(volunteer, name="since") == "written since"


def test_the_server_is_left_bare(volunteer: Volunteer) -> None:
    assert volunteer.natm("remove", "--purge", "--yes").code == 0
    units = volunteer.on_server("systemctl", "list-unit-files", "natm-*", check=False)
    assert "natm-" not in units
