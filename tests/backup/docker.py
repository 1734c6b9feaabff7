#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Stands in for Docker: containers out of a JSON file, and a diary of what was asked."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

WORLD = Path(os.environ["NATM_TEST_WORLD"])


def world() -> dict[str, Any]:
    """What there is."""
    value: dict[str, Any] = json.loads((WORLD / "world.json").read_text(encoding="utf-8"))
    return value


def note(words: list[str]) -> None:
    """One line in the diary, with the moment."""
    with (WORLD / "diary").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps([time.time(), *words]) + "\n")


def stopped(change: set[str] | None = None, start: bool = False) -> set[str]:
    """Ids of the containers that were stopped; with a change, after it."""
    file = WORLD / "stopped"
    before = set(json.loads(file.read_text())) if file.exists() else set()
    if change is not None:
        before = before - change if start else before | change
        file.write_text(json.dumps(sorted(before)))
    return before


def halted(words: list[str]) -> int:
    """`docker stop`"""
    time.sleep(world().get("stop", 0))
    if world().get("stops") is not False:
        stopped({word for word in words if not word.startswith("-")})
    return 0 if world().get("stops") is not False else 1


def listed(words: list[str]) -> int:
    """`docker ps`, by project."""
    project = words[-1].rpartition("=")[2]
    print("\n".join(c["Id"] for c in world()["containers"]
                    if c["project"] == project and c["Id"] not in stopped()))
    return 0


def inspected(words: list[str]) -> int:
    """`docker inspect`; one that was held is called unwell until it was looked at again."""
    if "--format" in words:
        left = world().get("unwell", 0)
        looks = sum('"{{.State' in line for line in (WORLD / "diary").read_text().splitlines())
        print("true unhealthy" if looks <= left else "true healthy")
        return 0
    print(json.dumps([c for c in world()["containers"] if c["Id"] in words]))
    return 0


def executed(words: list[str]) -> int:
    """`docker exec`: what the world says this container's program does."""
    words = [word for word in words if not word.startswith("-")]
    answer = world()["programs"].get(" ".join(words[1:]), {"code": 127, "err": "not found"})
    if world().get("then") and words[-1] == "list":
        # One answer after the other; the last one stays.
        asked = sum(line.rstrip().endswith('"list"]') for line in (
            WORLD / "diary").read_text(encoding="utf-8").splitlines())
        answer = {"out": world()["then"][min(asked, len(world()["then"])) - 1]}
    if answer.get("sleep"):
        time.sleep(answer["sleep"])
    sys.stdout.write(answer.get("out", ""))
    sys.stderr.write(answer.get("err", ""))
    return int(answer.get("code", 0))


def composed(words: list[str]) -> int:
    """`docker compose`: what is loaded lands in a file; failures are the world's."""
    plain = [word for word in words if not word.startswith("-")]
    if plain[0] == "config":
        print(json.dumps({"services": world().get("services", {"web": {"image": "one"}})}))
        return 0
    time.sleep(world().get(plain[0], 0))
    if plain[0] in ("exec", "run"):
        (WORLD / "loaded").write_bytes(sys.stdin.buffer.read())
    project = next((w.partition("=")[2] for w in words if w.startswith("--project-name=")), "")
    ids = {c["Id"] for c in world()["containers"] if c["project"] == project
           and (not plain[1:] or any(c["Id"] == f"{project}-{service}-1" for service in plain[1:]))}
    failing = world().get("compose", {}).get(plain[0])
    if failing and world().get("failing_version"):
        file = Path.cwd() / "saved.json"
        failing = failing if world()["failing_version"] in file.read_text() else None
    if failing:
        sys.stderr.write(failing)
    elif plain[0] in ("stop", "up"):
        stopped(ids, start=plain[0] == "up")
    return 1 if failing else 0


def paused(_words: list[str]) -> int:
    """`docker pause`, which may take its time."""
    time.sleep(world().get("pause", 0))
    return 0


ACTIONS = {"pause": paused, "ps": listed, "inspect": inspected, "exec": executed,
           "compose": composed, "stop": halted}

if __name__ == "__main__":
    note(sys.argv[1:])
    sys.exit(ACTIONS.get(sys.argv[1], lambda _words: 0)(sys.argv[2:]))
