# SPDX-License-Identifier: AGPL-3.0-or-later
"""Upgrades on the server: wholly the new version, or wholly the one before, whatever happens."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import UID, Server, saved, temporary_server
from .test_backup_restoring import box_of, look

pytestmark = pytest.mark.engine
NEW = '"version": "1.1"'


@pytest.fixture
def server(repository: Path) -> Iterator[Server]:
    """A server with a newer version of the files' platform put ready beside the one in use."""
    with temporary_server(repository) as made:
        stage(made)
        yield made


def stage(server: Server) -> None:
    """What the role puts ready."""
    ready = server.root / "bundle" / "staged" / "files"
    ready.mkdir(parents=True)
    (ready / "compose.yml").write_text("name: new\n")
    (ready / "saved.json").write_text(json.dumps({
        **saved()["files"], "version": "1.1",
        "steps": [{"service": "web", "command": ["migrate"], "says": "Turns letters over."}]}))
    (ready / "receipt.json").write_text(json.dumps(
        {"id": "files", "version": "1.1", "images": {"web": "natm/files:1.1-b"}}))
    receipt = server.root / "receipts" / "files.json"
    receipt.write_text(json.dumps({**json.loads(receipt.read_text()),
                                   "images": {"web": "natm/files:1.0-a"}}))
    for name in ("box", "cache"):
        (server.root / "data" / "files" / name).chmod(0o700)
    # No systemd keeps time in a test, wherever it runs.
    (server.world / "systemd-run").write_text("#!/bin/sh\nexit 1\n")
    (server.world / "systemd-run").chmod(0o755)


def state(server: Server) -> Any:
    """How far an upgrade got; None where there is none."""
    file = server.own / "upgrading" / "files.json"
    try:
        return json.loads(file.read_text())
    except FileNotFoundError:
        return None


def version(server: Server) -> tuple[str, str]:
    """What the files in use are of, and what the receipt says of them."""
    used = json.loads((server.root / "bundle/platforms/files/saved.json").read_text())
    receipt = json.loads((server.root / "receipts/files.json").read_text())
    return used["version"], receipt["version"]


def closed(server: Server) -> bool:
    """Whether members are kept out."""
    return (server.root / "closed" / "files").exists()


def wait_for_the_end(server: Server, seconds: float = 30) -> None:
    """Until whoever waits beside it has ended it."""
    ends = time.monotonic() + seconds
    while state(server) is not None:
        assert time.monotonic() < ends, state(server)
        time.sleep(0.1)


def nothing_is_left(server: Server) -> None:
    """No half of anything, wherever one might lie."""
    assert state(server) is None
    assert not closed(server)
    assert not list((server.own / "run").glob("*.json"))
    assert not (server.own / "restoring").exists()
    assert not (server.root / "bundle/earlier/files.older").exists()
    used = {path.name for path in (server.root / "bundle/platforms/files").iterdir()}
    assert not used & {"receipt.json", "earlier.json"}
    assert [name for name in server.left() if name != "before"] == []


def composed(server: Server) -> list[str]:
    """What Compose was asked to do, in order."""
    return [next(w for w in line[2:] if not w.startswith("-")) for line in server.diary
            if line[1] == "compose"]


def spoil(server: Server) -> None:
    """What a new version may do to data while it is on trial."""
    box = box_of(server)
    (box / "home" / "amina" / "letter.txt").write_text("turned over")
    (box / "chat.sqlite").unlink()
    (box / "new-form").write_text("of everything")
    os.chown(box / "new-form", UID, UID)


def comparable(server: Server) -> dict[str, Any]:
    """All data but what SQLite may write otherwise and mean the same, and what comes by itself."""
    return {path: found for path, found in look(server).items() if "sqlite" not in path}


def test_what_was_put_ready_takes_its_place_and_the_one_before_is_kept(server: Server) -> None:
    before = look(server)
    tried = server.good("upgrade", id="files")
    assert tried["outcome"] == "trial"
    assert closed(server)
    assert version(server) == ("1.1", "1.1")
    assert set(tried["took"]) == {"stop", "save", "switch", "migrate"}
    ended = server.good("commit", id="files", token=tried["token"])
    assert ended["closed"] > 0
    assert look(server) == before
    assert version(server) == ("1.1", "1.1")
    nothing_is_left(server)
    told = server.good("earlier", id="files")
    assert (told["version"], told["run"]) == ("1.0", tried["run"])
    (kept,) = server.good("list")["snapshots"]
    assert (kept["run"], kept["kind"]) == (tried["run"], "before-upgrade")
    assert composed(server) == ["up", "config", "up", "exec", "up"]


def test_nothing_is_published_before_it_is_proven(server: Server) -> None:
    server.change("world.json", services={"web": {"image": "one", "ports": ["1:1"]}})
    tried = server.good("upgrade", id="files")
    file = server.own / "run" / "files.compose.json"
    assert "ports" not in json.loads(file.read_text())["services"]["web"]
    assert f"--file={file}" in ups(server)[-1]
    server.good("commit", id="files", token=tried["token"])
    assert not any(word.startswith("--file") for word in ups(server)[-1])


def ups(server: Server) -> list[list[str]]:
    """Every time something was started, in which words."""
    return [line[1:] for line in server.diary if "up" in line]


@pytest.mark.parametrize("where", ["up", "exec"])
def test_a_new_version_that_fails_is_gone_before_anybody_saw_it(
    server: Server, where: str
) -> None:
    before = comparable(server)
    server.change("world.json", compose={where: "no such thing"}, failing_version=NEW)
    tried = server.good("upgrade", id="files")
    assert tried["outcome"] == "back"
    assert "no such thing" in tried["says"]["values"]["why"]
    assert comparable(server) == before
    assert version(server) == ("1.0", "1.0")
    nothing_is_left(server)
    server.change("world.json", compose={})
    stage_again(server)
    tried = server.good("upgrade", id="files")
    assert tried["outcome"] == "trial"
    server.good("commit", id="files", token=tried["token"])


def stage_again(server: Server) -> None:
    """Whoever tries again puts it ready again."""
    shutil.rmtree(server.root / "bundle" / "staged", ignore_errors=True)
    stage(server)


def test_what_proofs_find_wrong_goes_back_with_all_data(server: Server) -> None:
    before = comparable(server)
    tried = server.good("upgrade", id="files")
    spoil(server)
    server.good("back", id="files", token=tried["token"], why="a proof failed")
    assert comparable(server) == before
    assert version(server) == ("1.0", "1.0")
    nothing_is_left(server)
    assert server.state["upgrade"]["outcome"] == "back"
    again = server.ask("commit", id="files", token=tried["token"])
    assert again["code"] == "upgrade.too-late"


def test_fewer_members_than_before_are_a_failure(server: Server) -> None:
    world = json.loads((server.world / "world.json").read_text())
    listed = world["programs"]["/members list"]["out"]
    server.change("world.json", then=[listed, '{"ok": true, "members": []}\n'])
    tried = server.good("upgrade", id="files")
    assert (tried["outcome"], tried["says"]["text"]) == (
        "back", "{before} members before, {found} afterwards")
    assert version(server) == ("1.0", "1.0")


def test_when_nobody_says_that_it_is_good_it_goes_back_by_itself(server: Server) -> None:
    before = comparable(server)
    server.good("upgrade", id="files", seconds=1)
    spoil(server)
    wait_for_the_end(server)
    assert comparable(server) == before
    assert version(server) == ("1.0", "1.0")
    nothing_is_left(server)
    assert '"taken back"' in (server.root / "audit.log").read_text()


@pytest.mark.parametrize("phase", ["begun", "saved", "switched"])
def test_killed_on_the_way_it_goes_back_at_once_by_itself(server: Server, phase: str) -> None:
    before = comparable(server)
    server.change("world.json", up=0.5, exec=0.5)
    server.kill_during("upgrade", lambda: (state(server) or {}).get("phase") == phase,
                       signal.SIGKILL, id="files")
    wait_for_the_end(server)
    assert comparable(server) == before
    assert version(server) == ("1.0", "1.0")
    nothing_is_left(server)


def test_killed_once_it_was_committed_it_goes_on_by_itself(server: Server) -> None:
    tried = server.good("upgrade", id="files")
    server.change("world.json", up=1)
    server.kill_during("commit", lambda: state(server)["phase"] == "committed", signal.SIGKILL,
                       id="files", token=tried["token"])
    wait_for_the_end(server)
    assert version(server) == ("1.1", "1.1")
    nothing_is_left(server)


def test_the_next_command_or_boot_ends_it_where_nobody_waited(server: Server) -> None:
    before = comparable(server)
    server.good("upgrade", id="files")
    spoil(server)
    assert server.good("recover") == {"platforms": [], "upgrades": ["files"]}
    assert comparable(server) == before
    assert version(server) == ("1.0", "1.0")
    nothing_is_left(server)
    stage_again(server)
    server.good("upgrade", id="files")
    done = subprocess.run(server.words("boot"), env=server.env, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    assert version(server) == ("1.0", "1.0")
    nothing_is_left(server)


def test_going_back_by_hand_and_forward_again_loses_nothing(server: Server) -> None:
    tried = server.good("upgrade", id="files")
    server.good("commit", id="files", token=tried["token"])
    (box_of(server) / "since").write_text("written since")
    os.chown(box_of(server) / "since", UID, UID)
    returned = server.good("rollback", id="files")
    assert returned["outcome"] == "trial"
    server.good("commit", id="files", token=returned["token"])
    assert version(server) == ("1.0", "1.0")
    assert not (box_of(server) / "since").exists()
    nothing_is_left(server)
    forward = server.good("rollback", id="files")
    server.good("commit", id="files", token=forward["token"])
    assert version(server) == ("1.1", "1.1")
    assert (box_of(server) / "since").read_text() == "written since"
    nothing_is_left(server)


def test_a_rollback_that_breaks_off_leaves_the_version_before_to_go_to(server: Server) -> None:
    tried = server.good("upgrade", id="files")
    server.good("commit", id="files", token=tried["token"])
    before = comparable(server)
    server.good("rollback", id="files")
    server.good("recover")
    assert version(server) == ("1.1", "1.1")
    assert comparable(server) == before
    assert server.good("earlier", id="files")["version"] == "1.0"
    nothing_is_left(server)


def test_nowhere_to_go_back_to(server: Server) -> None:
    assert server.ask("rollback", id="files")["code"] == "rollback.none"
    assert server.ask("upgrade", id="wiki")["code"] == "upgrade.not-staged"
    assert server.ask("commit", id="files", token="x")["code"] == "upgrade.too-late"
    nothing_is_left(server)


def test_killed_at_any_moment_it_ends_wholly_old_or_wholly_new(server: Server) -> None:
    moments = random.Random(20260327)
    server.change("world.json", up=0.1, exec=0.1)
    before, ends = comparable(server), set()
    for _round in range(6):
        stage_again(server)
        ends.add(killed_at_random(server, moments))
        assert version(server) in {("1.0", "1.0"), ("1.1", "1.1")}
        assert comparable(server) == before
        nothing_is_left(server)
        if version(server)[0] == "1.1":
            again = server.good("rollback", id="files")
            server.good("commit", id="files", token=again["token"])
    assert ends >= {"killed"}


def killed_at_random(server: Server, moments: random.Random) -> str:
    """An upgrade and its commit, with kill -9 somewhere in it; how that came out."""
    script = (f"{' '.join(server.words('upgrade'))} | tee answer | grep -q trial && "
              "token=$(sed 's/.*\"token\": \"\\([0-9a-f]*\\)\".*/\\1/' answer) && "
              "printf '{\"id\": \"files\", \"token\": \"%s\"}\\n' $token | "
              f"{' '.join(server.words('commit'))}")
    started = subprocess.Popen(
        ["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=server.world,
        stderr=subprocess.DEVNULL, env=server.env, text=True, start_new_session=True)
    assert started.stdin is not None
    started.stdin.write('{"id": "files", "seconds": 1}\n')
    started.stdin.close()
    try:
        started.wait(timeout=moments.uniform(0.05, 6))
    except subprocess.TimeoutExpired:
        # Whoever waits beside it has a session of its own, and goes on.
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
        wait_for_the_end(server)
        return "killed"
    wait_for_the_end(server)
    return "ended"
