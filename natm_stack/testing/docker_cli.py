# SPDX-License-Identifier: AGPL-3.0-or-later
"""The docker command of this machine, for test servers: one small door, so that tests can see
every word that goes through it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from ..errors import NatmError


def docker(
    *words: str, data: str | None = None, timeout: float = 600, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run `docker WORDS`, with data on its standard input; raise with its own words if it fails."""
    try:
        done = subprocess.run(
            ("docker", *words), input=data if data is not None else "", text=True,
            capture_output=True, timeout=timeout, check=False,
        )
    except FileNotFoundError as error:
        raise NatmError(
            "there is no docker command on this machine", code="testing.no-docker",
            hint="install Debian's docker.io package, or run the tests that need no engine",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise NatmError(
            f"docker {words[0]} had not ended after {timeout:.0f} s", code="testing.docker-slow"
        ) from error
    if check and done.returncode != 0:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-12:])
        raise NatmError(f"docker {words[0]} failed: {last}", code="testing.docker")
    return done


def inspect(kind: str, name: str) -> dict[str, Any] | None:
    """What the engine knows of a container, image, volume or network, or None if it has none."""
    done = docker(kind, "inspect", name, check=False)
    if done.returncode != 0:
        return None
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found[0]


def pipe_images(tags: list[str], container: str) -> None:
    """Hand images of this machine's engine to the engine inside a container."""
    with subprocess.Popen(("docker", "save", *tags), stdout=subprocess.PIPE) as save:
        load = subprocess.run(
            ("docker", "exec", "--interactive", container, "docker", "load"),
            stdin=save.stdout, text=True, capture_output=True, check=False,
        )
    if save.returncode != 0 or load.returncode != 0:
        raise NatmError(
            f"the images {', '.join(tags)} could not be handed over: {load.stderr.strip()}",
            code="testing.load-images", hint="`docker image ls` shows which of them are here",
        )
