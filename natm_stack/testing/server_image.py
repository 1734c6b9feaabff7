# SPDX-License-Identifier: AGPL-3.0-or-later
"""The image of the throwaway server: built once, found again by a hash of its recipe."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from ..errors import NatmError
from ..paths import shipped
from .docker_cli import docker, inspect, program

Suite = Literal["bookworm", "trixie"]
BASES: dict[Suite, str] = {"bookworm": "natm/debian:12", "trixie": "natm/debian:13"}
RECIPE = Path(__file__).parent / "recipe"


def server_image(suite: Suite = "trixie", *, engine: bool = False) -> str:
    """The tag of the server's image, built if this machine does not have it yet."""
    if engine and suite != "trixie":
        raise NatmError(
            "a throwaway server with an engine in it is Debian 13", code="testing.server-engine",
            hint="start one without an engine, and let the docker role install it",
        )
    tag = image_tag(suite, base_image(suite), engine=engine)
    if inspect("image", tag) is None:
        docker(
            "build", "--quiet", "--target", "engine" if engine else "server",
            "--build-arg", f"BASE={BASES[suite]}", "--label", "natm.throwaway=1",
            "--tag", tag, str(RECIPE), timeout=1800,
        )
    return tag


def image_tag(suite: Suite, base_id: str, *, engine: bool) -> str:
    """The name says what the image is made of: another recipe or base gives another name."""
    digest = hashlib.sha256(base_id.encode())
    for path in sorted(RECIPE.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    kind = "engine" if engine else "server"
    return f"natm/test-{kind}:{suite}-{digest.hexdigest()[:12]}"


def base_image(suite: Suite) -> str:
    """The id of our base image of this suite, made with its own script if it is lacking."""
    tag = BASES[suite]
    found = inspect("image", tag)
    if found is None:
        # Not in /tmp: that may be memory, or forbid to run programs.
        script = shipped("catalog") / "images" / "base" / "build.sh"
        program("env", "TMPDIR=/var/tmp", "sh", str(script), suite, tag, timeout=1800)
        found = inspect("image", tag) or {}
    return str(found["Id"])
