# SPDX-License-Identifier: AGPL-3.0-or-later
"""The docker command of this machine, for test servers: a few words on top of the one gate."""

from __future__ import annotations

import json
from typing import Any

from ..errors import NatmError
from ..process import Completed, SubprocessRunner


def docker(
    *words: str, data: str = "", timeout: float = 600, check: bool = True
) -> Completed:
    """Run `docker WORDS`, with data on its standard input; raise with its own words if it fails."""
    return program("docker", *words, data=data, timeout=timeout, check=check)


def program(*argv: str, data: str = "", timeout: float = 600, check: bool = True) -> Completed:
    """Run a program of this machine, in the same way."""
    done = SubprocessRunner().run(argv, stdin=data, timeout=timeout)
    if check and done.code != 0:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-12:])
        raise NatmError(f"{' '.join(argv[:2])} failed: {last}", code="testing.program-failed")
    return done


def inspect(kind: str, name: str) -> dict[str, Any] | None:
    """What the engine knows of a container, image, volume or network, or None if it has none."""
    done = docker(kind, "inspect", name, check=False)
    if done.code != 0:
        return None
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found[0]


def pipe_images(tags: list[str], container: str) -> None:
    """Hand images of this machine's engine to the engine inside a container."""
    docker("image", "inspect", *tags)
    script = 'name=$1; shift; docker save "$@" | docker exec --interactive "$name" docker load'
    program("sh", "-c", script, "sh", container, *tags, timeout=1800)
