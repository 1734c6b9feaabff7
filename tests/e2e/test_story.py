# SPDX-License-Identifier: AGPL-3.0-or-later
"""A community's first weeks, in order, on one real server: each test goes on from the last."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from natm_stack.load import load_stack
from natm_stack.model.secret import Secrets
from natm_stack.testing.images import ensure
from natm_stack.testing.outside import browsers_outside
from natm_stack.testing.standin import make_catalog
from natm_stack.testing.volunteer import Volunteer

from .drive import drive

MORE = ("prosody", "janus", "mediawiki")
ALL = ("copyparty", *MORE)


def test_the_doctor_finds_a_bare_server_ready(volunteer: Volunteer) -> None:
    said = volunteer.natm("doctor", "--json")
    states = {p["name"]: p["state"] for p in said.json["result"]["probes"]}
    assert said.code == 0, said.err
    assert states["connection"] == "ok"
    assert states["commons.test"] == "warning"  # nobody made a DNS record for it


def test_the_plan_tells_all_and_changes_nothing(volunteer: Volunteer) -> None:
    said = volunteer.natm("plan", "--json")
    plan = said.json["result"]
    assert said.code == 5, said.err
    assert {p["id"]: p["action"] for p in plan["platforms"]} == {
        "edge": "create", "portal": "create", "copyparty": "create", "verifier": "create"}
    assert any("Docker" in change for change in plan["host"]["changes"])
    assert volunteer.on_server("sh", "-c", "ls /srv; which docker || true").strip() == ""


def test_a_deploy_without_a_yes_is_refused(volunteer: Volunteer) -> None:
    said = volunteer.natm("deploy", "--json")
    assert said.code == 2
    assert said.json["error"]["code"] == "usage.no-terminal"


def test_a_bare_server_becomes_a_proven_stack(volunteer: Volunteer) -> None:
    said = volunteer.natm("deploy", "--yes", "--json")
    assert said.code == 0, said.out + said.err
    outcomes = {(p["platform"], p["outcome"]) for p in said.json["result"]["verified"]["proofs"]}
    # What needs a browser was not asked for, and is not called passed.
    assert outcomes == {(id_, outcome) for id_ in ("portal", "copyparty")
                        for outcome in ("passed", "not-run")} | {("edge", "passed")}


def test_more_platforms_are_picked_and_proven_in_a_browser(volunteer: Volunteer) -> None:
    assert volunteer.natm("pick", *MORE).code == 0
    volunteer.server.load_images(ensure(volunteer.workspace, [*MORE, "verifier"]))
    said = volunteer.natm("deploy", "--yes", "--browser", "--json")
    assert said.code == 0, said.out + said.err
    proofs = said.json["result"]["verified"]["proofs"]
    assert {p["outcome"] for p in proofs} == {"passed"}, proofs
    assert {p["platform"] for p in proofs} >= {"edge", "portal", *ALL}


def test_a_second_deploy_changes_nothing(volunteer: Volunteer) -> None:
    before = volunteer.on_server("cat", "/srv/natm/audit.log")
    said = volunteer.natm("deploy", "--json")
    assert said.code == 0, said.err
    assert said.json["result"]["applied"] is None
    assert volunteer.natm("plan").code == 0
    assert volunteer.on_server("cat", "/srv/natm/audit.log") == before


def test_full_converges_everything_and_changes_nothing(volunteer: Volunteer) -> None:
    said = volunteer.natm("deploy", "--full", "--yes", "--no-verify", "--json")
    assert said.code == 0, said.err
    changed = [p["id"] for p in said.json["result"]["applied"]["platforms"] if p["changed"]]
    # The receipt says when it was last looked through; nothing else may change.
    started = volunteer.on_server(
        "docker", "ps", "--format", "{{.Names}} {{.RunningFor}}", "--filter", "name=natm-")
    assert started
    assert set(changed) <= {p["id"] for p in said.json["result"]["plan"]["platforms"]}


def test_the_bundle_applies_by_hand_without_natm(
    volunteer: Volunteer, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    subprocess.run([tmp_path / "venv/bin/pip", "install", "-q", "ansible-core>=2.19,<2.20"],
                   check=True, capture_output=True)
    become = tmp_path / "become"
    become.touch(mode=0o600)
    become.write_text(volunteer.server.sudo_password)
    done = subprocess.run(
        [tmp_path / "venv/bin/ansible-playbook", "--vault-password-file",
         volunteer.env["NATM_VAULT_KEY_FILE"], "--become-password-file", become, "site.yml"],
        cwd=volunteer.folder / "bundle", capture_output=True, text=True, timeout=900,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8",
             "ANSIBLE_SSH_ARGS": f"-F {volunteer.env['NATM_SSH_CONFIG']}"}, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    recap = re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=0",
                       done.stdout, re.MULTILINE)
    assert {host for host, _changed in recap} >= {"server", "edge", *ALL}


def test_health_names_what_is_unwell_and_deploy_puts_it_right(volunteer: Volunteer) -> None:
    well = volunteer.natm("health", "--json")
    assert well.code == 0, well.out
    volunteer.on_server("docker", "stop", "natm-copyparty-web-1")
    said = volunteer.natm("health", "--json")
    failed = {p["platform"] for p in said.json["result"]["probes"] if p["state"] == "failed"}
    assert said.code == 4
    assert failed == {"copyparty"}
    plan = volunteer.natm("plan", "--json").json["result"]
    assert [p["id"] for p in plan["platforms"] if p["action"] != "none"] == ["copyparty"]
    assert volunteer.natm("deploy", "--yes", "--no-verify").code == 0
    assert volunteer.natm("health").code == 0


def test_a_member_has_one_name_on_all_platforms(volunteer: Volunteer) -> None:
    said = volunteer.natm("members", "add", "amina", "--display-name", "Amina D.", "--json")
    assert said.code == 0, said.out + said.err
    assert set(said.json["result"]["done"]) == set(ALL)
    assert len(said.json["result"]["first_password"]) > 20
    listed = volunteer.natm("members", "list", "--json").json["result"]["members"]
    assert [(m["name"], m["display_name"], set(m["platforms"])) for m in listed] == [
        ("amina", "Amina D.", set(ALL))]
    again = volunteer.natm("members", "add", "amina", "--json")
    assert again.code == 1
    assert again.json["error"]["code"] == "members.exists"
    assert volunteer.natm("members", "reset", "amina").code == 0
    assert volunteer.natm("members", "remove", "amina", "--yes").code == 0
    locked = volunteer.natm("members", "list", "--json").json["result"]["members"]
    assert all(not m["platforms"] for m in locked if m["name"] == "amina")
    unknown = volunteer.natm("members", "reset", "nobody-here", "--json")
    assert unknown.json["error"]["code"] == "members.unknown"


def test_one_platform_that_fails_stops_no_other(volunteer: Volunteer, tmp_path: Path) -> None:
    sound, broken = make_catalog(tmp_path, 2)
    recipe = tmp_path / "platforms" / broken / "image" / "Dockerfile"
    recipe.write_text("ARG BASE\nFROM ${BASE}\nRUN echo the recipe gives up here >&2; exit 7\n")
    layer = ("--catalog", str(tmp_path))
    assert volunteer.natm(*layer, "pick", sound, broken).code == 0
    said = volunteer.natm(*layer, "deploy", "--yes", "--no-verify", "--json")
    assert said.code == 1
    assert said.json["error"]["message"] == broken
    outcomes = {p["id"]: p for p in said.json["result"]["applied"]["platforms"]}
    assert outcomes[sound]["state"] == outcomes["edge"]["state"] == "done"
    assert outcomes[broken]["state"] == "failed"
    assert any("gives up here" in line
               for line in (outcomes[broken]["message"], *outcomes[broken]["log"]))
    assert volunteer.natm(*layer, "drop", sound, broken).code == 0
    assert volunteer.natm("deploy", "--yes", "--no-verify").code == 0
    assert volunteer.natm("health").code == 0


def test_what_a_community_changes_by_hand_comes_and_goes(volunteer: Volunteer) -> None:
    own = volunteer.folder / "overrides" / "portal" / "compose.yml"
    own.parent.mkdir(parents=True)
    own.write_text("services: {web: {labels: {org.example.note: slow server}}}\n")
    words = ("docker", "inspect", "--format", '{{index .Config.Labels "org.example.note"}}',
             "natm-portal-web-1")
    assert volunteer.natm("deploy", "--yes", "--no-verify").code == 0
    assert volunteer.on_server(*words).strip() == "slow server"
    own.unlink()
    own.parent.rmdir()
    assert volunteer.natm("deploy", "--yes", "--no-verify").code == 0
    assert volunteer.on_server(*words).strip() == ""


def test_two_deploys_at_once_end_with_one_refused_by_name(volunteer: Volunteer) -> None:
    first = volunteer.start("deploy", "--full", "--yes", "--no-verify")
    try:
        _wait_for_lock(volunteer)
        said = volunteer.natm("deploy", "--full", "--yes", "--no-verify", "--json")
        assert said.code == 1
        assert said.json["error"]["code"] == "server.locked"
        assert "deploy" in said.json["error"]["message"]
    finally:
        _out, err = first.communicate(timeout=600)
    assert first.returncode == 0, err


def test_a_deploy_killed_half_way_is_taken_up_by_the_next(volunteer: Volunteer) -> None:
    setting = "platforms:\n  copyparty:\n    settings: {"
    stack = volunteer.folder / "stack.yml"
    text = stack.read_text()
    stack.write_text(text.replace("title: \"Riverside\"", "title: \"River side\""))
    assert setting not in text
    killed = volunteer.start("deploy", "--yes", "--no-verify")
    _wait_for_lock(volunteer)
    time.sleep(8)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    _wait_until_free(volunteer)
    said = volunteer.natm("deploy", "--yes", "--json")
    assert said.code == 0, said.out + said.err
    assert any("broke off" in note for note in said.json["result"]["notes"])
    assert volunteer.natm("plan").code == 0


def test_everything_comes_back_after_the_engine_restarts(volunteer: Volunteer) -> None:
    volunteer.server.restart_engine()
    deadline = time.monotonic() + 240
    while (said := volunteer.natm("health", "--json")).code != 0:
        assert time.monotonic() < deadline, said.out
        time.sleep(3)


def test_a_meeting_seen_from_outside_survives_a_restart(
    volunteer: Volunteer, tmp_path: Path
) -> None:
    added = volunteer.natm("members", "add", "stella", "--steward", "--json")
    assert added.code == 0, added.out + added.err
    program = Path(__file__).with_name("meeting.py")
    with browsers_outside(volunteer, program, tmp_path, seconds=400) as meeting:
        meeting.tell({
            "domain": "commons.test", "address": volunteer.server.host, "ca_file": "/natm/ca.crt",
            "name": "stella", "password": added.json["result"]["first_password"]})
        assert meeting.hear() == {"event": "met", "relayed": ["tls"]}
        volunteer.on_server("docker", "restart", "--time=2", "natm-janus-janus-1")
        meeting.tell("restarted")
        assert meeting.hear() == {"event": "back"}
        assert meeting.hear() == {"event": "four"}
    assert volunteer.natm("members", "remove", "stella", "--yes").code == 0


def test_the_stack_moves_to_one_account_and_nothing_is_lost(volunteer: Volunteer) -> None:
    """Who had an account on each platform has one for all, and what they made is theirs still."""
    added = volunteer.natm("members", "add", "noor", "--display-name", "Noor H.", "--json")
    assert added.code == 0, added.out + added.err
    first = added.json["result"]["first_password"]
    assert drive(volunteer, "noor", first, "PUT", "written before") == "201"
    assert volunteer.natm("pick", "identity").code == 0
    volunteer.server.load_images(ensure(volunteer.workspace, ["identity", "verifier", "edge"]))
    said = volunteer.natm("deploy", "--yes", "--no-verify", "--json")
    assert said.code == 0, said.out + said.err
    assert drive(volunteer, "noor", first, "GET") == "401"
    adopted = volunteer.natm("members", "adopt", "--yes", "--json")
    assert adopted.code == 0, adopted.out + adopted.err
    result = adopted.json["result"]
    assert (result["adopted"], result["locked"], result["foreign"]) == (
        ["noor"], ["amina", "stella"], [])
    assert drive(volunteer, "noor", result["people"]["first_passwords"]["noor"], "GET") == "200"
    listed = volunteer.natm("members", "list", "--json").json["result"]["members"]
    assert {(m["name"], m["display_name"]) for m in listed} >= {("noor", "Noor H.")}
    again = volunteer.natm("members", "adopt", "--yes", "--json")
    assert again.json["result"]["adopted"] == []


def test_one_account_opens_everything_proven_in_a_browser(volunteer: Volunteer) -> None:
    said = volunteer.natm("verify", "--browser", "--json")
    proofs = said.json["result"]["proofs"]
    assert said.code == 0, [p for p in proofs if p["outcome"] == "failed"]
    assert {p["outcome"] for p in proofs} == {"passed"}, proofs
    assert {p["platform"] for p in proofs} >= {"edge", "portal", "identity", *ALL}
    assert volunteer.natm("health").code == 0


def test_who_is_removed_is_out_everywhere_within_a_minute(volunteer: Volunteer) -> None:
    password = volunteer.natm("members", "reset", "noor", "--json").json["result"]["first_password"]
    assert drive(volunteer, "noor", password, "GET") == "200"
    said = volunteer.natm("members", "remove", "noor", "--yes", "--json")
    assert said.code == 0, said.out + said.err
    assert set(said.json["result"]["done"]) == {"identity", *ALL}
    deadline = time.monotonic() + 60
    while drive(volunteer, "noor", password, "GET") != "401":
        assert time.monotonic() < deadline, "the gate still lets them in after a minute"
        time.sleep(2)


def test_no_secret_can_be_seen_anywhere(volunteer: Volunteer) -> None:
    secrets: Secrets = volunteer.workspace.secrets
    values = [s.reveal() for own in secrets.values.values() for s in own.values()]
    values += [secrets.vault_key.reveal(), volunteer.server.sudo_password]
    assert len(values) > 4
    seen = volunteer.on_server("sh", "-c", (
        "docker inspect $(docker ps --all --quiet); ps axwwe; cat /srv/natm/audit.log;"
        "cat /srv/natm/receipts/*.json /srv/natm/records/*; cat /srv/natm/public/*;"
        "cat /srv/natm/bundle/platforms/*/compose.yml;"
        "for one in $(docker image ls --quiet); do docker history --no-trunc $one; done;"
        "for one in $(docker ps --quiet); do docker logs $one 2>&1; done;"
        "journalctl --no-pager 2>/dev/null"))
    plain = "".join(
        path.read_text(errors="replace") for path in volunteer.folder.rglob("*") if path.is_file())
    said = volunteer.natm("deploy", "--full", "--yes", "--no-verify")
    for value in values:
        assert value not in seen
        assert value not in plain
        assert value not in said.out + said.err


def test_a_dropped_platform_goes_and_its_data_stay(volunteer: Volunteer) -> None:
    assert volunteer.natm("drop", "copyparty").code == 0
    assert volunteer.natm("deploy", "--yes", "--no-verify").code == 0
    names = volunteer.on_server("docker", "ps", "--all", "--format", "{{.Names}}")
    assert "natm-copyparty" not in names
    assert volunteer.on_server("ls", "/srv/natm/data/copyparty/files")
    assert volunteer.natm("pick", "copyparty").code == 0
    said = volunteer.natm("deploy", "--yes", "--json")
    assert said.code == 0, said.out + said.err


def test_another_steward_fetches_the_workspace_and_finds_nothing_to_change(
    volunteer: Volunteer, tmp_path: Path
) -> None:
    other = Volunteer(tmp_path / "again", volunteer.env, volunteer.server)
    host = load_stack(volunteer.folder / "stack.yml").stack.server.host
    said = other.natm("init", "--from", host)
    assert said.code == 0, said.err
    assert other.natm("plan").code == 0


def test_an_old_checkout_is_refused(volunteer: Volunteer, tmp_path: Path) -> None:
    other = Volunteer(tmp_path / "old", {**volunteer.env, "NATM_VAULT_KEY_FILE":
                                         str(tmp_path / "key")}, volunteer.server)
    other.folder.mkdir()
    (other.folder / "stack.yml").write_text((volunteer.folder / "stack.yml").read_text())
    said = other.natm("plan", "--json")
    assert said.json["error"]["code"] == "secrets.differ"


@pytest.mark.parametrize(("change", "code"), [
    ({"NATM_SSH_CONFIG": "wrong-key"}, "server.wrong-key"),
    ({"NATM_SSH_CONFIG": "wrong-host-key"}, "server.host-key"),
    ({"NATM_SUDO_PASSWORD_FILE": "wrong-password"}, "server.wrong-password"),
])
def test_a_closed_door_is_named(
    volunteer: Volunteer, tmp_path: Path, change: dict[str, str], code: str
) -> None:
    (kind,) = change.values()
    file = tmp_path / "file"
    config = Path(volunteer.env["NATM_SSH_CONFIG"]).read_text()
    if kind == "wrong-key":
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "id"],
                       check=True)
        file.write_text(config.replace(str(volunteer.server.key), str(tmp_path / "id")))
    elif kind == "wrong-host-key":
        hosts = tmp_path / "hosts"
        hosts.write_text("")
        file.write_text(config.replace(str(volunteer.server.running.known_hosts), str(hosts)))
    else:
        file.write_text("not the password")
    runtime = tmp_path / "run"  # no connection of an earlier command is shared
    runtime.mkdir(mode=0o700)
    said = volunteer.natm("plan", "--json", env={
        next(iter(change)): str(file), "XDG_RUNTIME_DIR": str(runtime)})
    assert said.code == 1
    assert said.json["error"]["code"] == code


def test_the_stack_is_taken_away_and_what_people_wrote_stays(volunteer: Volunteer) -> None:
    assert volunteer.natm("remove", "--yes").code == 0
    assert volunteer.on_server("docker", "ps", "--all", "--quiet").strip() == ""
    assert "natm" not in volunteer.on_server("docker", "network", "ls", "--format", "{{.Name}}")
    assert volunteer.on_server("ls", "/srv/natm/data/mediawiki")


def test_a_purge_leaves_nothing(volunteer: Volunteer) -> None:
    assert volunteer.natm("remove", "--purge", "--yes").code == 0
    assert volunteer.on_server("sh", "-c", "ls /srv/natm 2>/dev/null || true").strip() == ""
    images = volunteer.on_server("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}")
    ours = {image.tag for i in volunteer.workspace.deployment.instances for image in i.images}
    assert not ours & set(images.split())


def _wait_for_lock(volunteer: Volunteer) -> None:
    """Wait until a run holds the lock; looking at the lock itself would take it for a moment."""
    deadline = time.monotonic() + 120
    while not volunteer.on_server("sh", "-c", "cat /srv/natm/lock/owner.json 2>/dev/null || true"):
        assert time.monotonic() < deadline, "no deploy took the lock"
        time.sleep(0.2)


def _wait_until_free(volunteer: Volunteer) -> None:
    """Wait until the server has noticed that a run broke off."""
    deadline = time.monotonic() + 180
    while "broken off" not in volunteer.on_server("tail", "-n", "1", "/srv/natm/audit.log"):
        assert time.monotonic() < deadline, "the lock of a dead run is still held"
        time.sleep(0.5)

