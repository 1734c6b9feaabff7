# SPDX-License-Identifier: AGPL-3.0-or-later
"""The server's lock: one at work at a time, and nothing that stays locked for good."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def take(
    root: Path, words: Callable[[str], list[str]]
) -> Iterator[Callable[..., tuple[subprocess.Popen[str], Any]]]:
    """Take the lock, and give the one who holds it with its first word."""
    started = []

    def start(
        by: str = "amina", command: str = "deploy", **more: float
    ) -> tuple[Any, Any]:
        process = subprocess.Popen(words("lock"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)
        started.append(process)
        assert process.stdin
        assert process.stdout
        asked = {"root": str(root), "by": by, "command": command, **more}
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        return process, json.loads(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            stream.close()


def is_locked(root: Path) -> bool:
    """Whether somebody has the lock."""
    with open(root / "lock" / "lock", "a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def end(process: Any, result: str = "done") -> None:
    """Let go of the lock as natm does."""
    process.communicate(json.dumps({"result": result}) + "\n", timeout=10)


def audit(root: Path) -> list[tuple[str, str]]:
    """Who did what, by the audit log."""
    lines = (root / "audit.log").read_text(encoding="utf-8").splitlines()
    return [(line["by"], line["event"]) for line in map(json.loads, lines)]


def test_a_second_one_is_refused_and_told_who_is_at_work(take: Any) -> None:
    _first, said = take("amina", "deploy")
    second, refusal = take("bo", "verify")
    assert said == {"held": True, "unfinished": None, "ended": None}
    assert (refusal["held"], refusal["owner"]["by"], refusal["owner"]["command"]) == (
        False, "amina", "deploy")
    assert second.wait(timeout=10) == 0


def test_who_ends_in_order_leaves_nothing_unfinished(take: Any, root: Path) -> None:
    first, _said = take("amina")
    end(first)
    second, said = take("bo")
    end(second, "failed")
    assert said == {"held": True, "unfinished": None, "ended": None}
    assert audit(root) == [("amina", "begins"), ("amina", "done"), ("bo", "begins"),
                           ("bo", "failed")]


@pytest.mark.parametrize("how", ["killed", "connection lost"])
def test_who_breaks_off_frees_the_lock_and_is_named_to_the_next(take: Any, how: str) -> None:
    first, _said = take("amina", "deploy")
    if how == "killed":
        first.send_signal(signal.SIGKILL)
    else:
        first.stdin.close()
    first.wait(timeout=10)
    _second, said = take("bo")
    assert said["held"]
    assert (said["unfinished"]["by"], said["unfinished"]["command"]) == ("amina", "deploy")


def test_who_gives_no_sign_of_life_loses_the_lock(take: Any, root: Path) -> None:
    first, _said = take("amina", patience=0.4)
    first.wait(timeout=10)
    assert audit(root)[-1] == ("amina", "broken off")
    assert take("bo")[1]["unfinished"]["by"] == "amina"


def test_a_sign_of_life_keeps_the_lock(take: Any, root: Path) -> None:
    first, _said = take("amina", patience=2)
    for _n in range(8):
        time.sleep(0.5)
        first.stdin.write("\n")
        first.stdin.flush()
    assert is_locked(root)
    end(first)
    assert audit(root)[-1] == ("amina", "done")


def test_work_that_goes_on_keeps_the_lock_and_everyone_out(take: Any, root: Path) -> None:
    first, _said = take("amina", patience=0.4)
    with open(root / "lock" / "work", "a") as work:
        fcntl.flock(work, fcntl.LOCK_SH)
        time.sleep(1)
        assert is_locked(root)
        first.stdin.close()
        first.wait(timeout=10)
        second, waits = take("bo", wait=0.5)
        assert waits["waiting"]["by"] == "amina"
        refusal = json.loads(second.stdout.readline())
        assert (refusal["held"], refusal["finishing"], refusal["owner"]["by"]) == (
            False, True, "amina")
    assert take("bo")[1]["held"]


def test_work_that_ends_lets_the_next_one_in(take: Any, root: Path) -> None:
    first, _said = take("amina")
    with open(root / "lock" / "work", "a") as work:
        fcntl.flock(work, fcntl.LOCK_SH)
        first.send_signal(signal.SIGKILL)
        first.wait(timeout=10)
        second, waits = take("bo", wait=20)
    assert waits["waiting"]["command"] == "deploy"
    assert json.loads(second.stdout.readline())["unfinished"]["by"] == "amina"


def test_a_root_that_was_removed_meanwhile_is_no_trouble(take: Any, root: Path) -> None:
    first, _said = take("amina")
    shutil.rmtree(root)
    end(first)
    assert first.returncode == 0


def test_a_lost_connection_is_in_the_audit_log(take: Any, root: Path) -> None:
    first, _said = take("amina")
    first.stdin.close()
    first.wait(timeout=10)
    assert audit(root)[-1] == ("amina", "broken off")
    assert (root / "audit.log").stat().st_mode & 0o777 == 0o600


def test_a_hang_up_alone_does_not_free_it(take: Any) -> None:
    first, _said = take("amina")
    first.send_signal(signal.SIGHUP)
    assert not take("bo")[1]["held"]


def test_it_lasts_until_every_program_that_was_handed_it_is_done(take: Any) -> None:
    first, _said = take("amina")
    handed = os.dup(first.stdin.fileno())
    first.stdin.close()
    assert not take("bo")[1]["held"]
    os.close(handed)
    first.wait(timeout=10)
    assert take("bo")[1]["held"]
