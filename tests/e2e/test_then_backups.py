# SPDX-License-Identifier: AGPL-3.0-or-later
"""What people wrote is saved by the server itself and comes back, whatever happens to the server.

Runs after the story, on the same server, which is bare again by then.
"""

from __future__ import annotations

import pytest

from natm_stack.testing.images import ensure
from natm_stack.testing.server import ThrowawayServer
from natm_stack.testing.volunteer import Volunteer, new_volunteer

DISK = "/mnt/disk/kept"
ALL = ("edge", "portal", "copyparty", "mediawiki", "prosody", "verifier")
PAGE = "Minutes of the first meeting"
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
        volunteer.server.load_images(ensure(volunteer.workspace, ALL))
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
    everything = volunteer.on_server(
        "sh", "-c", "cat $(find /srv/natm -type f -size -1M) | strings -n 8")
    assert vault not in everything

