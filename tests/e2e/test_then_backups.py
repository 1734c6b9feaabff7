# SPDX-License-Identifier: AGPL-3.0-or-later
"""What people wrote is saved by the server itself and comes back, whatever happens to the server.

Runs after the story, on the same server, which is bare again by then.
"""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest

from natm_stack.testing.images import ensure
from natm_stack.testing.server import ThrowawayServer
from natm_stack.testing.volunteer import Volunteer, new_volunteer

DISK = "/mnt/disk/kept"
ALL = ("edge", "portal", "copyparty", "mediawiki", "prosody", "verifier")
PAGE = "Minutes of the first meeting"
PLAIN = "/srv/natm/plain"
WORDS = "We agreed to water the plants."


@pytest.fixture(scope="module")
def volunteer(server: ThrowawayServer, tmp_path_factory: pytest.TempPathFactory) -> Volunteer:
    """A volunteer of a community with files, a wiki and chat, and a disk for its backups."""
    made = new_volunteer(
        server, tmp_path_factory.mktemp("backups"), "--name", "kept", "--domain", "kept.test",
        *(word for id_ in ALL[1:5] for word in ("--platform", id_)))
    stack = made.folder / "stack.yml"
    stack.write_text(stack.read_text() + (
        f'backup:\n  daily: "03:45"\n  copies:\n    - {{name: disk, url: {DISK}}}\n'))
    return made


def load(volunteer: Volunteer) -> None:
    """The images, but for the browser's, which is large and not used here."""
    seldom = {i.tag for i in volunteer.workspace.deployment.instance("verifier").images
              if i.on_demand}
    volunteer.server.load_images(
        [tag for tag in ensure(volunteer.workspace, ALL) if tag not in seldom])


def write(volunteer: Volunteer, page: str, words: str) -> None:
    """A page of the wiki and a file, written as the platforms themselves write them."""
    volunteer.server.exec(
        ["docker", "exec", "--interactive", "natm-mediawiki-wiki-1", "php",
         "/usr/share/mediawiki/maintenance/run.php", "edit", "--user", "Amina", page],
        data=words)
    volunteer.server.exec(
        ["docker", "exec", "--interactive", "natm-copyparty-web-1", "sh", "-c",
         f"cat > '/srv/files/shared/{page}.txt'"], data=words)


def read(volunteer: Volunteer, page: str) -> tuple[str, str]:
    """What the wiki and the file say now; nothing where there is neither."""
    wiki = volunteer.on_server(
        "docker", "exec", "natm-mediawiki-wiki-1", "php",
        "/usr/share/mediawiki/maintenance/run.php", "getText", page, check=False)
    file = volunteer.on_server(
        "docker", "exec", "natm-copyparty-web-1", "cat", f"/srv/files/shared/{page}.txt",
        check=False)
    return (wiki.strip() if WORDS in wiki else "", file.strip())


def test_the_server_saves_itself_with_no_laptop_present(volunteer: Volunteer) -> None:
    if volunteer.on_server("sh", "-c", "command -v docker || true").strip():
        load(volunteer)
    said = volunteer.natm("deploy", "--yes", "--no-verify", "--json")
    assert said.code == 0, said.out + said.err
    assert volunteer.natm("members", "add", "amina").code == 0
    write(volunteer, PAGE, WORDS)
    timer = volunteer.on_server("systemctl", "show", "natm-backup.timer",
                                "--property=TimersCalendar,ActiveState,UnitFileState")
    assert "03:45:00" in timer
    assert "ActiveState=active" in timer
    volunteer.on_server("systemctl", "start", "natm-backup.service")
    said = volunteer.natm("backups", "--from", "disk", "--json")
    (snapshot,) = said.json["result"]["snapshots"]
    assert (snapshot["kind"], set(snapshot["platforms"])) == ("whole", set(ALL))
    assert "natm-backup" not in volunteer.on_server("systemctl", "--failed", "--plain")
    states = {p["name"]: p["state"]
              for p in volunteer.natm("health", "--json").json["result"]["probes"]}
    assert (states["backup"], states["backup elsewhere"]) == ("ok", "warning")


def test_nobody_sees_the_repositorys_key(volunteer: Volunteer) -> None:
    key = volunteer.natm("secrets", "show", "backup.repository").out.strip()
    assert volunteer.on_server("cat", "/srv/natm/backup/key").strip() == key
    seen = volunteer.on_server("sh", "-c", (
        "ps axwwe; cat /srv/natm/audit.log /srv/natm/backup/state.json /srv/natm/backup/plan.json;"
        "cat /srv/natm/receipts/*.json /srv/natm/records/*; journalctl --no-pager"))
    assert key not in seen
    vault = volunteer.workspace.secrets.vault_key.reveal()
    found = volunteer.server.exec(["grep", "-rlFf", "-", "/srv/natm"], data=vault, check=False)
    assert (found.code, found.stdout) == (1, "")



def test_a_drill_proves_it_beside_what_runs(volunteer: Volunteer) -> None:
    running = volunteer.on_server("docker", "ps", "--no-trunc", "--quiet")
    said = volunteer.natm("drill", "--json")
    assert said.code == 0, said.out + said.err
    restored = said.json["result"]["restored"]
    assert {p["id"] for p in restored["platforms"]} == set(ALL)
    assert {p["outcome"] for p in restored["verified"]["proofs"]} <= {"passed", "not-run"}
    # Nothing of what runs was touched, and nothing of the copy is left.
    after = volunteer.on_server("docker", "ps", "--no-trunc", "--quiet")
    assert sorted(after.split()) == sorted(running.split())
    assert "drill" not in volunteer.on_server("docker", "network", "ls", "--format", "{{.Name}}")
    assert "drill" not in volunteer.on_server("ls", "/srv/natm")
    proven = [one["proven"] for one in
              volunteer.natm("backups", "--json").json["result"]["snapshots"]]
    assert proven == [True]


def test_what_was_destroyed_comes_back_in_place(volunteer: Volunteer) -> None:
    (before,) = volunteer.natm("backups", "--json").json["result"]["snapshots"]
    volunteer.on_server("sh", "-c", (
        "rm -r /srv/natm/data/copyparty/files/shared/*;"
        "docker exec natm-mediawiki-database-1 mariadb -e 'DROP DATABASE wiki'"))
    assert read(volunteer, PAGE) == ("", "")
    # With its tables gone the wiki cannot be saved first: nothing is replaced unless one says so.
    refused = volunteer.natm("restore", "mediawiki", "copyparty", "--yes", "--json")
    assert refused.json["error"]["code"] == "restore.not-saved"
    said = volunteer.natm("restore", "mediawiki", "copyparty", "--no-backup", "--yes", "--json")
    assert said.code == 0, said.out + said.err
    result = said.json["result"]
    assert result["run"] == before["run"]
    assert {p["id"]: p["differs"] for p in result["platforms"]} == {
        "copyparty": [], "mediawiki": []}
    assert {p["outcome"] for p in result["verified"]["proofs"]} <= {"passed", "not-run"}
    assert read(volunteer, PAGE) == (WORDS, WORDS)


def test_a_restore_killed_half_way_loses_nothing(volunteer: Volunteer) -> None:
    killed = volunteer.start("restore", "copyparty", "--yes")
    mark = "test -e /srv/natm/backup/restoring && echo going || true"
    while not volunteer.on_server("sh", "-c", mark).strip():
        assert killed.poll() is None, killed.communicate()
    volunteer.on_server("sh", "-c", "kill -9 $(pgrep -f 'natm_backup[ ]restore')")
    killed.communicate(timeout=120)
    said = volunteer.natm("deploy", "--full", "--yes", "--no-verify", "--json")
    assert said.json["error"]["code"] == "restore.undone", said.out
    # The destroyed state could not be saved whole, and health tells of it until a backup is.
    # What was held still for that is well again when it ends.
    assert volunteer.natm("backup").code == 0
    health = volunteer.natm("health")
    assert health.code == 0, health.out
    assert read(volunteer, PAGE) == (WORDS, WORDS)
    assert not volunteer.on_server("sh", "-c", mark).strip()


def test_a_lost_server_comes_back_from_workspace_key_and_copy(volunteer: Volunteer) -> None:
    authority = volunteer.on_server("cat", "/srv/natm/public/ca.crt")
    assert volunteer.natm("backup").code == 0
    assert volunteer.natm("remove", "--purge", "--yes").code == 0
    assert volunteer.on_server("sh", "-c", "ls /srv/natm 2>/dev/null || true").strip() == ""
    bare = volunteer.natm("restore", "--yes", "--json")
    assert bare.json["error"]["code"] == "restore.bare"
    load(volunteer)
    said = volunteer.natm("restore", "--from", "disk", "--yes", "--json")
    assert said.code == 0, said.out + said.err
    result = said.json["result"]
    assert {p["id"] for p in result["platforms"]} == set(ALL)
    assert all(p["differs"] == [] for p in result["platforms"])
    assert {p["outcome"] for p in result["verified"]["proofs"]} <= {"passed", "not-run"}
    assert read(volunteer, PAGE) == (WORDS, WORDS)
    # Members' devices go on trusting the same authority, and the same people are there.
    assert volunteer.on_server("cat", "/srv/natm/public/ca.crt") == authority
    listed = volunteer.natm("members", "list", "--json").json["result"]["members"]
    assert [m["name"] for m in listed] == ["amina"]
    assert volunteer.natm("members", "reset", "amina").code == 0


def plain(volunteer: Volunteer, script: str, *words: str) -> str:
    """What one of the ejected scripts says, run on the server as its README says."""
    return volunteer.on_server("sh", f"{PLAIN}/{script}.sh", *words)


def test_the_stack_goes_on_without_natm(volunteer: Volunteer, tmp_path: Path) -> None:
    made = tmp_path / "plain"
    assert volunteer.natm("eject", str(made), "--yes").code == 0
    packed = subprocess.run(["tar", "-C", str(made), "-cz", "."], capture_output=True, check=True)
    volunteer.on_server("mkdir", "-m", "700", PLAIN)
    volunteer.server.exec(["sh", "-c", f"base64 -d | tar -C {PLAIN} -xz"],
                          data=base64.b64encode(packed.stdout).decode())
    for script in ("place", "images", "start", "leave-natm"):
        plain(volunteer, script)
    assert sorted(volunteer.on_server("ls", "/srv/natm").split()) == [
        "audit.log", "backup", "closed", "data", "plain", "public"]
    assert volunteer.on_server("ls", "/srv/natm/backup").split() == ["repository"]
    assert "natm-backup" not in volunteer.on_server("systemctl", "list-unit-files")
    running = volunteer.on_server("docker", "ps", "--quiet").split()
    sources = volunteer.on_server(
        "docker", "inspect", "--format", "{{range .Mounts}}{{println .Source}}{{end}}", *running)
    assert "/srv/natm/plain/" in sources
    assert "/srv/natm/bundle/" not in sources
    write(volunteer, "Without natm", WORDS)
    plain(volunteer, "backup")
    volunteer.on_server("sh", "-c", (
        "rm -r /srv/natm/data/copyparty/files/shared/*;"
        "docker exec natm-mediawiki-database-1 mariadb -e 'DROP DATABASE wiki'"))
    assert read(volunteer, "Without natm") == ("", "")
    for id_ in ("copyparty", "mediawiki"):
        plain(volunteer, "restore", id_)
    assert read(volunteer, "Without natm") == (WORDS, WORDS)
    # What natm itself saved can be restored by them too, from any of the repositories.
    listed = json.loads(volunteer.on_server(
        "restic", "--no-cache", "--repo", DISK, "--password-file", f"{PLAIN}/backup/key",
        "snapshots", "--json"))
    natms = [one["short_id"] for one in listed if "kind=whole" in one["tags"]]
    plain(volunteer, "restore", "copyparty", natms[-1], "disk")
    assert read(volunteer, PAGE)[1] == WORDS
    assert read(volunteer, "Without natm")[1] == ""
    assert "paused" not in volunteer.on_server("docker", "ps", "--format", "{{.State}}")
    assert volunteer.on_server("ls", "-A", "/srv/natm/data/.plain", check=False) == ""


def test_the_server_is_left_bare(volunteer: Volunteer) -> None:
    assert volunteer.natm("remove", "--purge", "--yes").code == 0
    timers = volunteer.on_server("systemctl", "list-unit-files", "natm-backup*", check=False)
    assert "natm-backup" not in timers
    volunteer.on_server("rm", "-r", "/mnt/disk")
