# SPDX-License-Identifier: AGPL-3.0-or-later
"""The small programs that run on the server, run here for real on a folder of their own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from natm_stack.paths import package_folder

FOLDER = package_folder("server_side")
Script = Callable[..., Any]
Words = Callable[[str], list[str]]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The only folder in which programs are found; empty, so there is no engine."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def script(programs: Path, words: Words) -> Script:
    """Run one to the end, and give what it printed."""

    def run(name: str, asked: dict[str, Any]) -> Any:
        done = subprocess.run(words(name), input=json.dumps(asked) + "\n", text=True, timeout=20,
                              capture_output=True, env={"PATH": str(programs)}, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda f: f.name)
def test_a_small_program_is_plain_ascii_and_needs_nothing(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.isascii(), "the server's locale may know no other letters"
    assert "natm_stack" not in text


# --- records

@pytest.fixture
def record(script: Script, root: Path) -> Script:
    """Do something with a record."""

    def act(action: str, name: str = "a.json", folder: str = "records", value: Any = None) -> Any:
        return script("record", {"root": str(root), "folder": folder, "action": action,
                                 "name": name, "value": value})["value"]

    return act


def test_a_record_is_kept_read_and_dropped(record: Script, root: Path) -> None:
    assert record("read") is None
    record("write", value={"a": "é😀"})
    assert record("read") == {"a": "é😀"}
    record("drop")
    record("drop")
    assert record("read") is None
    assert list((root / "records").iterdir()) == []


@pytest.mark.parametrize(("folder", "mode"), [("records", 0o600), ("public", 0o644)])
def test_only_what_is_public_can_be_read_by_others(
    record: Script, root: Path, folder: str, mode: int
) -> None:
    record("write", folder=folder, value=1)
    assert (root / folder / "a.json").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize(("name", "folder"), [
    ("../a.json", "records"), ("/etc/passwd", "records"), ("a/b", "records"), ("", "records"),
    (".hidden", "records"), ("a.json\n", "records"), ("a.json", "data"), ("a.json", "../x"),
])
@pytest.mark.parametrize("action", ["read", "write", "drop"])
def test_no_name_leads_elsewhere(
    root: Path, words: Words, name: str, folder: str, action: str
) -> None:
    asked = {"root": str(root), "folder": folder, "action": action, "name": name, "value": 1}
    done = subprocess.run(words("record"), input=json.dumps(asked) + "\n", text=True,
                          capture_output=True, timeout=20, check=False)
    assert done.returncode == 1
    assert not root.exists()


def test_a_link_laid_out_in_the_public_folder_is_not_followed(
    record: Script, root: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text('"mine"', encoding="utf-8")
    (root / "public").mkdir(parents=True)
    for name in ("a.json", "a.json.new"):
        (root / "public" / name).symlink_to(victim)
    record("write", folder="public", value="new")
    assert victim.read_text(encoding="utf-8") == '"mine"'
    assert not (root / "public" / "a.json").is_symlink()


@pytest.mark.parametrize("lay_out", [
    lambda place, victim: place.symlink_to(victim), lambda place, _victim: os.mkfifo(place),
    lambda place, _victim: place.mkdir(), lambda place, _victim: place.write_bytes(b"rubbish"),
    lambda place, _victim: place.write_bytes(b"\xff"),
])
def test_what_was_laid_out_in_the_public_folder_is_not_read_either(
    record: Script, root: Path, tmp_path: Path, lay_out: Callable[[Path, Path], object]
) -> None:
    victim = tmp_path / "victim"
    victim.write_text('"mine"', encoding="utf-8")
    (root / "public").mkdir(parents=True)
    lay_out(root / "public" / "a.json", victim)
    assert record("read", folder="public") is None


# --- the look

def look(script: Script, root: Path, **asked: Any) -> Any:
    """One look at this machine."""
    return script("look", {"root": str(root), "prefix": "natm-", "images": ["a:1"], "ports": [],
                           "names": [], **asked})


def test_a_machine_without_an_engine_and_without_natm(script: Script, root: Path) -> None:
    seen = look(script, root)
    assert seen["engine"] == {"installed": False, "version": None, "compose": None}
    assert (seen["receipts"], seen["containers"], seen["images"]) == ({}, [], {"a:1": None})
    assert seen["memory"]["total"] >= seen["memory"]["available"] > 0
    assert seen["disk"] > 0
    assert not root.exists()


def test_receipts_are_read_and_a_damaged_one_is_told(script: Script, root: Path) -> None:
    (root / "receipts").mkdir(parents=True)
    (root / "receipts" / "portal.json").write_text('{"version": "1"}', encoding="utf-8")
    (root / "receipts" / "edge.json").write_text('{"vers', encoding="utf-8")
    (root / "receipts" / "edge.json.new").write_text("x", encoding="utf-8")
    assert look(script, root)["receipts"] == {
        "portal": {"version": "1"}, "edge": {"unreadable": True}}


@pytest.mark.parametrize(("kind", "protocol"), [
    (socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp")])
def test_a_port_that_a_program_has_is_seen(
    script: Script, root: Path, kind: socket.SocketKind, protocol: str
) -> None:
    with socket.socket(socket.AF_INET, kind) as other, socket.socket(socket.AF_INET, kind) as gone:
        for one in (other, gone):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", 0))
            if protocol == "tcp":
                one.listen()
        busy, free = other.getsockname()[1], gone.getsockname()[1]
        gone.close()
        ports = [[protocol, where, port] for port in (busy, free)
                 for where in ("127.0.0.1", "0.0.0.0")]
        assert look(script, root, ports=ports)["taken"] == [[protocol, busy]] * 2


def test_an_engine_is_asked_once_for_each_thing(
    script: Script, root: Path, programs: Path
) -> None:
    container = {
        "Name": "/natm-portal-web-1", "Image": "sha256:2", "RestartCount": 1,
        "State": {"Status": "running", "Health": {"Status": "healthy"}, "ExitCode": 0},
        "Config": {"Image": "a:1", "Labels": {"com.docker.compose.project": "natm-portal",
                                              "com.docker.compose.service": "web"}}}
    other = {**container, "Config": {"Image": "b", "Labels": {
        "com.docker.compose.project": "someone-elses"}}}
    engine(programs, {
        "version": "27.3.1", "compose version": "v2.26.1", "ps": "1\n2", "network ls": "n1",
        "network inspect": json.dumps([
            {"Name": "natm-x", "IPAM": {"Config": [{"Subnet": "172.28.0.0/28"}]}},
            {"Name": "host", "IPAM": {"Config": None}}]),
        "inspect": json.dumps([container, other]), "image": "a:1 sha256:2\n<none>:<none> sha256:3"})
    seen = look(script, root)
    assert seen["engine"] == {"installed": True, "version": "27.3.1", "compose": "2.26.1"}
    assert [c["name"] for c in seen["containers"]] == ["natm-portal-web-1"]
    assert seen["containers"][0]["health"] == "healthy"
    assert (seen["images"], seen["networks"]) == (
        {"a:1": "sha256:2"}, {"natm-x": ["172.28.0.0/28"], "host": []})


def test_a_container_that_vanishes_meanwhile_hides_no_other(
    script: Script, root: Path, programs: Path
) -> None:
    container = {
        "Name": "/natm-portal-web-1", "Image": "sha256:2", "State": {"Status": "running"},
        "Config": {"Image": "a:1", "Labels": {"com.docker.compose.project": "natm-portal"}}}
    engine(programs, {"version": "27.3.1", "ps": "1\n2", "inspect": json.dumps([container])},
           complains=("inspect",))
    assert [c["name"] for c in look(script, root)["containers"]] == ["natm-portal-web-1"]


def engine(
    programs: Path, answers: dict[str, str], complains: tuple[str, ...] = ()
) -> None:
    """A stand-in for docker: it says these things to words that begin so."""
    cases = "".join(
        f'  "{words}"*) printf "%s\\n" \'{said}\'; exit {int(words in complains)} ;;\n'
        for words, said in answers.items())
    file = programs / "docker"
    file.write_text(f'#!/bin/sh\ncase "$*" in\n{cases}  *) exit 1 ;;\nesac\n', encoding="utf-8")
    file.chmod(0o755)


# --- member programs

def test_passwords_reach_member_programs_by_standard_input_alone(
    script: Script, programs: Path, tmp_path: Path
) -> None:
    (programs / "cat").symlink_to("/bin/cat")
    (programs / "docker").write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/words\ncat >> {tmp_path}/input\n'
        'echo noise; echo \'{"ok": true}\'\n', encoding="utf-8")
    (programs / "docker").chmod(0o755)
    asked = {"container": "c", "command": ["m"], "action": "create", "data": {"password": "pw12"}}
    assert script("members", {"chains": {"chat": [asked, asked], "docs": [asked]}}) == {
        "chat": [{"ok": True}] * 2, "docs": [{"ok": True}]}
    assert (tmp_path / "input").read_text(encoding="utf-8").count("pw12") == 3
    assert set((tmp_path / "words").read_text(encoding="utf-8").splitlines()) == {
        "exec --interactive c m create"}


@pytest.mark.parametrize("answers", [{}, {"exec": "rubbish"}])
def test_a_member_program_that_does_not_answer_fails_alone(
    script: Script, programs: Path, answers: dict[str, str]
) -> None:
    engine(programs, answers)
    asked = {"container": "c", "command": ["m"], "action": "list", "data": {}}
    (answer,) = script("members", {"chains": {"chat": [asked]}})["chat"]
    assert (answer["ok"], answer["code"]) == (False, "no-answer")


# --- the probe

def probes(script: Script, root: Path, **asked: Any) -> dict[str, dict[str, Any]]:
    """One pass over everything, by name."""
    root.mkdir(exist_ok=True)
    answer = script("probe", {"root": str(root), "ca_file": str(root / "ca"), "containers": [],
                              "address": "127.0.0.1", "port": 1, "routes": [], "ports": [],
                              **asked})
    return {f"{p['platform']} {p['name']}": p for p in answer["probes"]}


def test_without_an_engine_the_probe_says_so_and_looks_at_the_rest(
    script: Script, root: Path
) -> None:
    found = probes(script, root, containers=[
        {"platform": "portal", "project": "p", "service": "web", "image": "a:1",
         "one_shot": False, "of": "portal", "waits": False}], routes=[
        {"platform": "portal", "host": "h", "path": "/", "status": 200, "contains": None}])
    assert found["portal container web"]["state"] == "failed"
    assert found["portal route h"]["state"] == "failed"
    assert found["server proofs"]["state"] == "warning"
    assert {"server disk", "server memory"} <= set(found)


@pytest.mark.parametrize(("days", "passed", "state"), [
    (0, True, "ok"), (30, True, "ok"), (40, True, "warning"), (0, False, "warning")])
def test_proofs_grow_old(
    script: Script, root: Path, days: int, passed: bool, state: str
) -> None:
    (root / "public").mkdir(parents=True)
    at = (datetime.now(UTC) - timedelta(days=days, hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    (root / "public" / "verify.json").write_text(
        json.dumps({"at": at, "platforms": {"chat": {"ok": passed}}}), encoding="utf-8")
    assert probes(script, root)["server proofs"]["state"] == state


def test_leftovers_of_proofs_are_told(script: Script, root: Path) -> None:
    (root / "records").mkdir(parents=True)
    (root / "records" / "proof-members.json").write_text("{}", encoding="utf-8")
    assert probes(script, root)["server throwaway members"]["state"] == "warning"


def running(**state: Any) -> dict[str, Any]:
    """A container as the engine tells of it, at this machine's own address."""
    return {
        "State": {"Status": "running", **state}, "Image": "sha256:1",
        "NetworkSettings": {"Networks": {
            "net": {"IPAddress": "127.0.0.1"}, "none": {"IPAddress": ""}}},
        "Config": {"Image": "a:1", "Labels": {"com.docker.compose.project": "p",
                                              "com.docker.compose.service": "web"}}}


@pytest.mark.parametrize(("code", "state"), [(0, "ok"), (1, "failed")])
def test_a_job_that_ended_is_well_if_it_ended_well(
    script: Script, root: Path, programs: Path, code: int, state: str
) -> None:
    engine(programs, {"ps": "1", "image": "a:1 sha256:1", "inspect": json.dumps(
        [running(Status="exited", ExitCode=code)])})
    job = {"platform": "wiki", "project": "p", "service": "web", "image": "a:1", "one_shot": True,
           "of": "wiki", "waits": False}
    assert probes(script, root, containers=[job])["wiki container web"]["state"] == state


def test_a_port_with_nobody_behind_it_is_found(script: Script, root: Path, programs: Path) -> None:
    engine(programs, {"ps": "1", "image": "a:1 sha256:1", "inspect": json.dumps([running()])})
    with socket.create_server(("127.0.0.1", 0)) as helper, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port, dead = helper.getsockname()[1], nobody.getsockname()[1]
        asked = [{"platform": "chat", "project": "p", "service": "web", "address": "127.0.0.1",
                  "port": port, "container": behind} for behind in (port, dead)]
        for one, state in zip(asked, ("ok", "failed"), strict=True):
            assert probes(script, root, ports=[one])[f"chat port {port}/tcp"]["state"] == state


DOCKER = """#!/bin/sh
case "$*" in
  *"image inspect"*) case "$*" in *gone*) exit 1 ;; *) echo sha256:base ;; esac ;;
  *" update"*) case "$*" in *gone*) echo "no such image" >&2; exit 1 ;; esac ;;
  *dist-upgrade*)
    echo "NOTE: This is only a simulation!"
    echo "Inst libc6 [2.41-12] (2.41-13 Debian-Security:13/stable-security [amd64])"
    echo "Conf libc6 (2.41-13 Debian-Security:13/stable-security [amd64])"
    echo "Inst new-one (1.0 Debian:13.2/stable [all])" ;;
  *dpkg-query*old*) printf 'libc6 2.41-12\\nsame 1\\nleft 2\\n' ;;
  *dpkg-query*) printf 'libc6 2.41-13\\nsame 1\\n' ;;
esac
"""


def test_newer_and_changed_packages_are_named(script: Script, programs: Path) -> None:
    (programs / "docker").write_text(DOCKER, encoding="utf-8")
    (programs / "docker").chmod(0o755)
    said = script("packages", {"newer": ["a:1", "b:1", "gone:1"], "compare": [["old:1", "new:1"]]})
    libc = [["libc6", "2.41-12", "2.41-13"], ["new-one", "", "1.0"]]
    assert said["newer"]["a:1"] == said["newer"]["b:1"] == {"packages": libc}
    assert said["newer"]["gone:1"] == {"packages": [], "why": "no such image"}
    assert said["compare"] == [{"packages": [
        ["left", "2", ""], ["libc6", "2.41-12", "2.41-13"]]}]
